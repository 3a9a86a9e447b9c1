use super::*;

/// Issue 13, point 5.
#[cfg(unix)]
#[test]
fn a_child_that_is_forked_while_a_thread_gives_pings_to_send_does_not_wait_for_it() {
    assert!(crate::testing::a_run_ends_in_a_fork_while(|| BEATS
        .get()
        .lock()));
}

fn shown(url: &str, job: &str, event: &Event) -> String {
    let run = 0x0123_4567_89ab_cdef;
    let url = ping_url(url, job, run, event).unwrap();
    let rid = format!("rid={}", uuid(run));
    assert!(url.as_str().ends_with(&rid), "{}", url.as_str());
    url.as_str().trim_end_matches(&rid).to_owned()
}

#[test]
fn a_ping_has_the_event_after_the_path_and_the_run_in_the_query() {
    let failed = Event::Failed("why".to_owned());
    for (url, event, expected) in [
        (
            "https://x.example/k",
            &Event::Begun,
            "https://x.example/k/start?",
        ),
        (
            "https://x.example/k/",
            &Event::Succeeded,
            "https://x.example/k?",
        ),
        ("https://x.example/k", &failed, "https://x.example/k/fail?"),
        (
            "https://x.example/k/{job}?create=1",
            &Event::Begun,
            "https://x.example/k/etl-load-run/start?create=1&",
        ),
        (
            "https://x.example/{job}/?create=1",
            &Event::Succeeded,
            "https://x.example/etl-load-run?create=1&",
        ),
    ] {
        assert_eq!(shown(url, "etl.load.run", event), expected);
    }
}

#[test]
fn a_slug_is_safe_and_long_names_stay_apart() {
    for (job, expected) in [
        ("etl.load", "etl-load"),
        ("Etl.Load_2.eu-1", "etl-load_2-eu-1"),
        ("a.b", "a-b"),
    ] {
        assert_eq!(slug(job), expected);
    }
    let (one, two) = (
        format!("{}1", "é.x".repeat(99)),
        format!("{}2", "é.x".repeat(99)),
    );
    assert_ne!(slug(&one), slug(&two));
    assert_ne!(slug("é"), slug("ü"));
    for job in [&*one, &two, "é", "", "-", "ſ"] {
        let slug = slug(job);
        let safe =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
        assert!(
            (1..=SLUG).contains(&slug.len()) && slug.bytes().all(safe),
            "{slug}"
        );
    }
}

// Issue 12, point 14.
#[test]
fn names_that_are_no_plain_ones_have_a_check_each() {
    let jobs = [
        "main", "ロード.main", "データ.main", "a.b", "a::b", "a b", "a..b", ".a.b", "a.b.", "a@b",
        "a<b>", "../../x?create=1#", "x.create.1", "é", "ü", "",
    ];
    let slugs: std::collections::BTreeSet<_> = jobs.iter().map(|job| slug(job)).collect();
    assert_eq!(slugs.len(), jobs.len(), "{slugs:?}");
    assert!(slug("a::b").starts_with("a-b-"), "{}", slug("a::b"));
}

proptest::proptest! {
    /// Issue 12, point 14: a name that lost a character in its slug meets no plain name.
    #[test]
    fn a_slug_is_plain_or_ends_in_the_hash_of_its_name(job in "[a-c.:@é -]{0,12}") {
        let is_plain = slug(&job) == job.replace('.', "-") && !job.is_empty();
        let hash = format!("{:016x}", hash::hash(&job));
        proptest::prop_assert!(is_plain || slug(&job).ends_with(&hash), "{job}");
    }
}

// Issue 12, point 14: a wrong key was asked to add what stood there.
#[test]
fn who_asks_for_checks_to_be_made_does_not_read_that_he_should() {
    for (url, words) in [
        ("https://x.example/k/etl?rid=1", NO_CHECK),
        ("https://x.example/k/create=1?rid=1", NO_CHECK),
        ("https://x.example/k/etl?create=0&rid=1", NO_CHECK),
        ("https://x.example/k/etl?create=1&rid=1", NO_KEY),
    ] {
        assert_eq!(unknown(url), words, "{url}");
    }
}

