//! Issue 12, point 25: words that were taken and went elsewhere, or were refused though they are
//! right. What each becomes was looked at in what Apprise posts to, and in the services' own URLs.

use super::*;

/// What follows a workflow's id in its URL.
fn invoke(version: &str) -> String {
    format!(
        "/triggers/manual/paths/invoke?api-version={version}&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=s3cr3t"
    )
}

#[test]
fn a_word_goes_where_the_program_that_it_comes_from_would_post() {
    let workflow = |start: &str, version: &str| format!("{start}/workflows/abc{}", invoke(version));
    let automate = "/powerautomate/automations/direct";
    let power = "https://x.7.environment.api.powerplatform.com";
    for (word, destination) in [
        // The path of the webhook's own URL after the scheme.
        (
            "rocketchat://rc.example/hooks/s3cr3t",
            "https://rc.example/hooks/s3cr3t".to_owned(),
        ),
        (
            "rockets://rc.example/hooks/a/s3cr3t",
            "https://rc.example/hooks/a/s3cr3t".to_owned(),
        ),
        (
            "mattermost://mm.example/hooks/s3cr3t",
            "https://mm.example/hooks/s3cr3t".to_owned(),
        ),
        (
            "mmosts://mm.example/hooks/hooks/s3cr3t",
            "https://mm.example/hooks/s3cr3t".to_owned(),
        ),
        (
            "slack://services/T0/B0/s3cr3t",
            "https://hooks.slack.com/services/T0/B0/s3cr3t".to_owned(),
        ),
        (
            "slack://hooks.slack-gov.com/services/T0/B0/s3cr3t",
            "https://hooks.slack-gov.com/services/T0/B0/s3cr3t".to_owned(),
        ),
        (
            "discord://discord.com/api/webhooks/1/s3cr3t",
            "https://discord.com/api/webhooks/1/s3cr3t".to_owned(),
        ),
        // Below a folder of the host.
        (
            "mmosts://h.example/sub/path/s3cr3t",
            "https://h.example/sub/path/hooks/s3cr3t".to_owned(),
        ),
        (
            "mmost://127.0.0.1:80/mm/hooks/s3cr3t",
            "http://127.0.0.1:80/mm/hooks/s3cr3t".to_owned(),
        ),
        (
            "rocket://h.example/chat/hooks/a/s3cr3t",
            "https://h.example/chat/hooks/a/s3cr3t".to_owned(),
        ),
        // A version of the service, and a thread.
        (
            "https://discord.com/api/v10/webhooks/1/s3cr3t",
            "https://discord.com/api/v10/webhooks/1/s3cr3t".to_owned(),
        ),
        (
            "https://canary.discord.com/api/webhooks/1/s3cr3t?thread_id=2",
            "https://canary.discord.com/api/webhooks/1/s3cr3t?thread_id=2".to_owned(),
        ),
        // Options in any place and in any case.
        (
            "workflows://h.example/abc/s3cr3t/?image=yes&wrap=yes&pa=yes&ver=1",
            workflow(&format!("https://h.example{automate}"), "1"),
        ),
        (
            "workflows://h.example/abc/s3cr3t?PA=True&route=07",
            workflow(
                &format!("https://h.example{automate}/cu/07"),
                "2022-03-01-preview",
            ),
        ),
        (
            "workflows://h.example/abc/s3cr3t?pa=no&ver=1",
            workflow("https://h.example", "1"),
        ),
        (
            "workflows://h.example/abc/s3cr3t?xsig=1",
            workflow("https://h.example", "2016-06-01"),
        ),
        // The host says which it is.
        (
            "workflows://x.7.environment.api.powerplatform.com/abc/s3cr3t",
            workflow(&format!("{power}{automate}"), "1"),
        ),
    ] {
        assert_eq!(identity(word).as_ref(), Ok(&destination), "{word}");
    }
}

#[test]
fn the_clouds_of_microsoft_are_known_and_nothing_that_only_looks_like_them() {
    for host in [
        "prod-1.westus.logic.azure.com:443",
        "prod-1.usgovvirginia.logic.azure.us",
        "prod-1.chinaeast2.logic.azure.cn:443",
        "x.environment.api.powerplatform.com:443",
        "x.environment.api.gov.powerplatform.microsoft.us",
        "x.environment.api.high.powerplatform.microsoft.us:443",
    ] {
        let word = format!("https://{host}/workflows/abc?sig=s3cr3t");
        assert_eq!(identity(&word).as_ref(), Ok(&word));
    }
    for host in [
        "logic.azure.com",
        "x.logic.azure.com.evil.example",
        "x.logic.azure.de",
        "evil-logic.azure.us",
        "powerplatform.microsoft.us",
        "x.api.evil.example",
    ] {
        let word = format!("https://{host}/workflows/abc?sig=s3cr3t");
        let problem = identity(&word).unwrap_err();
        assert!(
            problem.contains("does not say which service"),
            "{word}: {problem}"
        );
    }
}

