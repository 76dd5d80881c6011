//! What a client of AppConfig must handle, as a table: each case, what the service does in it, what must follow, and the
//! tests that see it. Where AppConfig's habits and the safety rules differ, the safety rules stand.

/// One row.
struct Case {
    number: u8,
    service: &'static str,
    follows: &'static str,
    tests: &'static [&'static str],
}

const CASES: &[Case] = &[
    Case {
        number: 1,
        service: "answers the first poll with a whole body",
        follows: "it is armed; token, interval, label and digest are kept",
        tests: &[
            "each_answer_brings_the_next_token_and_interval_the_empty_ones_too",
            "the_first_experiment_is_armed_and_says_that_it_is_unsigned",
        ],
    },
    Case {
        number: 2,
        service: "answers with an empty body",
        follows: "the experiment stays; token and timer go on",
        tests: &[
            "versions_come_go_and_come_back_in_one_session",
            "what_is_unchanged_stays_for_as_long_as_the_source_says_so",
            "one_poll_that_goes_wrong_leaves_the_experiment_as_it_should",
        ],
    },
    Case {
        number: 3,
        service: "answers the very first poll with an empty body",
        follows: "nothing is deployed: a pass-through, no failure",
        tests: &[
            "an_empty_first_answer_means_that_nothing_is_deployed",
            "a_source_with_nothing_disarms_and_the_same_content_may_come_back",
        ],
    },
    Case {
        number: 4,
        service: "names another interval, none, or an absurd one",
        follows: "it holds from then on, between a second and a day; never two polls at a time",
        tests: &[
            "each_answer_brings_the_next_token_and_interval_the_empty_ones_too",
            "refreshing_goes_on_while_an_invocation_is_under_way",
        ],
    },
    Case {
        number: 5,
        service: "refuses a poll as too early",
        follows: "the interval is waited for; the token is tried once more, then the session is another",
        tests: &[
            "what_comes_too_early_is_asked_once_more_and_then_anew",
            "a_token_that_came_too_early_is_good_when_it_is_time",
            "one_poll_that_goes_wrong_leaves_the_experiment_as_it_should",
        ],
    },
    Case {
        number: 6,
        service: "refuses a token as expired",
        follows: "a new session at once, in the same poll, once",
        tests: &[
            "a_token_a_day_old_is_replaced_in_the_same_fetch",
            "after_a_freeze_of_more_than_a_day_the_same_fetch_brings_what_is_deployed",
            "after_a_day_in_the_freezer_the_first_poll_brings_what_is_deployed",
        ],
    },
    Case {
        number: 7,
        service: "refuses a token as corrupted or unknown",
        follows: "a new session once; where that is refused too, pauses that grow",
        tests: &[
            "a_token_that_is_refused_is_replaced_by_a_new_session_once",
            "a_failing_source_is_asked_ever_more_slowly",
            "one_poll_that_goes_wrong_leaves_the_experiment_as_it_should",
        ],
    },
    Case {
        number: 8,
        service: "loses its answer",
        follows: "the token counts as used up: the next poll begins a new session",
        tests: &[
            "what_may_have_used_the_token_up_starts_a_new_session",
            "one_poll_that_goes_wrong_leaves_the_experiment_as_it_should",
        ],
    },
    Case {
        number: 9,
        service: "throttles",
        follows: "pauses that grow, with jitter, never shorter than Retry-After; the experiment stays",
        tests: &[
            "a_throttled_call_tells_how_long_to_wait",
            "what_cannot_have_used_the_token_up_keeps_it",
            "a_source_is_left_alone_for_as_long_as_it_wants_within_reason",
            "one_poll_that_goes_wrong_leaves_the_experiment_as_it_should",
        ],
    },
    Case {
        number: 10,
        service: "knows no such application, environment, profile or deployment",
        follows: "nothing is deployed, told once, asked at the interval",
        tests: &[
            "what_is_missing_is_nothing_and_not_a_failure",
            "where_nothing_was_ever_deployed_a_404_says_so_and_a_deployment_is_found",
            "a_source_with_nothing_disarms_and_the_same_content_may_come_back",
        ],
    },
    Case {
        number: 11,
        service: "denies",
        follows: "action and resource are told; asked slowly",
        tests: &[
            "a_denial_names_the_action_and_the_resource",
            "one_poll_that_goes_wrong_leaves_the_experiment_as_it_should",
        ],
    },
    Case {
        number: 12,
        service: "fails, is silent, or cannot be reached by name, TCP or TLS",
        follows: "given up in time, beside the invocation; the experiment stays until its max_age",
        tests: &[
            "nobody_there_is_unreachable_and_costs_no_token",
            "a_name_that_nobody_knows_and_an_answer_that_is_none_are_unreachable",
            "a_silent_service_is_given_up",
            "over_tls_the_server_must_be_who_a_root_says_it_is",
            "a_source_that_is_down_keeps_the_experiment_until_max_age_and_tells_its_return",
            "one_poll_that_goes_wrong_leaves_the_experiment_as_it_should",
        ],
    },
    Case {
        number: 13,
        service: "closed its connection during a freeze",
        follows: "each poll has a connection of its own; one that died half-way is tried again at once",
        tests: &[
            "calls_of_one_fetch_share_a_connection_and_fetches_do_not",
            "a_connection_that_died_in_a_freeze_is_tried_again_at_once",
        ],
    },
    Case {
        number: 14,
        service: "refuses the time of a signature",
        follows: "signed once more by the service's clock; clocks that jump hold no refresh up",
        tests: &[
            "a_time_that_is_refused_is_read_from_the_refusal_and_signed_once_more",
            "a_signature_that_is_refused_twice_is_a_failure_that_repeats_no_secret",
            "clocks_may_jump",
            "after_a_forward_jump_the_source_is_asked_once",
            "a_backward_jump_holds_no_refresh_up",
        ],
    },
    Case {
        number: 15,
        service: "takes no keys that have been rotated",
        follows: "a container's are fetched again, before they expire and when they are refused",
        tests: &[
            "credentials_of_a_container_are_fetched_again_before_they_expire",
            "keys_that_are_over_are_replaced_at_once_where_others_can_be_had",
            "one_poll_that_goes_wrong_leaves_the_experiment_as_it_should",
        ],
    },
    Case {
        number: 16,
        service: "delivers what is no experiment",
        follows: "disarmed; refused once for a digest, with label or digest",
        tests: &["what_is_refused_disarms_and_is_told_once", "whatever_is_refused_disarms"],
    },
    Case {
        number: 17,
        service: "goes back to an older version",
        follows: "accepted",
        tests: &[
            "versions_come_go_and_come_back_in_one_session",
            "a_new_version_is_swapped_in_and_an_older_one_may_come_back",
        ],
    },
    Case {
        number: 18,
        service: "names another content type, or none",
        follows: "what it is is told by its bytes",
        tests: &[
            "the_type_of_the_content_is_not_asked_for",
            "one_poll_that_goes_wrong_leaves_the_experiment_as_it_should",
        ],
    },
    Case {
        number: 19,
        service: "names no label",
        follows: "the version is named by its digest",
        tests: &[
            "each_answer_brings_the_next_token_and_interval_the_empty_ones_too",
            "the_first_experiment_is_armed_and_says_that_it_is_unsigned",
        ],
    },
    Case {
        number: 20,
        service: "knows the profile no more",
        follows: "disarmed at once",
        tests: &[
            "what_is_missing_is_nothing_and_not_a_failure",
            "a_source_with_nothing_disarms_and_the_same_content_may_come_back",
            "one_poll_that_goes_wrong_leaves_the_experiment_as_it_should",
        ],
    },
    Case {
        number: 21,
        service: "fails for long",
        follows: "nothing is injected once the last success is older than max_age",
        tests: &[
            "an_experiment_ends_when_its_last_refresh_is_too_old",
            "a_source_that_is_down_keeps_the_experiment_until_max_age_and_tells_its_return",
            "a_service_that_is_down_for_longer_than_max_age_ends_the_injecting_and_a_halt_is_heard_after_it",
        ],
    },
    Case {
        number: 23,
        service: "gets the same session's token from all copies of a snapshot",
        follows: "a copy begins a session, keys and chance of its own",
        tests: &[
            "copies_of_a_snapshot_begin_sessions_of_their_own",
            "after_a_restore_the_session_is_another",
            "after_a_restore_the_credentials_are_others",
            "a_restore_is_told_to_the_source_before_it_is_asked_again",
            "the_first_event_of_a_copied_environment_is_a_restore",
            "a_copy_begins_a_session_with_credentials_of_its_own",
            "no_two_draws_are_alike",
        ],
    },
    Case {
        number: 24,
        service: "sends half a body",
        follows: "rejected; the next poll begins a new session",
        tests: &[
            "half_a_body_is_no_answer",
            "what_may_have_used_the_token_up_starts_a_new_session",
            "half_a_version_is_not_armed_and_the_whole_one_is",
        ],
    },
    Case {
        number: 25,
        service: "is the agent, which starts late, fails, or answers slowly",
        follows: "asked again while it starts; its failures are told; news are told by digest",
        tests: &[
            "what_is_deployed_changes_comes_back_and_goes_is_followed_by_its_digest",
            "an_agent_that_starts_after_the_layer_is_waited_for",
            "where_no_agent_comes_the_port_and_the_next_step_are_named",
            "a_failure_is_told_in_the_agents_words",
            "half_an_answer_is_none",
            "a_slow_first_answer_is_waited_for_and_a_silent_agent_given_up",
        ],
    },
];

