use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener};
use std::thread;

use ureq::http::HeaderValue;

use super::*;

#[test]
fn every_status_has_its_class() {
    for status in 100..=599 {
        let expected = match status {
            200..=299 => Class::Accepted,
            100..=199 | 408 | 421 | 425 | 429 | 500..=599 => Class::Temporary,
            401 | 403..=405 | 407 | 410 | 300..=399 => Class::Channel,
            _ => Class::Alert,
        };
        let answer = Answer::made(status, "");
        assert_eq!(answer.class(&[]), expected, "{status}");
        let class = match answer.judge(&[]) {
            Ok(()) => Class::Accepted,
            Err(Refusal::Temporary { .. }) => Class::Temporary,
            Err(Refusal::Channel { .. }) => Class::Channel,
            Err(_) => Class::Alert,
        };
        assert_eq!(class, expected, "{status}");
    }
}

#[test]
fn the_first_line_of_a_table_that_fits_decides() {
    let rules = [
        Rule::new(400, "invalid_token", Class::Channel),
        Rule::range(200..=299, "error 429", Class::Temporary),
        Rule::new(400, "", Class::Temporary),
    ];
    for (status, body, class) in [
        (400, "invalid_token", Class::Channel),
        (400, "else", Class::Temporary),
        (200, "ok", Class::Accepted),
        (202, "error 429 of ours", Class::Temporary),
        (404, "invalid_token", Class::Channel),
        (413, "", Class::Alert),
    ] {
        let answer = Answer::made(status, body);
        assert_eq!(answer.class(&rules), class, "{status} {body}");
    }
}

// Issue 16, point 4.
#[test]
fn a_reason_ends_with_what_is_to_be_mended() {
    let rules = [Rule::new(403, "", Class::Channel).hint("its token may not write")];
    let refusal = Answer::made(403, "forbidden").judge(&rules).unwrap_err();
    assert_eq!(
        refusal.reason(),
        "answered 403 forbidden: its token may not write"
    );
    let refusal = Answer::made(404, "").judge(&rules).unwrap_err();
    assert_eq!(refusal.reason(), "answered 404");
}

#[test]
fn a_message_that_is_refused_is_sent_once_more_in_short() {
    for (first, second, sent, expected) in [
        (200, 200, 1, "accepted"),
        (400, 200, 2, "accepted"),
        (413, 400, 2, "alert"),
        (422, 503, 2, "temporary"),
        (401, 200, 1, "channel"),
        (409, 200, 1, "alert"),
        (500, 200, 1, "temporary"),
    ] {
        let bodies = std::cell::RefCell::new(Vec::new());
        let send = |body: &Value, _| {
            bodies.borrow_mut().push(body.as_str().map(str::to_owned));
            let is_first = bodies.borrow().len() == 1;
            Ok(Answer::made(if is_first { first } else { second }, ""))
        };
        let timeout = Duration::from_secs(9);
        let ended = send_or_short(timeout, &[], &"full".into(), &|| "short".into(), &send);
        let ended = match ended {
            Ok(_) => "accepted",
            Err(Refusal::Temporary { .. }) => "temporary",
            Err(Refusal::Channel { .. }) => "channel",
            Err(_) => "alert",
        };
        assert_eq!(ended, expected, "{first} {second}");
        assert_eq!(
            bodies.into_inner(),
            ["full", "short"].map(|body| Some(body.to_owned()))[..sent]
        );
    }
}

#[test]
fn a_pause_is_asked_for_in_seconds_by_a_date_or_in_the_body() {
    let with = |name: &'static str, value: &'static str| {
        let mut answer = Answer::made(429, "");
        let date = HeaderValue::from_static("Sun, 06 Nov 1994 08:49:30 GMT");
        answer.headers.insert("date", date);
        let value = HeaderValue::from_static(value);
        answer.headers.insert(name, value);
        answer.retry_after()
    };
    let seconds = |seconds| Some(Duration::from_secs_f64(seconds));
    for (value, expected) in [
        ("30", seconds(30.0)),
        (" 0.5 ", seconds(0.5)),
        ("Sun, 06 Nov 1994 08:49:37 GMT", seconds(7.0)),
        ("Sunday, 06-Nov-94 08:49:37 GMT", seconds(7.0)),
        ("Sun Nov  6 08:49:37 1994", seconds(7.0)),
        ("Sat, 05 Nov 1994 08:49:37 GMT", None),
        ("0", None),
        ("soon", None),
        ("-1", None),
        ("NaN", None),
        ("", None),
    ] {
        assert_eq!(with("retry-after", value), expected, "{value}");
    }
    for (body, expected) in [
        (r#"{"retry_after": 0.25, "global": false}"#, seconds(0.25)),
        (r#"{"retry_after": "x"}"#, None),
        ("rate_limited", None),
    ] {
        assert_eq!(Answer::made(429, body).retry_after(), expected, "{body}");
    }
}

#[test]
fn an_answer_that_repeats_a_secret_is_judged_by_but_not_quoted() {
    let mut answer = Answer::made(400, "no such key: SECRET");
    assert_eq!(answer.reason(), "answered 400 no such key: SECRET");
    answer.is_quotable = false;
    let rules = [Rule::new(400, "no such key", Class::Channel)];
    assert_eq!(format!("{answer:?}"), "answered 400");
    assert_eq!(
        answer.judge(&rules),
        Err(Refusal::Channel {
            reason: "answered 400".to_owned()
        })
    );
}

/// A connection that is closed before all is read is reset.
#[test]
fn of_a_connection_that_is_reset_the_reason_says_that_the_message_may_have_arrived() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/x", server.local_addr().unwrap());
    let answering = thread::spawn(move || {
        let (client, _) = server.accept().unwrap();
        let mut request = [0; 4096];
        let mut is_whole = || {
            let length = client.peek(&mut request).unwrap();
            length == 0 || request[..length].ends_with(b"no route")
        };
        while !is_whole() {
            thread::sleep(Duration::from_millis(1));
        }
    });
    let url = Url::parse(&url).unwrap();
    let post = Post::text(&url, "no route");
    let Err(Refusal::Temporary { reason, .. }) = post.send(Duration::from_secs(30)) else {
        panic!("it was answered")
    };
    assert!(reason.ends_with("the message may have arrived"), "{reason}");
    answering.join().unwrap();
}

/// It read as if nobody had been reached.
#[test]
fn of_an_answer_that_breaks_off_in_its_head_the_reason_says_that_the_message_may_have_arrived() {
    for part in ["", "HTTP/1.1 2", "HTTP/1.1 200 OK\r\nContent-Le"] {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/x", server.local_addr().unwrap());
        let answering = thread::spawn(move || {
            let (mut client, _) = server.accept().unwrap();
            client.write_all(part.as_bytes()).unwrap();
            client.shutdown(Shutdown::Write).unwrap();
            // What is not read would reset the connection.
            client.read_to_end(&mut Vec::new()).unwrap();
        });
        let url = Url::parse(&url).unwrap();
        let post = Post::text(&url, "no route");
        let Err(Refusal::Temporary { reason, .. }) = post.send(Duration::from_secs(30)) else {
            panic!("{part}")
        };
        assert!(
            reason.ends_with("the message may have arrived"),
            "{part}: {reason}"
        );
        answering.join().unwrap();
    }
}
