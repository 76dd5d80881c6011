//! Wrong experiments, each with every word that a user meets.

use super::*;

/// What is wrong, as a change to the least experiment: what is replaced, and by what; then the words.
pub(super) const WRONG: &[(&str, &str, &str)] = &[
    ("name = \"a\"", "", "`name` is missing"),
    ("name = \"a\"", "name = 5", "line 1, column 1: `name`: invalid type: integer `5`, expected a string"),
    ("name = \"a\"", "name = \"a b\"", "line 1, column 1: `name` is no name: `a b`"),
    (
        "name = \"a\"",
        "name = \"a\"\nowner = \"me\"",
        "line 2, column 1: `owner`: unknown field `owner`, expected one of `name`, `hypothesis`, `starts`, `expires`, `duration`, `published_to`, `blast_radius`, `policy`",
    ),
    ("name = \"a\"", "name = \"a\"\nname = \"b\"", "line 2, column 1: no valid TOML: duplicate key"),
    (
        "name = \"a\"",
        "name =",
        "line 1, column 7: no valid TOML: string values must be quoted, expected literal string",
    ),
    ("duration = \"1h\"", "", "`expires` is missing"),
    (
        "duration = \"1h\"",
        "duration = \"1h\"\nexpires = 2026-12-01T09:00:00Z",
        "line 2, column 1: `duration` stands beside `expires`, but only one of them may say when the experiment ends",
    ),
    (
        "duration = \"1h\"",
        "duration = 3600",
        "line 2, column 1: `duration`: invalid type: integer `3600`, expected a string",
    ),
    ("duration = \"1h\"", "duration = \"1 hour\"", "line 2, column 1: `duration` is no duration: `1 hour`"),
    ("duration = \"1h\"", "duration = \"0s\"", "line 2, column 1: `duration` must be longer than nothing"),
    (
        "duration = \"1h\"",
        "duration = \"7d1ms\"",
        "line 2, column 1: `duration` makes the experiment longer than 7 days",
    ),
    (
        "duration = \"1h\"",
        "expires = 2026-12-01T09:00:00",
        "line 2, column 1: `expires` does not say its offset from UTC: `2026-12-01T09:00:00`",
    ),
    ("duration = \"1h\"", "expires = \"tonight\"", "line 2, column 1: `expires` is no date and time: `tonight`"),
    (
        "duration = \"1h\"",
        "starts = 2026-12-01T09:00:00Z\nexpires = 2026-12-01T09:00:00Z",
        "line 3, column 1: `expires` must be after `starts`",
    ),
    (
        "duration = \"1h\"",
        "starts = 2026-12-01T09:00:00Z\nexpires = 2026-12-08T09:00:01Z",
        "line 3, column 1: `expires` makes the experiment longer than 7 days",
    ),
    (
        "[blast_radius]",
        "published_to = { environments = [] }\n[blast_radius]",
        "line 3, column 18: `published_to.environments` must not be empty",
    ),
    (
        "[blast_radius]",
        "published_to = { environments = [\"shop/prod\"] }\n[blast_radius]",
        "line 3, column 34: `published_to.environments[0]` is no environment of AppConfig: `shop/prod`",
    ),
    (
        "[blast_radius]",
        "published_to = { accounts = [\"1234\"] }\n[blast_radius]",
        "line 3, column 30: `published_to.accounts[0]` is no account: `1234`",
    ),
    (
        "[blast_radius]",
        "published_to = { accounts = [123456789012] }\n[blast_radius]",
        "line 3, column 30: `published_to.accounts[0]`: invalid type: integer `123456789012`, expected a string",
    ),
    (
        "[blast_radius]",
        "published_to = { regions = [\"Ireland\"] }\n[blast_radius]",
        "line 3, column 29: `published_to.regions[0]` is no region: `Ireland`",
    ),
    (
        "[blast_radius]",
        "published_to = { region = [\"eu-west-1\"] }\n[blast_radius]",
        "line 3, column 18: `published_to.region`: unknown field `region`, expected one of `accounts`, `regions`, `environments`",
    ),
    (
        "[blast_radius]",
        "published_to = \"prod\"\n[blast_radius]",
        "line 3, column 1: `published_to`: invalid type: string \"prod\", expected the fields of what it was published to",
    ),
    ("functions = [\"*\"]", "", "line 3, column 2: `blast_radius.functions` is missing"),
    ("functions = [\"*\"]", "functions = []", "line 4, column 1: `blast_radius.functions` must not be empty"),
    (
        "functions = [\"*\"]",
        "functions = \"*\"",
        "line 4, column 1: `blast_radius.functions`: invalid type: string \"*\", expected a list",
    ),
    (
        "functions = [\"*\"]",
        "functions = [\"a\", 5]",
        "line 4, column 19: `blast_radius.functions[1]`: invalid type: integer `5`, expected a string",
    ),
    (
        "functions = [\"*\"]",
        "functions = [\"a:b:c\"]",
        "line 4, column 14: `blast_radius.functions[0]` is no pattern for functions: `a:b:c`",
    ),
    (
        "functions = [\"*\"]",
        "functions = [\"a:\"]",
        "line 4, column 14: `blast_radius.functions[0]` is no pattern for functions: `a:`",
    ),
    ("[[policy]]", "budget = {}\n[[policy]]", "line 5, column 1: `blast_radius.budget` must not be empty"),
    (
        "[[policy]]",
        "budget = 60\n[[policy]]",
        "line 5, column 1: `blast_radius.budget`: invalid type: integer `60`, expected the fields of a budget",
    ),
    (
        "[[policy]]",
        "budget = { per_minute = 0 }\n[[policy]]",
        "line 5, column 12: `blast_radius.budget.per_minute`: invalid value: integer `0`, expected a whole number from 1 on",
    ),
    (
        "[[policy]]",
        "budget = { per_environment = -1 }\n[[policy]]",
        "line 5, column 12: `blast_radius.budget.per_environment`: invalid value: integer `-1`, expected a whole number from 1 on",
    ),
    (
        "[[policy]]",
        "budget = { per_hour = 1.5 }\n[[policy]]",
        "line 5, column 12: `blast_radius.budget.per_hour`: unknown field `per_hour`, expected `per_environment` or `per_minute`",
    ),
    (
        "[[policy]]",
        "accounts = [\"1\"]\n[[policy]]",
        "line 5, column 13: `blast_radius.accounts[0]` is no account: `1`",
    ),
    (
        "[[policy]]",
        "stop_when = { over = \"1m\" }\n[[policy]]",
        "line 5, column 1: `blast_radius.stop_when.handler_errors` is missing",
    ),
    (
        "[[policy]]",
        "stop_when = { handler_errors = 0 }\n[[policy]]",
        "line 5, column 15: `blast_radius.stop_when.handler_errors` must be more than 0",
    ),
    (
        "[[policy]]",
        "stop_when = { handler_errors = 20 }\n[[policy]]",
        "line 5, column 15: `blast_radius.stop_when.handler_errors` must be from 0 to 1, but is 20",
    ),
    (
        "[[policy]]",
        "stop_when = { handler_errors = 0.2, over = \"0s\" }\n[[policy]]",
        "line 5, column 37: `blast_radius.stop_when.over` must be longer than nothing",
    ),
    (
        "[[policy]]",
        "stop_when = { handler_errors = 0.2, min_invocations = \"20\" }\n[[policy]]",
        "line 5, column 37: `blast_radius.stop_when.min_invocations`: invalid type: string \"20\", expected a whole number from 1 on",
    ),
    (
        "[[policy]]",
        "rates = 1\n[[policy]]",
        "line 5, column 1: `blast_radius.rates`: unknown field `rates`, expected one of `functions`, `accounts`, `regions`, `faults`, `rate`, `max_delay`, `budget`, `stop_when`, `max_age`, `partial_batches`",
    ),
    ("[[policy]]", "regions = []\n[[policy]]", "line 5, column 1: `blast_radius.regions` must not be empty"),
    (
        "[[policy]]",
        "regions = [\"Ireland\"]\n[[policy]]",
        "line 5, column 12: `blast_radius.regions[0]` is no region: `Ireland`",
    ),
    (
        "[[policy]]",
        "faults = [\"delay\", \"explode\"]\n[[policy]]",
        "line 5, column 20: `blast_radius.faults[1]`: there is no fault `explode`",
    ),
    ("[[policy]]", "faults = []\n[[policy]]", "line 5, column 1: `blast_radius.faults` must not be empty"),
    ("[[policy]]", "rate = 1.5\n[[policy]]", "line 5, column 1: `blast_radius.rate` must be from 0 to 1, but is 1.5"),
    (
        "[[policy]]",
        "rate = \"1\"\n[[policy]]",
        "line 5, column 1: `blast_radius.rate`: invalid type: string \"1\", expected a number",
    ),
    ("[[policy]]", "rate = nan\n[[policy]]", "line 5, column 1: `blast_radius.rate` must be a finite number"),
    (
        "[[policy]]",
        "max_delay = \"long\"\n[[policy]]",
        "line 5, column 1: `blast_radius.max_delay` is no duration: `long`",
    ),
    (
        "[[policy]]",
        "max_age = \"0s\"\n[[policy]]",
        "line 5, column 1: `blast_radius.max_age` must be longer than nothing",
    ),
    (
        "[blast_radius]\nfunctions = [\"*\"]",
        "blast_radius = 1",
        "line 3, column 1: `blast_radius`: invalid type: integer `1`, expected the fields of a blast radius",
    ),
    ("[blast_radius]\nfunctions = [\"*\"]", "", "`blast_radius` is missing"),
    ("[[policy]]\nuse = \"latency\"\n", "", "`policy` is missing"),
    ("[[policy]]", "[policy]", "line 5, column 2: `policy`: invalid type: map, expected a list"),
    ("use = \"latency\"", "", "line 5, column 1: `policy[0]` needs exactly one of `use` and `module`"),
    (
        "use = \"latency\"",
        "use = \"latency\"\nmodule = \"a.wasm\"",
        "line 5, column 1: `policy[0]` needs exactly one of `use` and `module`",
    ),
    ("use = \"latency\"", "use = \"../latency\"", "line 6, column 1: `policy[0].use` is no name: `../latency`"),
    (
        "use = \"latency\"",
        "module = \"target/a.wasm\"",
        "line 6, column 1: `policy[0].module` is no module's file name: `target/a.wasm`",
    ),
    ("use = \"latency\"", "use = \"latency\"\nname = \"\"", "line 7, column 1: `policy[0].name` is no name: ``"),
    (
        "use = \"latency\"",
        "use = \"latency\"\nrate = -0.5",
        "line 7, column 1: `policy[0].rate` must be from 0 to 1, but is -0.5",
    ),
    (
        "use = \"latency\"",
        "use = \"latency\"\nsettings = [1]",
        "line 7, column 1: `policy[0].settings` must be a table",
    ),
    (
        "use = \"latency\"",
        "use = \"latency\"\nsettings = { a = [1, inf] }",
        "line 7, column 22: `policy[0].settings.a[1]` must be a finite number",
    ),
    (
        "use = \"latency\"",
        "use = \"latency\"\nsetting = {}",
        "line 7, column 1: `policy[0].setting`: unknown field `setting`, expected one of `name`, `use`, `module`, `rate`, `settings`",
    ),
    (
        "use = \"latency\"",
        "use = \"latency\"\n[[policy]]\nmodule = \"latency.wasm\"",
        "line 7, column 1: `policy[1]` is the name of another policy: `latency`",
    ),
];

