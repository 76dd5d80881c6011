//! What is measured: sizes, and how many at once.

/// How much travels each way, and on how many connections at once.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Case {
    pub(crate) size: Size,
    pub(crate) concurrency: usize,
    /// Invocations of each connection in one round.
    pub(crate) cycles: usize,
}

/// Bytes of an event and of its answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Size {
    /// Both of this length, in one piece.
    Buffered(usize),
    /// An event of 1 KB, and a streamed answer of this length: the longest that Lambda takes is 200 MB.
    Streamed(usize),
}

const KB: usize = 1024;
const MB: usize = 1024 * KB;

/// All of them.
pub(crate) fn all() -> Vec<Case> {
    let sizes = [
        (Size::Buffered(KB), [2000, 200]),
        (Size::Buffered(256 * KB), [200, 20]),
        (Size::Buffered(6 * MB), [20, 2]),
        (Size::Streamed(200 * MB), [1, 1]),
    ];
    let each = |(size, [alone, together]): (Size, [usize; 2])| {
        [Case { size, concurrency: 1, cycles: alone }, Case { size, concurrency: 16, cycles: together }]
    };
    sizes.into_iter().flat_map(each).collect()
}

impl Case {
    pub(crate) fn name(self) -> String {
        format!("{}, {} at once", self.size.name(), self.concurrency)
    }

    /// Nothing wanted is everything.
    pub(crate) fn is_among(self, wanted: &[String]) -> bool {
        wanted.is_empty() || wanted.iter().any(|wanted| self.name().contains(wanted.as_str()))
    }
}

impl Size {
    fn name(self) -> String {
        match self {
            Self::Buffered(bytes) if bytes < MB => format!("{} KB", bytes / KB),
            Self::Buffered(bytes) => format!("{} MB", bytes / MB),
            Self::Streamed(bytes) => format!("{} MB streamed", bytes / MB),
        }
    }

    pub(crate) const fn event(self) -> usize {
        match self {
            Self::Buffered(bytes) => bytes,
            Self::Streamed(_) => KB,
        }
    }

    pub(crate) const fn answer(self) -> usize {
        match self {
            Self::Buffered(bytes) | Self::Streamed(bytes) => bytes,
        }
    }
}