#[test]
fn a_run_has_a_uuid_of_its_own_that_is_written_as_one() {
    let id = uuid(0x0123_4567_89ab_cdef);
    assert!(id.starts_with("01234567-89ab-8def-"), "{id}");
    let lengths: Vec<_> = id.split('-').map(str::len).collect();
    assert_eq!(lengths, [8, 4, 4, 4, 12], "{id}");
    assert!(
        id.split('-')
            .nth(3)
            .unwrap()
            .starts_with(['8', '9', 'a', 'b']),
        "{id}"
    );
    assert_ne!(id, uuid(0x0123_4567_89ab_4def));
}

#[test]
fn a_url_that_cannot_be_used_is_refused_without_being_shown() {
    for url in [
        "",
        "SECRET",
        "http://x.example/SECRET",
        "https://user:SECRET@x.example/",
        "https://x.example/SECRET#x",
        "file:SECRET",
    ] {
        assert!(
            !Heartbeat::parse(url).unwrap_err().contains("SECRET"),
            "{url}"
        );
    }
    let heartbeat = Heartbeat::parse("https://x.example/SECRET/{job}").unwrap();
    assert!(!format!("{heartbeat:?}").contains("SECRET"));
}

/// The last that a service hears of a job is an end, or it takes a run for one that hangs.
#[test]
fn what_a_slow_service_hears_last_of_a_job_is_how_its_last_run_ended() {
    let url = Secret::parse("https://x.example/{job}").unwrap();
    let heartbeat = Arc::new(Heartbeat { url });
    let mut beats = Beats::default();
    // The service takes one ping of seven.
    let mut said = 0;
    let mut heard = Vec::new();
    let mut say = |beats: &mut Beats, job: &str, run, event| {
        let is_taken = beats.add(Ping {
            heartbeat: heartbeat.clone(),
            job: job.to_owned(),
            run,
            event,
            at: Instant::now(),
        });
        said += 1;
        if said % 7 == 0 {
            heard.extend(beats.pings.pop_front());
        }
        is_taken
    };
    let failed = Event::Failed("why".to_owned());
    assert!(say(&mut beats, "main", 0, Event::Begun));
    for run in 1..1_000 {
        let last = if run == 999 {
            failed.clone()
        } else {
            Event::Succeeded
        };
        assert!(say(&mut beats, "load", run, Event::Begun), "{run}");
        assert!(say(&mut beats, "load", run, last), "{run}");
    }
    assert!(say(&mut beats, "main", 0, Event::Succeeded));
    assert!(beats.pings.len() <= 2 * WAITING);
    heard.extend(beats.pings.drain(..));
    for (job, run, event) in [("main", 0, Event::Succeeded), ("load", 999, failed)] {
        let last = heard.iter().rfind(|ping| ping.job == job).unwrap();
        assert_eq!((last.run, &last.event), (run, &event), "{job}");
    }
}

#[test]
fn where_many_jobs_wait_no_beginning_is_sent_of_whose_end_nobody_hears() {
    let url = Secret::parse("https://x.example/{job}").unwrap();
    let heartbeat = Arc::new(Heartbeat { url });
    let mut beats = Beats::default();
    let mut say = |job: &u64, event: &Event| {
        beats.add(Ping {
            heartbeat: heartbeat.clone(),
            job: format!("load.{job}"),
            run: *job,
            event: event.clone(),
            at: Instant::now(),
        })
    };
    let begun: Vec<_> = (0..1_000).filter(|job| say(job, &Event::Begun)).collect();
    assert_eq!(begun.len(), WAITING);
    assert!(begun.iter().all(|job| say(job, &Event::Succeeded)));
}
