//! Names of Lambda functions.

use std::fmt;

/// The ARN of a Lambda function, with the version or alias it was invoked by, where one was named:
/// `arn:aws:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Arn {
    text: String,
    region: usize,
    account: usize,
    function: usize,
    qualifier: Option<usize>,
}

impl Arn {
    /// Reads a function's ARN, of any partition; none where the text is anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split(':').collect();
        let shape = matches!(
            parts[..],
            ["arn", _, "lambda", _, _, "function", _] | ["arn", _, "lambda", _, _, "function", _, _]
        );
        if !shape || parts.iter().any(|part| part.is_empty()) {
            return None;
        }
        let start = |part: usize| parts[..part].iter().map(|before| before.len() + 1).sum();
        let qualifier = (parts.len() == 8).then(|| start(7));
        Some(Self { text: text.to_owned(), region: start(3), account: start(4), function: start(6), qualifier })
    }

    /// The ARN as it was read.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// For example `us-east-1`.
    pub fn region(&self) -> &str {
        self.part(self.region)
    }

    /// Twelve digits.
    pub fn account(&self) -> &str {
        self.part(self.account)
    }

    /// The function's name.
    pub fn function(&self) -> &str {
        self.part(self.function)
    }

    /// The version or alias; none where the function was named without one.
    pub fn qualifier(&self) -> Option<&str> {
        self.qualifier.map(|start| self.part(start))
    }

    fn part(&self, start: usize) -> &str {
        let rest = &self.text[start..];
        rest.split(':').next().unwrap_or(rest)
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_an_arn_are_read() {
        let arn = Arn::parse("arn:aws-cn:lambda:cn-north-1:123456789012:function:orders:live").unwrap();
        assert_eq!((arn.region(), arn.account(), arn.function()), ("cn-north-1", "123456789012", "orders"));
        assert_eq!(arn.qualifier(), Some("live"));
        let plain = Arn::parse("arn:aws:lambda:us-east-1:123456789012:function:orders").unwrap();
        assert_eq!((plain.function(), plain.qualifier()), ("orders", None));
    }

    #[test]
    fn what_names_no_function_is_no_arn() {
        for wrong in [
            "",
            "orders",
            "arn:aws:lambda:us-east-1:123456789012:layer:orders:1",
            "arn:aws:sqs:us-east-1:123456789012:function:orders",
            "arn:aws:lambda:us-east-1:123456789012:function:",
            "arn:aws:lambda:us-east-1:123456789012:function:orders:live:more",
        ] {
            assert_eq!(Arn::parse(wrong), None, "{wrong}");
        }
    }
}
