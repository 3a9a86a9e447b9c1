mod elsewhere;
mod services;

use std::fs;
use std::time::Duration;

use super::*;
use crate::notifier::Refusal;
use crate::testing::{Folder, alert};

/// A secret part, which no problem may show.
const SECRET: &str = "s3cr3t";

fn made(value: &str) -> (Vec<String>, Vec<String>) {
    let (notifiers, problems) = notifiers("NOTIFY_ALERTS_URL", value.as_ref(), &Ok(None));
    let identities = notifiers.iter().map(|(notifier, _)| notifier.identity());
    let problems = problems.iter().map(|problem| format!("{problem:?}"));
    (identities.collect(), problems.collect())
}

/// The identity of what one word becomes.
fn identity(word: &str) -> Result<String, String> {
    direct(word, &Ok(None)).map(|notifier| notifier.identity())
}

const SLACK: &str = "https://hooks.slack.com/services/T0/B0/s3cr3t";

/// Words, and what they become, by its identity.
const TABLE: &[(&str, &str)] = &[
    ("slack://T0/B0/s3cr3t", SLACK),
    ("slack://T0/B0/s3cr3t/", SLACK),
    (
        "slack://xoxb-1-2-s3cr3t/#ops",
        "https://slack.com/api xoxb-1-2 #ops",
    ),
    (
        "tgram://123:s3cr3t/-100",
        "telegram:https://api.telegram.org 123 -100:0",
    ),
    (
        "matrixs://s3cr3t@m.example/!room:m.example",
        "matrix:https://m.example !room:m.example",
    ),
    ("SLACK://T0/B0/s3cr3t", SLACK),
    ("slack://hook:T0-B0-s3cr3t@webhook", SLACK),
    ("slack://hook:T0-B0-s3cr3t@webhook?color=good", SLACK),
    (SLACK, SLACK),
    (
        "https://hooks.slack-gov.com/services/T0/B0/s3cr3t",
        "https://hooks.slack-gov.com/services/T0/B0/s3cr3t",
    ),
    (
        "mattermost://mm.example/s3cr3t",
        "https://mm.example/hooks/s3cr3t",
    ),
    (
        "mmosts://mm.example:8443/s3cr3t",
        "https://mm.example:8443/hooks/s3cr3t",
    ),
    (
        "mattermost://127.0.0.1:8065/s3cr3t",
        "http://127.0.0.1:8065/hooks/s3cr3t",
    ),
    (
        "rocketchat://rc.example/a/s3cr3t",
        "https://rc.example/hooks/a/s3cr3t",
    ),
    (
        "rocket://rc.example/s3cr3t",
        "https://rc.example/hooks/s3cr3t",
    ),
    (
        "discord://123/s3cr3t-_",
        "https://discord.com/api/webhooks/123/s3cr3t-_",
    ),
    (
        "discord://s3cr3t@123",
        "https://discord.com/api/webhooks/123/s3cr3t",
    ),
    (
        "discord://s3cr3t@123?splitLines=yes&thread_id=456",
        "https://discord.com/api/webhooks/123/s3cr3t?thread_id=456",
    ),
    (
        "https://ptb.discord.com/api/webhooks/1/s3cr3t",
        "https://ptb.discord.com/api/webhooks/1/s3cr3t",
    ),
    (
        "workflows://prod-1.westus.logic.azure.com:443/abc/s3cr3t/",
        "https://prod-1.westus.logic.azure.com:443/workflows/abc/triggers/manual/paths/invoke\
                 ?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=s3cr3t",
    ),
    (
        "workflow://127.0.0.1:80/abc/s3cr3t?pa=yes",
        "http://127.0.0.1:80/powerautomate/automations/direct/workflows/abc/triggers/manual/paths/invoke\
                 ?api-version=2022-03-01-preview&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=s3cr3t",
    ),
    (
        "teams://x.example/a/b/c?v=1&sig=s3cr3t",
        "https://x.example/a/b/c?v=1&sig=s3cr3t",
    ),
    (
        "https://prod-1.westus.logic.azure.com:443/workflows/abc?sig=s3cr3t",
        "https://prod-1.westus.logic.azure.com:443/workflows/abc?sig=s3cr3t",
    ),
    (
        "https://a.b.environment.api.powerplatform.com/x?sig=s3cr3t",
        "https://a.b.environment.api.powerplatform.com/x?sig=s3cr3t",
    ),
    (
        "pagerduty://s3cr3t789abcdef0123456789abcdef0",
        "https://events.pagerduty.com/v2/enqueue s3cr3t789abcdef0123456789abcdef0",
    ),
    (
        "pagerduty:///s3cr3t789abcdef0123456789abcdef0",
        "https://events.pagerduty.com/v2/enqueue s3cr3t789abcdef0123456789abcdef0",
    ),
    (
        "pagerduty://events.eu.pagerduty.com/s3cr3t789abcdef0123456789abcdef0",
        "https://events.eu.pagerduty.com/v2/enqueue s3cr3t789abcdef0123456789abcdef0",
    ),
    (
        "jsons://x.example/a/b?k=s3cr3t",
        "json:https://x.example/a/b?k=s3cr3t",
    ),
    (
        "json://127.0.0.1:8080/s3cr3t",
        "json:http://127.0.0.1:8080/s3cr3t",
    ),
    ("json://[::1]/s3cr3t", "json:http://[::1]/s3cr3t"),
    ("exec:///bin/tell", "exec:/bin/tell"),
    (
        "exec:///bin/tell?arg=a%20b&arg=c+d&arg=%C3%A9=",
        "exec:/bin/tell\0a b\0c+d\0é=",
    ),
    ("exec:///my%20bin/tell", "exec:/my bin/tell"),
    ("exec:///bin/tell?text=yes&arg=a", "exec:/bin/tell\0a"),
    (
        "gchat://AAAA/key/s3cr3t",
        "https://chat.googleapis.com/v1/spaces/AAAA/messages?key=key&token=s3cr3t ",
    ),
    ("ntfys://s3cr3t", "ntfy:https://ntfy.sh/s3cr3t"),
    (
        "sendmail:///bin/sendmail?to=root",
        "sendmail:/bin/sendmail  root",
    ),
    #[cfg(feature = "email")]
    (
        "mailtos://me:s3cr3t@mail.example",
        "smtp:mail.example:587 me@mail.example me@mail.example",
    ),
    #[cfg(feature = "email")]
    (
        "mailto://127.0.0.1?from=a@a.example",
        "smtp:127.0.0.1:25 a@a.example a@a.example",
    ),
    (
        "jira://s3cr3t-0123",
        "https://api.atlassian.com/jsm/ops/integration/v2/alerts s3cr3t-0123",
    ),
    (
        "opsgenie://s3cr3t-0123",
        "https://api.opsgenie.com/v2/alerts s3cr3t-0123",
    ),
    ("file:/run/secrets/alerts", "file:/run/secrets/alerts"),
];

