//! `sentry` as its documentation has it: a guard in `main`, a capture where something fails. With
//! `PEER_FLUSHES` the call waits until it is sent, two seconds at most, as its guard does.

use std::time::Duration;

mod common;

fn main() {
    let webhook = std::env::var("SLACK_ALERTS_WEBHOOK_URL").unwrap();
    let host = webhook.split('/').nth(2).unwrap();
    let _guard = sentry::init((
        format!("http://key@{host}/1"),
        sentry::ClientOptions::default(),
    ));
    let flushes = std::env::var_os("PEER_FLUSHES").is_some();
    // It keeps no state: whatever fails is captured, and what does not costs nothing.
    common::run(|_| {
        sentry::capture_error(&std::io::Error::other(common::ERROR));
        if flushes && let Some(client) = sentry::Hub::current().client() {
            client.flush(Some(Duration::from_secs(2)));
        }
    });
}
