//! Issue 16, point 4: words of Google Chat, ntfy, mail and Jira Service Management, as the users of
//! Apprise know them.

use super::*;
use crate::notifier::{Hidden, Ours};

#[test]
fn each_word_becomes_what_it_names() {
    let gchat = |end: &str| {
        format!(
            "https://chat.googleapis.com/v1/spaces/AAAA/messages?key=AIza-x&token=s3cr3t%3D {end}"
        )
    };
    for (word, destination) in [
        ("gchat://AAAA/AIza-x/s3cr3t%3D", gchat("")),
        ("gchat://AAAA/AIza-x/s3cr3t%3D/nightly", gchat("nightly")),
        (
            "gchat://AAAA/AIza-x/s3cr3t%3D?thread=nightly",
            gchat("nightly"),
        ),
        (
            "https://chat.googleapis.com/v1/spaces/AAAA/messages?key=AIza-x&token=s3cr3t%3D",
            gchat(""),
        ),
        (
            "gchat://chat.googleapis.com/v1/spaces/AAAA/messages?token=s3cr3t%3D&key=AIza-x&threadKey=x",
            gchat("x"),
        ),
        (
            "gchat://127.0.0.1:80/v1/spaces/AAAA/messages?key=AIza-x&token=s3cr3t%3D",
            gchat("").replace("https://chat.googleapis.com", "http://127.0.0.1:80"),
        ),
        (
            "ntfys://s3cr3t_topic",
            "ntfy:https://ntfy.sh/s3cr3t_topic".to_owned(),
        ),
        (
            "ntfy://s3cr3t_topic",
            "ntfy:https://ntfy.sh/s3cr3t_topic".to_owned(),
        ),
        (
            "https://ntfy.sh/s3cr3t_topic",
            "ntfy:https://ntfy.sh/s3cr3t_topic".to_owned(),
        ),
        (
            "ntfys://n.example/jobs",
            "ntfy:https://n.example/jobs".to_owned(),
        ),
        (
            "ntfys://tk_s3cr3t@n.example:8443/jobs/",
            "ntfy:https://n.example:8443/jobs".to_owned(),
        ),
        (
            "ntfy://me:s3cr3t@127.0.0.1:80/jobs",
            "ntfy:http://127.0.0.1:80/jobs".to_owned(),
        ),
        (
            "ntfys://n.example/jobs?token=tk_s3cr3t&priority=max",
            "ntfy:https://n.example/jobs".to_owned(),
        ),
        (
            "sendmail:///usr/sbin/sendmail?to=anna@example.com,root",
            "sendmail:/usr/sbin/sendmail  anna@example.com,root".to_owned(),
        ),
        (
            "jira://s3cr3t-0123",
            "https://api.atlassian.com/jsm/ops/integration/v2/alerts s3cr3t-0123".to_owned(),
        ),
        (
            "opsgenie://s3cr3t-0123",
            "https://api.opsgenie.com/v2/alerts s3cr3t-0123".to_owned(),
        ),
        (
            "opsgenie://s3cr3t-0123/?region=EU",
            "https://api.eu.opsgenie.com/v2/alerts s3cr3t-0123".to_owned(),
        ),
        (
            "jira://127.0.0.1:80/s3cr3t-0123",
            "http://127.0.0.1:80/jsm/ops/integration/v2/alerts s3cr3t-0123".to_owned(),
        ),
    ] {
        assert_eq!(identity(word).as_ref(), Ok(&destination), "{word}");
    }
}

#[test]
fn what_cannot_be_used_is_refused_with_the_reason_and_what_to_write() {
    for (word, said) in [
        ("gchat://AAAA/s3cr3t", "not a space, a key and a token"),
        (
            "gchat://AAAA/x/s3cr3t/y/z",
            "not a space, a key and a token",
        ),
        ("gchat://AAAA/x/s3cr3t|y", "not a space, a key and a token"),
        ("gchat://me@AAAA/x/s3cr3t", "before an `@`"),
        (
            "https://chat.googleapis.com/v1/spaces/s3cr3t",
            "not the URL of a webhook",
        ),
        ("ntfys://s3cr3t.example", "it has no topic"),
        ("ntfys://n.example/s3cr3t/other", "a word for each topic"),
        ("ntfys://n.example/a?to=s3cr3t", "a word for each topic"),
        ("ntfys://localhost", "it has no topic"),
        ("ntfys://", "it has no topic"),
        ("ntfys://tk%0as3cr3t@n.example/jobs", "nobody can write"),
        ("sendmail://s3cr3t", "three slashes"),
        ("jira://s3cr3t", "its key is not"),
        ("jira://s3cr3t-0123/team", "knows whom to call"),
        ("jira://s3cr3t-0123?to=team", "knows that"),
        (
            "opsgenie://s3cr3t-0123?region=mars",
            "neither `us` nor `eu`",
        ),
        (
            "opsgenie://api.evil.example/s3cr3t-0123",
            "knows whom to call",
        ),
    ] {
        let problem = identity(word).expect_err(word);
        assert!(problem.contains(said), "{word}: {problem}");
        assert!(problem.contains("; write "), "{word}: {problem}");
        assert!(!problem.contains(SECRET), "{problem}");
    }
}