#[test]
fn what_would_go_elsewhere_is_refused_with_the_reason_and_what_to_write() {
    let its_channel = "a webhook has its own: make a webhook for that channel";
    let host_first = "write the host before the keys";
    let incoming = "make an incoming webhook";
    let leave_out = "leave that out; write ";
    let key = "s3cr3t789abcdef0123456789a";
    for (word, said) in [
        // Half of the secret would be asked of a name server.
        ("rockets://s3cr3t/KEYB@rc.example", host_first),
        ("mattermost://s3cr3t/x@mm.example", host_first),
        ("workflows://s3cr3t/abc@h.example", host_first),
        (&format!("rocketchat://{key}/b"), host_first),
        (&format!("mmosts://{key}/general"), host_first),
        ("slack://T0/B0/s3cr3t@webhook", "no `@`"),
        ("discord://1/s3cr3t@x", "no `@`"),
        ("https://discord.com/api/webhooks/1/s3cr3t@x", "no `@`"),
        ("https://hooks.slack.com/services/T0/B0/s3cr3t@x", "no `@`"),
        // The channel is the webhook's.
        ("mmosts://mm.example/s3cr3t?to=town-square", its_channel),
        (
            "mmosts://mm.example/s3cr3t?image=no&Channel=town-square",
            its_channel,
        ),
        ("rocketchat://rc.example/a/s3cr3t?to=ops", its_channel),
        ("slack://T0/B0/s3cr3t?to=ops", its_channel),
        ("slack://T0/B0/s3cr3t?footer=no&channels=ops", its_channel),
        (
            "https://hooks.slack.com/services/T0/B0/s3cr3t?channel=ops",
            its_channel,
        ),
        ("workflows://h.example/abc/s3cr3t?to=ops", its_channel),
        (
            &format!("mattermost://mm.example/{key}/general"),
            "a webhook has its own",
        ),
        // What another program sends.
        ("https://discord.com/api/webhooks/1/s3cr3t/slack", leave_out),
        (
            "https://discord.com/api/v10/webhooks/1/s3cr3t/github/",
            leave_out,
        ),
        ("discord://1/s3cr3t/slack", leave_out),
        (
            "https://discord.com/api/webhooks/1/s3cr3t/messages/2",
            "nothing may follow",
        ),
        (
            "https://discord.com/api/x10/webhooks/1/s3cr3t",
            "not the URL of a webhook",
        ),
        // What is no incoming webhook.
        ("https://hooks.slack.com/triggers/T0/1/s3cr3t", incoming),
        ("https://hooks.slack.com/workflows/T0/1/s3cr3t", incoming),
        ("slack://hooks.slack.com/triggers/T0/1/s3cr3t", incoming),
        (
            "https://hooks.slack.com/services/services/T0/B0/s3cr3t",
            "contains `services` twice",
        ),
        (
            "https://hooks.slack.com/s3cr3t",
            "not the URL of an incoming webhook",
        ),
        // What Microsoft has switched off.
        (
            "https://x.webhook.office.com/webhookb2/s3cr3t",
            "make a workflow",
        ),
        (
            "teams://x.webhook.office.com/webhookb2/s3cr3t",
            "make a workflow",
        ),
        // Options that cannot be meant.
        (
            "workflows://h.example/abc/s3cr3t?route=7",
            "a route needs `pa=yes`",
        ),
        (
            "workflows://h.example/abc/s3cr3t?pa=yes&route=x/y",
            "not a number",
        ),
        (
            "workflows://h.example/abc/s3cr3t?ver=1%26sig",
            "its version is not one",
        ),
        // Which service it is.
        (
            "https://mm.example/hooks/s3cr3t",
            "write the service in place of `https`",
        ),
    ] {
        let problem = identity(word).expect_err(word);
        assert!(problem.contains(said), "{word}: {problem}");
        assert!(problem.contains("; write "), "{word}: {problem}");
        assert!(!problem.contains(SECRET), "{problem}");
    }
    // That advice holds when it is followed.
    assert!(identity("mattermost://mm.example/hooks/s3cr3t").is_ok());
}

/// A workflow's trigger is what newcomers find first in Slack.
#[test]
fn the_url_of_a_trigger_is_refused_in_code_too() {
    let problem = Slack::new("https://hooks.slack.com/triggers/T0/1/s3cr3t").unwrap_err();
    let problem = problem.to_string();
    assert!(problem.contains("make an incoming webhook"), "{problem}");
    assert!(!problem.contains(SECRET), "{problem}");
    assert!(Slack::new("https://hooks.slack.com/services/T0/B0/s3cr3t").is_ok());
}