/// Returns the kinds that this build knows.
fn schemes() -> impl Iterator<Item = &'static Scheme> {
    let is_off = |scheme: &&Scheme| scheme.form.starts_with("mailto") && !cfg!(feature = "email");
    SCHEMES.iter().filter(move |scheme| !is_off(scheme))
}

#[test]
fn every_form_becomes_its_destination() {
    for (word, destination) in TABLE {
        let expected = (vec![(*destination).to_owned()], Vec::new());
        assert_eq!(made(word), expected, "{word}");
    }
    for scheme in schemes() {
        let is_walked = |name: &&str| {
            let start = format!("{name}://");
            TABLE.iter().any(|(word, _)| word.starts_with(&start))
        };
        assert!(scheme.names.iter().any(is_walked), "{}", scheme.form);
    }
}

#[test]
fn every_form_that_is_shown_as_the_right_one_can_be_used() {
    for form in schemes()
        .flat_map(|scheme| scheme.form.split(" or "))
        .chain([FILE])
    {
        let (made, problems) = made(form);
        assert_eq!((made.len(), problems.len()), (1, 0), "{form}: {problems:?}");
    }
}

#[test]
fn what_cannot_be_used_is_a_problem_with_the_right_form_and_without_the_secret() {
    for (word, form) in [
        ("s3cr3t", "slack://"),
        // As a file of settings may leave it.
        ("\"slack://T0/B0/s3cr3t\"", "in quotation marks"),
        ("'slack://T0/B0/s3cr3t'", "in quotation marks"),
        ("/s3cr3t", "exec:///"),
        ("s3cr3t://x", "slack://"),
        ("://s3cr3t", "slack://"),
        ("slack://s3cr3t", "slack://TokenA"),
        ("slack://", "slack://TokenA"),
        ("slack://T0/B0/s3cr3t/#general", "slack://TokenA"),
        ("slack://T0/B0/s3cr3t/general", "slack://TokenA"),
        ("slack://bot@T0/B0/s3cr3t", "slack://TokenA"),
        ("slack://T0//s3cr3t", "slack://TokenA"),
        ("slack://T0/../s3cr3t", "slack://TokenA"),
        ("slack://xoxb-123-s3cr3t", "slack://TokenA"),
        ("slack://xoxb:1-2-s3cr3t@C001", "slack://TokenA"),
        ("mattermost://s3cr3t", "mattermost://host/key"),
        (
            "mattermost://bot@mm.example/s3cr3t",
            "mattermost://host/key",
        ),
        (
            "mattermost://mm.example/s3cr3t789abcdef0123456789a/general",
            "mattermost://host/key",
        ),
        ("mattermost:///s3cr3t", "mattermost://host/key"),
        ("rocketchat://rc.example/a/b/s3cr3t", "rocketchat://host"),
        ("discord://s3cr3t/123", "discord://1234567890"),
        ("discord://123", "discord://1234567890"),
        ("discord://bot@123/s3cr3t", "discord://1234567890"),
        ("discord://123/s3cr3t?thread=s3cr3t", "discord://1234567890"),
        ("discord://123/s3%63r3t", "discord://1234567890"),
        (
            "teams://group@s3cr3t/1/2?host=x.webhook.office.com",
            "workflows://host",
        ),
        ("workflows://x.example/s3cr3t", "workflows://host"),
        ("workflows:///abc/s3cr3t", "workflows://host"),
        ("https://logic.azure.com.evil.example/s3cr3t", "mattermost"),
        ("https://evil-logic.azure.com/s3cr3t", "mattermost"),
        ("https://discord.com/s3cr3t", "not the URL of a webhook"),
        ("pagerduty://s3cr3t", "pagerduty://0123"),
        ("pagerduty://", "pagerduty://0123"),
        (
            "pagerduty://s3cr3t789abcdef0123456789abcdef0@api",
            "pagerduty://0123",
        ),
        (
            "pagerduty://evil.example/s3cr3t789abcdef0123456789abcdef0",
            "pagerduty://0123",
        ),
        ("json://x.example/s3cr3t", "use `jsons://`"),
        ("json://localhost/s3cr3t", "use `jsons://`"),
        ("jsons://user:s3cr3t@x.example/", "jsons://host"),
        ("jsons:///s3cr3t", "jsons://host"),
        ("jsons://x.example:99999/s3cr3t", "jsons://host"),
        ("exec://bin/s3cr3t", "exec:///path"),
        ("exec:///", "exec:///path"),
        (
            "exec:/bin/s3cr3t",
            "it has no `://`; write exec:///path/to/program?arg=one&arg=two\"",
        ),
        ("exec:///bin/s3cr3t?token=s3cr3t", "exec:///path"),
        ("exec:///bin/s3cr3t?text=s3cr3t", "exec:///path"),
        ("exec:///bin/s3cr3t?arg=%", "exec:///path"),
        ("exec:///bin/s3cr3t?arg=%+1", "exec:///path"),
        ("exec:///bin/s3cr3t?arg=%00", "exec:///path"),
        ("https://x.example/s3cr3t", "mattermost"),
        (
            "https://hooks.slack.com.evil.example/services/s3cr3t",
            "mattermost",
        ),
        (
            "https://hooks.slack.com@evil.example/services/s3cr3t",
            "before its host",
        ),
        (
            "https://hooks.slack.com/workflows/s3cr3t",
            "make an incoming webhook",
        ),
        ("http://hooks.slack.com/s3cr3t", "https://hooks.slack.com"),
        ("file:s3cr3t", "file:/path"),
        ("file:", "file:/path"),
    ] {
        let (made, problems) = made(word);
        assert_eq!((made.len(), problems.len()), (0, 1), "{word}");
        let problem = &problems[0];
        assert!(problem.contains("NOTIFY_ALERTS_URL"), "{problem}");
        assert!(problem.contains(form), "{word}: {problem}");
        assert!(!problem.contains(SECRET), "{problem}");
    }
}