#[cfg(feature = "email")]
#[test]
fn a_server_of_mail_is_named_with_who_writes_and_who_reads() {
    for (word, destination) in [
        (
            "mailtos://me:s3cr3t@mail.example/?from=jobs@a.example&to=anna@b.example",
            "smtp:mail.example:587 jobs@a.example anna@b.example",
        ),
        (
            "mailtos://me:s3cr3t@mail.example:465/?to=anna@b.example,bert@b.example",
            "smtp:mail.example:465 me@mail.example anna@b.example,bert@b.example",
        ),
        (
            "mailtos://me%40a.example:s3cr3t@mail.example?mode=ssl",
            "smtp:mail.example:465 me@a.example me@a.example",
        ),
        (
            "mailtos://me:s3cr3t@a.example?smtp=mail.a.example:2525",
            "smtp:mail.a.example:2525 me@a.example me@a.example",
        ),
        (
            "mailto://[::1]:25/?from=jobs@a.example&to=anna@b.example",
            "smtp:::1:25 jobs@a.example anna@b.example",
        ),
        (
            "mailtos://127.0.0.1?from=jobs@a.example",
            "smtp:127.0.0.1:25 jobs@a.example jobs@a.example",
        ),
    ] {
        assert_eq!(identity(word).as_deref(), Ok(destination), "{word}");
    }
    for (word, said) in [
        (
            "mailto://me:s3cr3t@mail.example?to=a@b.example",
            "use `mailtos://`",
        ),
        ("mailtos://mail.example?to=s3cr3t@b.example", "who writes"),
        ("mailtos://me:s3cr3t@mail.example?to=nobody", "no address"),
        ("mailtos://me:s3cr3t@mail.example:99999", "its port"),
        (
            "mailtos://me:s3cr3t@mail.example?mode=insecure",
            "neither `ssl` nor `starttls`",
        ),
        ("mailtos://me:s3cr3t@?to=a@b.example", "it has no host"),
    ] {
        let problem = identity(word).expect_err(word);
        assert!(problem.contains(said), "{word}: {problem}");
        assert!(problem.contains("; write mailto"), "{word}: {problem}");
        assert!(!problem.contains(SECRET), "{problem}");
    }
}

#[cfg(not(feature = "email"))]
#[test]
fn a_server_of_mail_needs_a_feature_that_is_named() {
    let problem = identity("mailtos://me:s3cr3t@mail.example?to=a@b.example").unwrap_err();
    assert!(problem.contains("the feature `email`"), "{problem}");
    assert!(!problem.contains(SECRET), "{problem}");
}

/// Issue 16, point 4: no secret in any output.
#[test]
fn the_secrets_of_each_are_known_and_nothing_else_is_taken_for_one() {
    use crate::os::redact::{self, Secrets};
    for (word, text, hidden) in [
        (
            "gchat://AAAAspace/AIzaKEY01/s3cr3tTOKEN/nightly-jobs",
            "AIzaKEY01 s3cr3tTOKEN nightly-jobs sends messages",
            "[hidden] [hidden] nightly-jobs sends messages",
        ),
        (
            "https://chat.googleapis.com/v1/spaces/AAAA/messages?key=AIzaKEY01&token=s3cr3tTOKEN",
            "key AIzaKEY01, token s3cr3tTOKEN, of the messages",
            "key [hidden], token [hidden], of the messages",
        ),
        ("ntfys://s3cr3t_topic", "to s3cr3t_topic", "to [hidden]"),
        ("ntfys://alerts", "these are alerts", "these are alerts"),
        (
            "ntfys://tk_s3cr3t@ntfy.example/nightly-jobs",
            "nightly-jobs of ntfy.example by tk_s3cr3t",
            "nightly-jobs of ntfy.example by [hidden]",
        ),
        (
            "ntfys://me:s3cr3tpass@ntfy.example/nightly-jobs",
            "s3cr3tpass bWU6czNjcjN0cGFzcw==",
            "[hidden] [hidden]",
        ),
        (
            "sendmail:///usr/sbin/sendmail?to=anna@example.com",
            "/usr/sbin/sendmail wrote to anna@example.com",
            "/usr/sbin/sendmail wrote to anna@example.com",
        ),
        (
            "jira://s3cr3t-0123",
            "GenieKey s3cr3t-0123",
            "GenieKey [hidden]",
        ),
        (
            "opsgenie://s3cr3t-0123?region=eu",
            "GenieKey s3cr3t-0123",
            "GenieKey [hidden]",
        ),
        #[cfg(feature = "email")]
        (
            "mailtos://me:s3cr3t%2Fpass@mail.example?to=anna@example.com",
            "me says s3cr3t/pass, or s3cr3t%2Fpass, to mail.example for anna@example.com",
            "me says [hidden], or [hidden], to mail.example for anna@example.com",
        ),
    ] {
        let notifier = direct(word, &Ok(None)).unwrap();
        let of_notifier = notifier.hidden(Ours::new());
        let of_notifier = of_notifier.iter().flat_map(Hidden::texts);
        let secrets = Secrets::new(redact::of_word(word).into_iter().chain(of_notifier));
        assert_eq!(secrets.hide(text), hidden, "{word}");
        let whole = secrets.hide(word);
        assert!(!whole.contains(SECRET), "{whole}");
    }
}
