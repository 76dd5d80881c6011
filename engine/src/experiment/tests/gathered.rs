//! All mistakes of an experiment at once.

use super::mistakes::WRONG;
use super::*;

fn told(text: &str) -> Vec<String> {
    let mistakes = Experiment::from_toml_at(text, at("2026-11-30T09:00:00Z")).expect_err(text);
    mistakes.to_string().lines().map(str::to_owned).collect()
}

#[test]
fn a_mistake_alone_has_no_consequences() {
    for (part, wrong, expected) in WRONG {
        assert_eq!(told(&LEAST.replace(part, wrong)), [*expected], "{wrong}");
    }
}

#[test]
fn every_mistake_is_told_in_the_order_of_the_text() {
    let text = r#"owner = 5
hypothesis = 5
starts = "soon"
expires = 2020-01-01T00:00:00Z
published_to = { accounts = [1, "12"], environment = "prod" }

[blast_radius]
functions = ["a:b:c", "orders", 5]
faults = ["explode", "delay", "implode"]
rate = nan
max_dealy = "5s"
budget = { per_minute = 0 }
stop_when = { over = "0s" }

[[policy]]
usee = "latency"
rate = 7

[[policy]]
module = "a/b.wasm"
settings = [1]

[[policy]]
use = "latency"
name = "a"

[[policy]]
use = "error"
name = "a"
"#;
    let expected = [
        "`name` is missing",
        "line 1, column 1: `owner`: unknown field `owner`, expected one of `name`, `hypothesis`, `starts`, `expires`, `duration`, `published_to`, `blast_radius`, `policy`",
        "line 2, column 1: `hypothesis`: invalid type: integer `5`, expected a string",
        "line 3, column 1: `starts` is no date and time: `soon`",
        "line 5, column 30: `published_to.accounts[0]`: invalid type: integer `1`, expected a string",
        "line 5, column 33: `published_to.accounts[1]` is no account: `12`",
        "line 5, column 40: `published_to.environment`: unknown field `environment`, expected one of `accounts`, `regions`, `environments`",
        "line 8, column 14: `blast_radius.functions[0]` is no pattern for functions: `a:b:c`",
        "line 8, column 33: `blast_radius.functions[2]`: invalid type: integer `5`, expected a string",
        "line 9, column 11: `blast_radius.faults[0]`: there is no fault `explode`",
        "line 9, column 31: `blast_radius.faults[2]`: there is no fault `implode`",
        "line 10, column 1: `blast_radius.rate` must be a finite number",
        "line 11, column 1: `blast_radius.max_dealy`: unknown field `max_dealy`, expected one of `functions`, `accounts`, `regions`, `faults`, `rate`, `max_delay`, `budget`, `stop_when`, `max_age`, `partial_batches`",
        "line 12, column 12: `blast_radius.budget.per_minute`: invalid value: integer `0`, expected a whole number from 1 on",
        "line 13, column 1: `blast_radius.stop_when.handler_errors` is missing",
        "line 13, column 15: `blast_radius.stop_when.over` must be longer than nothing",
        "line 16, column 1: `policy[0].usee`: unknown field `usee`, expected one of `name`, `use`, `module`, `rate`, `settings`",
        "line 17, column 1: `policy[0].rate` must be from 0 to 1, but is 7",
        "line 20, column 1: `policy[1].module` is no module's file name: `a/b.wasm`",
        "line 21, column 1: `policy[1].settings` must be a table",
    ];
    assert_eq!(told(text), expected);
    let mended = text.replace("owner = 5", "name = \"a\"").replace("usee = ", "use = ").replace("rate = 7", "rate = 1");
    let taken = "line 27, column 1: `policy[3]` is the name of another policy: `a`";
    assert_eq!(told(&mended).last().map(String::as_str), Some(taken));
}

#[test]
fn an_end_is_judged_where_nothing_else_about_it_is_wrong() {
    let over = LEAST.replace("duration = \"1h\"", "expires = 2026-11-01T00:00:00Z\nrate = 1");
    let said = told(&over);
    assert_eq!(said.len(), 2, "{said:?}");
    assert_eq!(said[0], "line 2, column 1: `expires` was 2026-11-01T00:00:00Z: the experiment is over");
    let both = told(&over.replace("rate = 1", "starts = 5"));
    assert_eq!(both, ["line 3, column 1: `starts`: invalid type: integer `5`, expected a string"]);
}

#[test]
fn each_hint_is_given_once() {
    let text = LEAST.replace("\"1h\"", "\"soon\"\nrate = 1").replace("[[policy]]", "max_age = \"1 m\"\n[[policy]]");
    let mistakes = Experiment::from_toml_at(&text, at("2026-11-30T09:00:00Z")).unwrap_err();
    let duration = "write whole numbers with their units, for example \"250ms\", \"5s\" or \"1h30m\"";
    assert_eq!(mistakes.hints(), [duration, "`rate` belongs under `[blast_radius]`"]);
}

#[test]
fn a_crowd_of_mistakes_is_told_in_part() {
    let fields: String = (0..1000).map(|n| format!("field{n} = {n}\n")).collect();
    assert_eq!(told(&format!("{fields}{LEAST}")).len(), 20);
    let names = "\"a b:\", ".repeat(1000);
    assert_eq!(told(&LEAST.replace("\"*\"", &names)).len(), 20);
}
