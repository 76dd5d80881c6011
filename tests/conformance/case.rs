//! A case: what a runtime sends and what Lambda must see, as a row that is played in three ways.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;

use super::exchange::Exchange;
use super::stage::{Pace, Setting, Stage};

/// A case that takes longer has failed. Those that hold for long in full have that time besides.
const PATIENCE: Duration = Duration::from_secs(90);

/// Where a runtime's connections lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// To Lambda: the reference. What a row demands, Lambda and runtime must show without any layer.
    Direct,
    /// To the layer, and from there to Lambda.
    Layer,
    /// To a layer before another layer before Lambda. An experiment is in force in the one next to the runtime.
    Chain,
}

impl Way {
    pub(crate) const ALL: [Self; 3] = [Self::Direct, Self::Layer, Self::Chain];
}

/// What came of a case in one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Passed,
    /// Passed: it held for all its time, on the layers' own clock.
    ByTheClock,
    /// Passed, with less than all of it.
    Shortened,
    /// Cannot be played in this way, and why.
    NotApplicable(&'static str),
    Failed(String),
}

type Scene = dyn Fn(Stage) -> Pin<Box<dyn Future<Output = Result<()>> + Send>> + Send + Sync;

/// What happens in a case.
#[derive(Clone)]
enum Play {
    /// Bytes there and bytes back: each side sees what the other wrote.
    Bytes(Arc<Vec<Exchange>>),
    /// Something that takes more than one message each way.
    Scene(Arc<Scene>),
    /// Nothing here: it is shown elsewhere, or cannot be shown.
    Elsewhere(&'static str),
}

/// One row of the table.
#[derive(Clone)]
pub(crate) struct Case {
    /// The list and the number there: LAMBDA, PEERS, or Misrule for cases of our own.
    pub(crate) from: &'static str,
    /// What the runtime does, mostly; where something else is the subject, that.
    pub(crate) runtime: &'static str,
    /// What Lambda must see, and the runtime back.
    pub(crate) seen: &'static str,
    setting: Setting,
    play: Play,
    not_direct: Option<&'static str>,
    not_chained: Option<&'static str>,
    lasts: Lasts,
}

/// What makes a case long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lasts {
    Briefly,
    /// It holds for so long. Unless the run is a long one, this time passes on a clock that the layers are given.
    Held(Duration),
    /// It takes about so long. Unless the run is a long one, a part of it is played.
    Long(Duration),
}

/// Of a hold where no layer is: nobody there has a clock to move.
const BRIEFLY: Duration = Duration::from_secs(1);

/// A row: where it is from, what the runtime does, and what must be seen.
pub(crate) fn case(from: &'static str, runtime: &'static str, seen: &'static str) -> Case {
    let play = Play::Elsewhere("nothing is played");
    Case {
        from,
        runtime,
        seen,
        setting: Setting::default(),
        play,
        not_direct: None,
        not_chained: None,
        lasts: Lasts::Briefly,
    }
}

impl Case {
    /// These exchanges, one after the other.
    pub(crate) fn bytes(self, exchanges: Vec<Exchange>) -> Self {
        Self { play: Play::Bytes(Arc::new(exchanges)), ..self }
    }

    /// This scene.
    pub(crate) fn scene<F>(self, scene: impl Fn(Stage) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        Self { play: Play::Scene(Arc::new(move |stage| Box::pin(scene(stage)))), ..self }
    }

    /// Not here, and where or why.
    pub(crate) fn elsewhere(self, why: &'static str) -> Self {
        Self { play: Play::Elsewhere(why), ..self }
    }

    /// With this setting of the layer next to the runtime.
    pub(crate) fn with(self, setting: Setting) -> Self {
        Self { setting, ..self }
    }

    /// Not direct, and why.
    pub(crate) fn not_direct(self, why: &'static str) -> Self {
        Self { not_direct: Some(why), ..self }
    }

    /// Through one layer only, and why.
    pub(crate) fn one_layer(self, not_direct: &'static str, not_chained: &'static str) -> Self {
        Self { not_direct: Some(not_direct), not_chained: Some(not_chained), ..self }
    }

    /// With a hold of this time.
    pub(crate) fn held(self, time: Duration) -> Self {
        Self { lasts: Lasts::Held(time), ..self }
    }

    /// Taking about so long in full, of which a part is played unless the run is a long one.
    pub(crate) fn long(self, time: Duration) -> Self {
        Self { lasts: Lasts::Long(time), ..self }
    }

    /// Plays it in this way.
    pub(crate) async fn verdict(&self, way: Way, long: bool) -> Verdict {
        if let Some(why) = self.not_applicable(way) {
            return Verdict::NotApplicable(why);
        }
        let pace = self.pace(way, long);
        let patience = if long { PATIENCE + self.takes() * 2 } else { PATIENCE };
        // In a task of its own: a panic is a failure of this case.
        let played = tokio::spawn(tokio::time::timeout(patience, self.clone().play(way, pace))).await;
        match played {
            Ok(Ok(Ok(()))) => self.passed(pace),
            Ok(Ok(Err(error))) => Verdict::Failed(format!("{error:#}")),
            Ok(Err(_)) => Verdict::Failed("it did not end".to_owned()),
            Err(error) => Verdict::Failed(error.to_string()),
        }
    }

    fn takes(&self) -> Duration {
        match self.lasts {
            Lasts::Briefly => Duration::ZERO,
            Lasts::Held(time) | Lasts::Long(time) => time,
        }
    }

    fn pace(&self, way: Way, in_full: bool) -> Pace {
        let held = matches!(self.lasts, Lasts::Held(_));
        let clocked = held && !in_full && way != Way::Direct;
        let hold = if held && (in_full || clocked) { self.takes() } else { BRIEFLY };
        Pace { hold, clocked, in_full }
    }

    fn passed(&self, pace: Pace) -> Verdict {
        match self.lasts {
            Lasts::Held(_) if pace.clocked => Verdict::ByTheClock,
            Lasts::Held(_) | Lasts::Long(_) if !pace.in_full => Verdict::Shortened,
            _ => Verdict::Passed,
        }
    }

    fn not_applicable(&self, way: Way) -> Option<&'static str> {
        match (&self.play, way) {
            (Play::Elsewhere(why), Way::Layer) => Some(why),
            (Play::Elsewhere(_), _) => Some(""),
            (_, Way::Direct) => self.not_direct,
            (_, Way::Layer) => None,
            (_, Way::Chain) => self.not_chained,
        }
    }

    async fn play(self, way: Way, pace: Pace) -> Result<()> {
        let stage = Stage::set(way, &self.setting, pace).await?;
        match self.play {
            Play::Bytes(exchanges) => {
                for exchange in exchanges.iter() {
                    exchange.between(&stage).await?;
                }
                Ok(())
            }
            Play::Scene(scene) => scene(stage).await,
            Play::Elsewhere(_) => Ok(()),
        }
    }
}