#[test]
fn one_bad_word_silences_no_other() {
    let (made, problems) =
        made("  slack://T0/B0/s3cr3t\njson://x.example/s3cr3t  exec:///bin/tell ");
    assert_eq!(made.len(), 2);
    assert!(
        problems[0].contains("word 2 of NOTIFY_ALERTS_URL cannot be used"),
        "{problems:?}"
    );
    assert_eq!(self::made(" \n"), (Vec::new(), Vec::new()));
}

#[test]
fn a_key_that_cannot_be_used_sends_nothing_unsigned() {
    let signing: Signing = Err("its key is empty");
    let value = "jsons://x.example/ slack://T0/B0/s3cr3t";
    let (made, problems) = notifiers("NOTIFY_ALERTS_URL", value.as_ref(), &signing);
    assert_eq!((made.len(), problems.len()), (1, 1));
    assert!(format!("{problems:?}").contains("its key is empty"));
}

#[cfg(unix)]
#[test]
fn a_file_is_read_at_each_send_and_its_faults_break_the_channel() {
    let folder = Folder::new();
    let path = folder.path().join("word");
    let word = format!("file:{}", path.display());
    let notifier = Service::read(&word, &Ok(None)).unwrap();
    let send = || notifier.notify(&[alert("etl", "1")], Duration::from_secs(30));
    for (content, said) in [
        (None, Some("does not exist")),
        (Some(""), Some("is empty")),
        (Some("exec:///bin/sh?arg=-c&arg=exit%200"), None),
        (
            Some("exec:///bin/sh?arg=-c&arg=exit%2078\n"),
            Some("exit code 78"),
        ),
        (
            Some("exec:///bin/true exec:///bin/true"),
            Some("more than one word"),
        ),
        (Some("s3cr3t"), Some("write slack://")),
        (Some("file:/etc/s3cr3t"), Some("write slack://")),
    ] {
        if let Some(content) = content {
            fs::write(&path, content).unwrap();
        }
        match (send(), said) {
            (Ok(()), None) => {}
            (Err(Refusal::Channel { reason }), Some(said)) => {
                assert!(
                    reason.contains(said) && !reason.contains(SECRET),
                    "{reason}"
                );
            }
            (other, _) => panic!("{content:?}: {other:?}"),
        }
    }
}