#[test]
fn each_mistake_is_named_with_its_place() {
    for (part, wrong, expected) in WRONG {
        assert!(LEAST.contains(part), "{part} is not in the least experiment");
        let error = Experiment::from_toml(&LEAST.replace(part, wrong)).expect_err(wrong);
        assert_eq!(error.to_string(), *expected, "{wrong}");
    }
}

#[test]
fn a_message_quotes_no_more_than_a_line() {
    let long = "x".repeat(100_000);
    for wrong in [format!("name = \"{long}!\""), format!("{long} = 5"), format!("blast_radius = \"{long}\"")] {
        let message = Experiment::from_toml(&wrong).unwrap_err().to_string();
        assert!(message.len() < 450 && message.ends_with("..."), "{message}");
    }
}

#[test]
fn a_crowd_of_policies_is_refused() {
    let many: String = (0..33).map(|n| format!("[[policy]]\nuse = \"latency\"\nname = \"p{n}\"\n")).collect();
    let error = Experiment::from_toml(&LEAST.replace("[[policy]]\nuse = \"latency\"\n", &many)).unwrap_err();
    assert_eq!(error.to_string(), "line 5, column 3: `policy` has more than 32 policies");
}

#[test]
fn mistakes_in_json_have_their_place_where_json_has_one() {
    let rows = [
        ("", "line 1, column 0: no valid JSON: EOF while parsing a value"),
        ("{\n  \"name\": \"a\"", "line 2, column 13: no valid JSON: EOF while parsing an object"),
        ("{\"name\": 5}", "line 1, column 10: `name`: invalid type: integer `5`, expected a string"),
        ("{\"name\": \"a\", \"name\": \"a\"}", "line 1, column 20: duplicate field `name`"),
        ("5", "line 1, column 1: invalid type: integer `5`, expected the fields of an experiment"),
        ("[]", "line 1, column 0: invalid type: sequence, expected the fields of an experiment"),
        (
            "{\"blast_radius\": {\"budget\": [1, 60]}}",
            "line 1, column 28: `blast_radius.budget`: invalid type: sequence, expected the fields of a budget",
        ),
        ("{} {}", "line 1, column 4: no valid JSON: trailing characters"),
        (
            "{\"blast_radius\": {\"budget\": {\"per_minute\": 0.5}}}",
            "line 1, column 46: `blast_radius.budget.per_minute`: invalid type: floating point `0.5`, expected a whole number from 1 on",
        ),
        ("{}", "`name` is missing"),
    ];
    for (json, expected) in rows {
        assert_eq!(Experiment::from_json(json.as_bytes()).unwrap_err().to_string(), expected, "{json}");
    }
}

