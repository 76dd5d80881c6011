//! Application Load Balancers.
//! <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html>

use super::{HttpShape, Request, fields};
use crate::invocation::document::JsonText;

pub(super) struct LoadBalancer;

impl Request for LoadBalancer {
    fn method(&self, event: &JsonText) -> Option<String> {
        event.text("/httpMethod")
    }

    fn path(&self, event: &JsonText) -> Option<String> {
        event.text("/path")
    }

    /// The multi-value members are there where the target group asks for them, and then the others are not.
    fn header(&self, event: &JsonText, name: &str) -> Vec<String> {
        fields::multi_values(event, ["multiValueHeaders", "headers"], |header| header.eq_ignore_ascii_case(name))
    }

    /// The load balancer hands them over as they came, encoded.
    fn query(&self, event: &JsonText, name: &str) -> Vec<String> {
        let members = ["multiValueQueryStringParameters", "queryStringParameters"];
        let values = fields::multi_values(event, members, |parameter| fields::decoded(parameter) == name);
        values.iter().map(|value| fields::decoded(value)).collect()
    }

    fn answered_as(&self, event: &JsonText) -> HttpShape {
        let multi_value = event.member("multiValueHeaders").is_some_and(|headers| headers.starts_with('{'));
        if multi_value { HttpShape::LoadBalancerMultiValue } else { HttpShape::LoadBalancer }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::event;
    use super::*;

    #[test]
    fn a_request_is_read() {
        let event = event(&json!({
            "requestContext": {"elb": {}},
            "httpMethod": "GET",
            "path": "/orders/a%20b",
            "queryStringParameters": {"t%61g": "a%2Cb+c"},
            "headers": {"accept": "text/html"},
        }));
        assert_eq!(LoadBalancer.method(&event).as_deref(), Some("GET"));
        assert_eq!(LoadBalancer.path(&event).as_deref(), Some("/orders/a%20b"));
        assert_eq!(LoadBalancer.header(&event, "Accept"), ["text/html"]);
        assert_eq!(LoadBalancer.query(&event, "tag"), ["a,b c"]);
        assert_eq!(LoadBalancer.answered_as(&event), HttpShape::LoadBalancer);
    }

    #[test]
    fn every_value_is_read_where_the_target_group_sends_them() {
        let event = event(&json!({
            "multiValueQueryStringParameters": {"tag": ["1", "%32"]},
            "multiValueHeaders": {"x-a": ["1", "2"]},
        }));
        assert_eq!(
            (LoadBalancer.query(&event, "tag"), LoadBalancer.header(&event, "X-A")),
            (vec!["1".into(), "2".into()], vec!["1".into(), "2".into()])
        );
        assert_eq!(LoadBalancer.answered_as(&event), HttpShape::LoadBalancerMultiValue);
    }
}
