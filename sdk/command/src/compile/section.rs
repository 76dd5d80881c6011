//! Custom sections of modules and components (<https://webassembly.github.io/spec/core/binary/modules.html>).

use std::ops::Range;

use wasmparser::{BinaryReaderError, Parser, Payload};

/// A module without its custom section of this name, and the section's content where there is one.
///
/// # Errors
///
/// It is no WebAssembly.
pub(crate) fn take(module: &[u8], name: &str) -> Result<(Vec<u8>, Option<Vec<u8>>), BinaryReaderError> {
    let (mut rest, mut taken, mut start) = (Vec::with_capacity(module.len()), None, 0);
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        let end = match (&payload, payload.as_section()) {
            (Payload::Version { range, .. }, _) => range.end,
            (_, Some((_, range))) => range.end,
            _ => continue,
        };
        match payload {
            Payload::CustomSection(section) if section.name() == name => taken = Some(section.data().to_vec()),
            _ => rest.extend_from_slice(part(module, start..end)),
        }
        start = end;
    }
    Ok((rest, taken))
}

/// The bytes in a range that the parser told.
fn part(module: &[u8], range: Range<u64>) -> &[u8] {
    let bounds = usize::try_from(range.start).ok().zip(usize::try_from(range.end).ok());
    bounds.and_then(|(start, end)| module.get(start..end)).unwrap_or_default()
}

/// The content of the component's own custom section of this name: those of the modules in it do not count.
///
/// # Errors
///
/// It is no WebAssembly.
pub(crate) fn find<'a>(component: &'a [u8], name: &str) -> Result<Option<&'a [u8]>, BinaryReaderError> {
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(component) {
        match payload? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::CustomSection(section) if depth == 0 && section.name() == name => {
                return Ok(Some(section.data()));
            }
            _ => {}
        }
    }
    Ok(None)
}

/// Appends a custom section.
pub(crate) fn append(component: &mut Vec<u8>, name: &str, content: &[u8]) {
    let mut body = length(name.len());
    body.extend_from_slice(name.as_bytes());
    body.extend_from_slice(content);
    component.push(0);
    component.extend(length(body.len()));
    component.extend(body);
}

/// A number in LEB128.
fn length(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_appended_is_found_and_taken() {
        let plain = wat::parse_str(r#"(module (func (export "f")) (@custom "other" "x"))"#).unwrap();
        for size in [0, 127, 128, 20_000] {
            let content = vec![b'a'; size];
            let mut module = plain.clone();
            append(&mut module, "mine", &content);
            assert_eq!(find(&module, "mine").unwrap(), Some(content.as_slice()));
            assert_eq!(take(&module, "mine").unwrap(), (plain.clone(), Some(content)));
        }
        assert_eq!(take(&plain, "mine").unwrap(), (plain.clone(), None));
    }

    #[test]
    fn sections_of_the_modules_in_a_component_are_not_its_own() {
        let component = r#"(component (core module (@custom "mine" "theirs")) (@custom "mine" "ours"))"#;
        assert_eq!(find(&wat::parse_str(component).unwrap(), "mine").unwrap(), Some(&b"ours"[..]));
    }
}