/// Where the tests stand.
const SOURCES: &[&str] = &[
    include_str!("sessions.rs"),
    include_str!("local.rs"),
    include_str!("roads.rs"),
    include_str!("identity.rs"),
    include_str!("../../agent/tests.rs"),
    include_str!("../../../../tests/proxy/restored.rs"),
    include_str!("../../../control/chance.rs"),
    include_str!("../../../control/schedule.rs"),
    include_str!("../../../control/tests/appconfig.rs"),
    include_str!("../../../control/tests/ends.rs"),
    include_str!("../../../control/tests/failures.rs"),
    include_str!("../../../control/tests/refreshing.rs"),
    include_str!("../../../control/tests/states.rs"),
];

#[test]
fn every_case_has_a_row_and_every_row_tests_that_are_there() {
    let numbers: Vec<_> = CASES.iter().map(|case| case.number).collect();
    // 22 is a function's second profile, which is a second layer; 26 is the publisher's.
    let expected: Vec<_> = (1..=21).chain(23..=25).collect();
    assert_eq!(numbers, expected);
    for Case { number, service, follows, tests } in CASES {
        assert!(!tests.is_empty(), "{number}: when the service {service}, nothing sees that {follows}");
        for test in *tests {
            let is_there = SOURCES.iter().any(|source| source.contains(&format!("fn {test}()")));
            assert!(is_there, "{number}: `{test}` is not among the tests that see how {follows}");
        }
    }
}
