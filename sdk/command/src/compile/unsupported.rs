//! What of the standard library has nothing behind it in a policy: it builds, and fails or traps wherever it is used.

use wasmparser::{BinaryReaderError, Parser, Payload};

/// A part of `std`, told by what it says where it is not supported: this is in a component only where its code is.
struct Part {
    says: &'static str,
    named: &'static str,
    instead: &'static str,
}

const PARTS: [Part; 4] = [
    Part {
        says: "time not implemented on this platform",
        named: "`SystemTime::now` or `Instant::now`, which trap",
        instead: "ask `invocation.started_at()`",
    },
    Part { says: "can't sleep", named: "`thread::sleep`, which traps", instead: "return `Fault::delay`" },
    Part {
        says: "failed to spawn thread",
        named: "`thread::spawn`, which traps",
        instead: "do the work in the hook itself",
    },
    Part {
        says: "operation not supported on this platform",
        named: "files, sockets, processes or threads of `std`, which always fail",
        instead: "have the experiment give it what it needs, as settings",
    },
];

/// What a component can reach that no layer has, each with what to use in its place.
///
/// # Errors
///
/// It is no WebAssembly.
pub(crate) fn unsupported(component: &[u8]) -> Result<Vec<String>, BinaryReaderError> {
    let data = data(component)?;
    let reached = PARTS.iter().filter(|part| data.iter().any(|data| holds(data, part.says)));
    let line = |part: &Part| format!("the policy can reach {} in a layer: {}", part.named, part.instead);
    Ok(reached.map(line).collect())
}

/// The constant data of all modules in it.
fn data(component: &[u8]) -> Result<Vec<&[u8]>, BinaryReaderError> {
    let mut found = Vec::new();
    for payload in Parser::new(0).parse_all(component) {
        if let Payload::DataSection(section) = payload? {
            for data in section {
                found.push(data?.data);
            }
        }
    }
    Ok(found)
}

fn holds(data: &[u8], text: &str) -> bool {
    data.windows(text.len()).any(|window| window == text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_layer_lacks_is_told_with_what_to_use_instead() {
        let data = |says: &str| {
            let module = format!(r#"(module (memory 1) (data (i32.const 0) "before{says}after"))"#);
            unsupported(&wat::parse_str(module).unwrap()).unwrap()
        };
        for part in &PARTS {
            let [line] = &data(part.says)[..] else { panic!("one line of {}", part.says) };
            assert!(line.contains(part.named) && line.ends_with(part.instead), "{line}");
        }
        assert!(data("time").is_empty());
    }

    #[test]
    fn ready_made_policies_reach_nothing_of_it() {
        for policy in misrule_policies::READY_MADE {
            let component = misrule_policies::component(policy.name).unwrap();
            assert_eq!(unsupported(component).unwrap(), [""; 0], "{}", policy.name);
        }
    }
}
