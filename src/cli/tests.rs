use super::*;

#[test]
fn the_command_line_is_consistent() {
    Cli::command().debug_assert();
    command().debug_assert();
}

#[test]
fn arguments_stand_before_or_behind_the_command() {
    for line in
        ["headwater -c a --set x=1 --set y=2 --data d serve", "headwater serve -c a --set x=1 --set y=2 --data d"]
    {
        let matches = command().try_get_matches_from(line.split(' ')).expect(line);
        let cli = Cli::from_arg_matches(&matches).expect(line);
        let request = cli.configuration.request(HashMap::new());
        assert_eq!((request.config, request.data), (Some("a".into()), Some("d".into())));
        assert_eq!(request.set, ["x=1", "y=2"]);
    }
}

#[test]
fn wrong_usage_ends_with_code_2() {
    for line in [
        "headwater serve --nope",
        "headwater",
        "headwater surve",
        "headwater cat",
        "headwater map",
        "headwater map --listen 1.2.3.4:5 --request a",
        "headwater map --listen nowhere",
        "headwater cat --new data",
        "headwater cat --follow --schema data",
        "headwater completions tcsh",
        "headwater torture --clients 0",
        "headwater serve --log-format xml",
    ] {
        let error = command().try_get_matches_from(line.split(' ')).expect_err(line);
        assert_eq!(error.exit_code(), 2, "{line}");
    }
}

#[test]
fn every_command_has_help_with_examples_and_no_option_that_means_nothing_to_it() {
    let help = |line: &str| {
        let error = command().try_get_matches_from(line.split(' ')).expect_err("the help");
        assert_eq!(error.exit_code(), 0, "{line}");
        error.to_string()
    };
    assert!(help("headwater --help").contains("headwater check -c"));
    for (name, configured, exemplified) in [
        ("serve", true, true),
        ("check", true, true),
        ("map", true, true),
        ("playground", true, true),
        ("cat", false, true),
        ("diff", true, true),
        ("replay", true, true),
        ("why", true, true),
        ("torture", false, true),
        ("completions", false, true),
        ("version", false, false),
    ] {
        let text = help(&format!("headwater {name} --help"));
        assert_eq!(text.contains("--config <FILE>"), configured, "{text}");
        assert_eq!(text.contains("Examples:\n  headwater "), exemplified, "{text}");
        assert!(!text.contains('\x1b'), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 120), "{text}");
    }
}

#[test]
fn examples_are_commands() {
    let texts = [
        example::ALL,
        example::SERVE,
        example::CHECK,
        example::MAP,
        example::PLAYGROUND,
        example::CAT,
        example::COMPLETIONS,
        example::CURSOR,
        example::DIFF,
        example::REPLAY,
        example::WHY,
        example::JOURNAL_CAT,
        example::JOURNAL_EXPORT,
        example::TORTURE,
    ];
    let lines = texts.iter().flat_map(|text| text.lines()).filter_map(|line| line.strip_prefix("  headwater"));
    let mut count = 0;
    for line in lines {
        // Up to a remark, or to what is the shell's.
        let line = line.split("  ").next().unwrap_or_default();
        let words = line.split(['|', '>']).next().unwrap_or_default().split_whitespace();
        let words: Vec<&str> = ["headwater"].into_iter().chain(words).collect();
        command().try_get_matches_from(&words).unwrap_or_else(|error| panic!("{words:?}: {error}"));
        count += 1;
    }
    assert!(count >= 15, "{count}");
}