#[test]
fn a_hint_says_what_to_do_next() {
    let rows = [
        (
            "duration = \"1h\"",
            "",
            "say when the experiment ends: `expires = 2026-12-01T10:00:00Z` or `duration = \"1h\"`",
        ),
        ("[[policy]]", "[policy]", "write `[[policy]]`, in two brackets, above each policy"),
        ("name = \"a\"", "name = \".a\"", "use up to 64 ASCII letters, digits, `-`, `_` and `.`, not first a dot"),
        (
            "duration = \"1h\"",
            "duration = 60",
            "write whole numbers with their units, for example \"250ms\", \"5s\" or \"1h30m\"",
        ),
        (
            "use = \"latency\"",
            "module = \"a/b.wasm\"",
            "write the file's name without a folder, for example \"brownout.wasm\"",
        ),
        (
            "[[policy]]",
            "budget = {}\n[[policy]]",
            "say how many invocations may be touched: `per_environment = 1000`, `per_minute = 60`, or both",
        ),
        (
            "[[policy]]",
            "stop_when = {}\n[[policy]]",
            "say at which share of handler errors to stop, for example `handler_errors = 0.2`",
        ),
        (
            "[blast_radius]",
            "published_to = { accounts = [\"x\"] }\n[blast_radius]",
            "write its twelve digits, in quotes, for example \"123456789012\"",
        ),
        (
            "[blast_radius]",
            "published_to = { environments = [\"/\"] }\n[blast_radius]",
            "write its name or its id, for example \"prod\"",
        ),
        ("name = \"a\"", "name = \"a\"\nrate = 0.5", "`rate` belongs under `[blast_radius]`"),
        ("name = \"a\"", "name = \"a\"\nmax_age = \"5m\"", "`max_age` belongs under `[blast_radius]`"),
        ("name = \"a\"", "name = \"a\"\nbudget = 5", "`budget` belongs under `[blast_radius]`"),
    ];
    for (part, wrong, expected) in rows {
        let error = Experiment::from_toml(&LEAST.replace(part, wrong)).unwrap_err();
        assert_eq!(error.hint().as_deref(), Some(expected), "{error}");
    }
    let syntax = Experiment::from_toml("name =").unwrap_err();
    assert_eq!((syntax.hint(), syntax.field()), (None, ""));
}
