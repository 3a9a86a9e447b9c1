//! Many failures at once, sent in few messages to a webhook that takes one a second.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "it is a test, all of it"
)]

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Instant;

use crate::support::delivered;
use crate::support::{Answer, Folder, Program, Receiver};

#[test]
fn some_failures_while_a_webhook_is_down_leave_as_few_messages_when_it_is_up() {
    fail(60, 6);
}

#[test]
#[ignore = "it takes half a minute"]
fn five_hundred_failures_while_a_webhook_is_down_leave_as_few_messages_when_it_is_up() {
    fail(500, 30);
}

/// Has so many jobs fail while the webhook is down, and counts their messages.
fn fail(jobs: usize, most: usize) {
    let folder = Folder::new();
    let bucket = Mutex::new((5.0, Instant::now()));
    let receiver = Receiver::down_then(Answer::Status(503, ""), move |_| {
        let mut bucket = bucket.lock().unwrap();
        let (tokens, since) = *bucket;
        let tokens = f64::min(tokens + since.elapsed().as_secs_f64(), 5.0);
        // A busy machine hands over one message up to a second late, and the next in time.
        let is_taken = tokens >= 0.0;
        *bucket = (tokens - f64::from(u8::from(is_taken)), Instant::now());
        if is_taken {
            Answer::Ok
        } else {
            Answer::With(429, "Retry-After: 1", "rate_limited")
        }
    });
    let burst = Program::new("ends").arg("burst").arg(jobs.to_string());
    let burst = burst.directory(&folder).alerts_as_json_to(&receiver);
    let ended = burst.env("NOTIFY_EXIT_SECONDS", "0.5").run();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let (waiting, while_down) = (folder.waiting_alerts().len(), receiver.requests().len());
    assert_eq!(waiting, jobs + 1, "and the program's own");

    receiver.mend();
    let begun = Instant::now();
    let has_drained = (0..12).any(|_| {
        let drain = Program::new("drain")
            .directory(&folder)
            .alerts_as_json_to(&receiver);
        drain.run().code == Some(0)
    });
    assert!(has_drained, "{:?}", folder.waiting_alerts().len());
    let requests = receiver.requests().split_off(while_down);
    let refused = requests
        .iter()
        .filter(|request| !request.is_accepted)
        .count();
    println!(
        "{waiting} alerts in {} messages, {refused} of them refused, in {:?}; {while_down} while it was down",
        requests.len(),
        begun.elapsed(),
    );
    let mut faults = Vec::new();
    let (events, repeats) = delivered::first_copies(&delivered::delivered(&receiver), &mut faults);
    let names: BTreeSet<_> = events.iter().map(|event| &event.job).collect();
    assert_eq!((events.len(), names.len(), repeats), (waiting, waiting, 0));
    faults.extend(delivered::wrong_beliefs(&folder, &events));
    faults.extend(delivered::litter(&folder));
    assert!(faults.is_empty(), "{faults:#?}");
    assert!(
        requests.len() <= most && refused == 0,
        "see the figures above"
    );
}
