use super::*;

#[test]
fn a_setting_that_makes_no_sense_is_an_error() {
    assert!(matches!(
        Config::new().silent_seconds(f64::NAN).check(),
        Err(Error::Number { .. })
    ));
    assert!(matches!(
        Config::new().remind_hours(f64::INFINITY).check(),
        Err(Error::Number { .. })
    ));
    assert!(matches!(
        Config::new().default_channel("a b").check(),
        Err(Error::ChannelName { .. })
    ));
    assert!(matches!(
        Config::new().heartbeat("hc-ping.com/k3y").check(),
        Err(Error::Heartbeat { .. })
    ));
    assert!(
        Config::new()
            .ok_silent_hours(f64::INFINITY)
            .default_channel("")
            .check()
            .is_ok()
    );
}

/// Issue 13, point 11: a `Duration` sets what a number sets.
#[test]
fn a_duration_and_a_number_of_the_unit_are_the_same_setting() {
    let hours = |hours: u64| Duration::from_secs(hours * 3600);
    let durations = Config::new()
        .silent(Duration::from_millis(1500))
        .ok_silent(hours(3))
        .remind(hours(24))
        .overdue(hours(2));
    let numbers = Config::new()
        .silent_seconds(1.5)
        .ok_silent_hours(3.0)
        .remind_hours(24.0)
        .overdue_minutes(120.0);
    let set = |config: &Config| {
        [
            config.silent_seconds,
            config.ok_silent_hours,
            config.remind_hours,
            config.overdue_minutes,
        ]
    };
    assert_eq!(set(&durations), set(&numbers));
    let never = Config::new().ok_silent(Duration::MAX);
    assert_eq!(never.ok_silent_hours, Some(f64::INFINITY));
    let longest = Config::new().silent(Duration::MAX).remind(Duration::MAX);
    assert!(never.check().is_ok() && longest.check().is_ok());
}

#[test]
fn a_channels_name_is_a_part_of_a_file_name_and_of_a_variable() {
    for (name, good) in [
        ("alerts", true),
        ("a-b_2", true),
        ("", false),
        ("a b", false),
        ("é", false),
        ("a/b", false),
    ] {
        assert_eq!(is_channel_name(name), good, "{name}");
    }
}
