use super::*;
use crate::settings::environment::is_yes;

fn setup(config: Config, environment: &[(&str, &str)]) -> Setup {
    Setup::new(config, true, |name| {
        environment
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.into())
    })
}

fn problems(setup: &Setup) -> usize {
    setup.problems.lock().len()
}

#[test]
fn code_comes_before_the_environment_and_the_environment_before_the_defaults() {
    let environment = [
        ("NOTIFYDIR", "/srv/notify"),
        ("NOTIFY_SILENT_SECONDS", "14256"),
        ("NOTIFY_OK_SILENT_HOURS", "never"),
        ("NOTIFY_EXIT_SECONDS", "2.5"),
        ("NOTIFY_CHANNEL", ""),
    ];
    let from_environment = setup(Config::new(), &environment);
    assert_eq!(from_environment.directory(), Some(Path::new("/srv/notify")));
    assert_eq!(
        from_environment.rules,
        Settings {
            silent: Duration::from_secs(14256),
            ok_silent: None,
            ..Settings::default()
        }
    );
    assert_eq!(from_environment.exit, Duration::from_millis(2500));
    assert_eq!(from_environment.default_channel, "");

    let config = Config::new()
        .directory("/elsewhere")
        .silent_seconds(60.0)
        .exit_timeout(Duration::ZERO)
        .default_channel("data");
    let from_code = setup(config, &environment);
    assert_eq!(from_code.directory(), Some(Path::new("/elsewhere")));
    assert_eq!(
        (from_code.rules.silent, from_code.exit),
        (Duration::from_secs(60), Duration::ZERO)
    );
    assert_eq!(from_code.default_channel, "data");

    let defaults = setup(Config::new(), &[("HOME", "/home/anna"), ("HOSTNAME", "x")]);
    assert_eq!(
        defaults.directory(),
        Some(Path::new("/home/anna/.local/state/pipeline-notify"))
    );
    assert_eq!((defaults.rules, defaults.exit), (Settings::default(), EXIT));
    assert_eq!(setup(Config::new(), &[]).directory(), None);
}

#[test]
fn an_exit_without_end_is_given_an_hour() {
    let from_code = setup(Config::new().exit_timeout(Duration::MAX), &[]);
    let from_environment = setup(Config::new(), &[("NOTIFY_EXIT_SECONDS", "1e300")]);
    assert_eq!(
        (from_code.exit, from_environment.exit),
        (LONGEST_EXIT, LONGEST_EXIT)
    );
}

#[test]
fn a_value_that_makes_no_sense_is_logged_and_ignored() {
    let environment = [
        ("NOTIFY_SILENT_SECONDS", "-1"),
        ("NOTIFY_REMIND_HOURS", "inf"),
        ("NOTIFY_OK_SILENT_HOURS", "NaN"),
        ("NOTIFY_EXIT_SECONDS", "soon"),
        ("NOTIFY_CHANNEL", "../x"),
        ("NOTIFY_HEARTBEAT_URL", "hc-ping.com/x"),
    ];
    let setup = setup(Config::new(), &environment);
    assert_eq!(
        (setup.rules, setup.exit, problems(&setup)),
        (Settings::default(), EXIT, 6)
    );
    assert_eq!(setup.heartbeat, None);
    assert_eq!(setup.default_channel, "alerts");
}

/// Issue 12, point 19.
#[test]
fn a_time_may_say_its_own_unit() {
    let environment = [
        ("NOTIFY_SILENT_SECONDS", "4h"),
        ("NOTIFY_OK_SILENT_HOURS", "1d12h"),
        ("NOTIFY_REMIND_HOURS", "90 min"),
        ("NOTIFY_OVERDUE_MINUTES", "2h"),
        ("NOTIFY_EXIT_SECONDS", "1min"),
    ];
    let setup = setup(Config::new(), &environment);
    assert_eq!(problems(&setup), 0);
    assert_eq!(setup.rules.silent, Duration::from_secs(4 * 3600));
    assert_eq!(setup.rules.ok_silent, Some(Duration::from_secs(36 * 3600)));
    assert_eq!(setup.rules.remind, Duration::from_secs(90 * 60));
    assert_eq!(setup.overdue_minutes, Some(120.0));
    assert_eq!(setup.exit, Duration::from_secs(60));
}

#[test]
fn only_a_word_that_means_yes_switches_reporting_off() {
    for (value, yes) in [
        ("1", true),
        ("true", true),
        ("x", true),
        ("", false),
        ("0", false),
        ("False", false),
        ("no", false),
        ("OFF", false),
    ] {
        assert_eq!(is_yes(value), yes, "{value}");
    }
}
