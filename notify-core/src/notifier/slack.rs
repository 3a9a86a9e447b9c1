//! Slack's incoming webhooks, and those of Mattermost and Rocket.Chat, which take the like.

mod block_kit;
pub(super) mod bot;
mod markup;
mod mention;
mod payload;
pub(super) mod word;

use std::time::Duration;

use markup::Dialect;

use super::http::{Answer, Class, Post, Rule};
use super::{Hidden, Notifier, Ours, Refusal};
use crate::error::Error;
use crate::format::json::Value;
use crate::message::alert::Alert;
use crate::notifier::url::Destination;

/// What Slack's words mean. They are read before the status, for the statuses that they come with
/// have changed over the years; 200 and 5xx speak for themselves.
/// <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/#handling_errors>
const ANSWERS: [Rule; 3] = [
    // The payload, which may be refused for its form where a plain text is not.
    client(
        "invalid_payload|invalid_blocks|invalid_attachments|msg_blocks_too_long|msg_too_long|no_text|
         too_many_attachments|user_not_found",
        Class::Alert,
    ),
    // The webhook, until somebody mends it; `no_service_id` begins as `no_service` does.
    client(
        "invalid_token|action_prohibited|posting_to_general_channel_denied|team_disabled|channel_not_found|
         channel_is_archived|no_service|no_team|no_active_hooks",
        Class::Channel,
    ),
    // The moment.
    client("rollup_error|rate_limited", Class::Temporary),
];

/// Statuses that speak of the payload: a plain text may be taken.
const OF_THE_PAYLOAD: [u16; 4] = [400, 413, 414, 422];

const USER_NOT_FOUND: &str = "user_not_found";

const fn client(says: &'static str, class: Class) -> Rule {
    Rule::range(400..=499, says, class)
}

/// Posts to a Slack incoming webhook.
///
/// # Examples
///
/// ```
/// use pipeline_notify::{Config, Slack};
///
/// # fn main() -> Result<(), pipeline_notify::Error> {
/// let slack = Slack::new("https://hooks.slack.com/services/T000/B000/XXXX")?;
/// let config = Config::new().channel("data-alerts", slack);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Slack {
    destination: Destination,
    dialect: Dialect,
}

/// What is wrong with the URL that Slack's workflow builder shows.
pub(super) const TRIGGER: &str =
    "it is the trigger of a workflow, which takes no such message: make an incoming webhook";

impl Slack {
    /// Takes the webhook's URL, or `file:/path` of a file that holds it and is read at each send.
    ///
    /// # Errors
    ///
    /// [`Error::Webhook`] where it is no `https` URL, or that of a workflow's trigger. The error does
    /// not show it.
    pub fn new(webhook: &str) -> Result<Self, Error> {
        Self::parse(webhook).map_err(Error::webhook("slack"))
    }

    /// The same, with what is wrong alone, without the value.
    pub(crate) fn parse(webhook: &str) -> Result<Self, &'static str> {
        let is_trigger =
            |path: &str| path.starts_with("triggers/") || path.starts_with("workflows/");
        for host in ["https://hooks.slack.com/", "https://hooks.slack-gov.com/"] {
            if webhook.trim().strip_prefix(host).is_some_and(is_trigger) {
                return Err(TRIGGER);
            }
        }
        Destination::parse(webhook).map(Self::to)
    }

    /// Takes the webhook of a service that understands Slack's payload but not its blocks, such as
    /// Mattermost and Rocket.Chat.
    ///
    /// # Errors
    ///
    /// Those of [`Slack::new`].
    ///
    /// # Examples
    ///
    /// ```
    /// use pipeline_notify::{Config, Slack};
    ///
    /// # fn main() -> Result<(), pipeline_notify::Error> {
    /// let mattermost = Slack::compatible("https://chat.example.com/hooks/xxx")?;
    /// let config = Config::new().channel("alerts", mattermost);
    /// # Ok(())
    /// # }
    /// ```
    pub fn compatible(webhook: &str) -> Result<Self, Error> {
        Ok(Self::compatible_to(Self::new(webhook)?.destination))
    }

    pub(crate) fn to(destination: Destination) -> Self {
        Self {
            destination,
            dialect: Dialect::Slack,
        }
    }

    pub(crate) fn compatible_to(destination: Destination) -> Self {
        Self {
            destination,
            dialect: Dialect::Markdown,
        }
    }
}

impl Notifier for Slack {
    fn notify(&self, alerts: &[Alert], timeout: Duration) -> Result<(), Refusal> {
        if alerts.is_empty() {
            return Ok(());
        }
        let url = self.destination.url()?;
        let post = |payload: Value| Post::json(&url, &payload).send(timeout);
        let answer = post(payload::full(alerts, self.dialect))?;
        match alerts {
            // The payload was refused: a plain text says at least what happened.
            [alert] if is_tried_as_text(&answer) => {
                let may_mention = !answer.body.contains(USER_NOT_FOUND);
                post(payload::short(alert, self.dialect, may_mention))?.judge(&ANSWERS)
            }
            // Several that are refused together are sent again one by one, each as a whole.
            _ => answer.judge(&ANSWERS),
        }
    }

    fn hidden(&self, _: Ours) -> Vec<Hidden> {
        vec![Hidden::webhook(&self.destination)]
    }

    fn identity(&self) -> String {
        self.destination.identity()
    }
}

/// Returns whether the payload is to blame, so that a short text may be taken.
fn is_tried_as_text(answer: &Answer) -> bool {
    let is_named = ANSWERS
        .iter()
        .any(|rule| rule.class == Class::Alert && rule.fits(answer.meant(), answer));
    let is_of_the_payload = is_named || OF_THE_PAYLOAD.contains(&answer.meant());
    is_of_the_payload && answer.class(&ANSWERS) == Class::Alert
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use strict_services::slack as strict;

    use super::*;
    use crate::format::text;
    use crate::message::alert::Kind;
    use crate::status::facts::Facts;
    use crate::testing::{alert_of, alerts_of_each_kind, as_read, few_cases, written};

    /// The payloads, as they are read.
    mod payload {
        use super::*;
        use crate::notifier::slack::payload;

        pub(super) fn full(alerts: &[Alert], dialect: Dialect) -> Value {
            as_read(&payload::full(alerts, dialect))
        }

        pub(super) fn short(alert: &Alert, dialect: Dialect, may_mention: bool) -> Value {
            as_read(&payload::short(alert, dialect, may_mention))
        }
    }

    /// What becomes of an alert that is answered so.
    fn becomes(status: u16, body: &str) -> &'static str {
        let answer = Answer::made(status, body);
        if is_tried_as_text(&answer) {
            return "short";
        }
        match answer.judge(&ANSWERS) {
            Ok(()) => "accepted",
            Err(Refusal::Temporary { .. }) => "temporary",
            Err(Refusal::Channel { .. }) => "channel",
            Err(_) => "alert",
        }
    }

    #[test]
    fn every_status_has_its_consequence() {
        for status in 100..=599 {
            let expected = match status {
                200..=299 => "accepted",
                100..=199 | 408 | 421 | 425 | 429 | 500..=599 => "temporary",
                300..=399 | 401 | 403..=405 | 407 | 410 => "channel",
                400 | 413 | 414 | 422 => "short",
                _ => "alert",
            };
            assert_eq!(becomes(status, ""), expected, "{status}");
            // A page that says 200 is a proxy's.
            let of_a_page = match expected {
                "accepted" => "temporary",
                other => other,
            };
            assert_eq!(becomes(status, "<html>no</html>"), of_a_page, "{status}");
        }
    }

    #[test]
    fn every_word_that_slack_documents_has_its_consequence() {
        let answers = [
            ("invalid_payload", &[400][..], "short"),
            ("invalid_blocks", &[400], "short"),
            ("invalid_attachments", &[400], "short"),
            ("msg_blocks_too_long", &[400], "short"),
            ("msg_too_long", &[400], "short"),
            ("no_text", &[400], "short"),
            ("too_many_attachments", &[400], "short"),
            ("user_not_found", &[400, 404], "short"),
            ("invalid_token", &[400, 403], "channel"),
            ("action_prohibited", &[403], "channel"),
            ("posting_to_general_channel_denied", &[403], "channel"),
            ("team_disabled", &[400, 403], "channel"),
            ("channel_not_found", &[400, 404], "channel"),
            ("no_service", &[400, 404], "channel"),
            ("no_service_id", &[400, 404], "channel"),
            ("no_team", &[400, 404], "channel"),
            ("no_active_hooks", &[400, 404], "channel"),
            ("channel_is_archived", &[400, 410], "channel"),
            (
                r#"{"retry_after":1,"ok":false,"error":"rate_limited"}"#,
                &[400, 429],
                "temporary",
            ),
            ("rollup_error", &[500], "temporary"),
        ];
        for (body, statuses, expected) in answers {
            for status in statuses {
                assert_eq!(becomes(*status, body), expected, "{status} {body}");
            }
        }
        // What is accepted or broken for a while is so whatever it says.
        assert_eq!(becomes(200, "invalid_payload"), "accepted");
        assert_eq!(becomes(503, "no_service"), "temporary");
    }

    #[test]
    fn a_pause_is_read_from_the_body_too() {
        let answer = Answer::made(429, r#"{"retry_after":7,"error":"rate_limited"}"#);
        let refusal = answer.judge(&ANSWERS).unwrap_err();
        let seven = Some(Duration::from_secs(7));
        assert!(matches!(refusal, Refusal::Temporary { retry_after, .. } if retry_after == seven));
    }

    /// Whom alerts of this kind mention in Slack, where their job mentions `U0123ABC`.
    fn mentioned(kind: Kind) -> &'static [&'static str] {
        match kind {
            Kind::Failed | Kind::StillFailing | Kind::Overdue | Kind::Flapping => &["<@U0123ABC>"],
            _ => &[],
        }
    }

    #[test]
    fn every_kind_keeps_the_rules_of_slack_and_of_those_that_are_like_it() {
        for alert in alerts_of_each_kind() {
            let alone = std::slice::from_ref(&alert);
            let payload = payload::full(alone, Dialect::Slack);
            strict::check(&payload, mentioned(alert.kind)).unwrap();
            let short = payload::short(&alert, Dialect::Slack, true);
            strict::check(&short, mentioned(alert.kind)).unwrap();
            strict::check_compatible(&payload::full(alone, Dialect::Markdown), &[]).unwrap();
            for said in [
                "etl.load.run", "worker-3", "7f3a91c2", "1.4.2", "eu-1", "env=prod",
                "0123456789abcdef",
            ] {
                let is_said = payload.to_string().contains(said);
                assert!(
                    is_said || said == "7f3a91c2" && alert.incident.is_none(),
                    "{said}"
                );
            }
        }
    }

    #[test]
    fn each_kind_is_shown_as_it_was_last_looked_at() {
        for alert in alerts_of_each_kind() {
            let name = alert.kind.as_str().replace(' ', "_");
            let alone = std::slice::from_ref(&alert);
            let slack = payload::full(alone, Dialect::Slack);
            insta::assert_snapshot!(name.clone(), format!("{slack:#}"));
            let compatible = payload::full(alone, Dialect::Markdown);
            insta::assert_snapshot!(name + "_compatible", format!("{compatible:#}"));
        }
        let digest = payload::full(&alerts_of_each_kind(), Dialect::Slack);
        insta::assert_snapshot!("digest", format!("{digest:#}"));
        let short = payload::short(&alert_of(Kind::Failed), Dialect::Slack, true);
        insta::assert_snapshot!("short", format!("{short:#}"));
    }

    #[test]
    fn a_failure_alone_mentions_and_each_mention_is_in_slacks_own_words() {
        let mut alert = alert_of(Kind::Failed);
        alert.mention = Some("U1 W2 S3 @here @channel @everyone U1 <!channel> nobody".to_owned());
        let all = [
            "<@U1>", "<@W2>", "<!subteam^S3>", "<!here>", "<!channel>", "<!everyone>",
        ];
        let alerts = [alert];
        strict::check(&payload::full(&alerts, Dialect::Slack), &all).unwrap();
        let compatible = payload::full(&alerts, Dialect::Markdown);
        strict::check_compatible(&compatible, &["@here", "@all"]).unwrap();
        let mut digest = alerts_of_each_kind();
        digest[0].mention = Some("@here".to_owned());
        strict::check(
            &payload::full(&digest, Dialect::Slack),
            &["<!here>", "<@U0123ABC>"],
        )
        .unwrap();
    }

    #[test]
    fn a_user_that_slack_does_not_know_is_left_out_of_the_short_text() {
        let alert = alert_of(Kind::Failed);
        strict::check(&payload::short(&alert, Dialect::Slack, false), &[]).unwrap();
    }

    #[test]
    fn forty_alerts_are_a_digest_that_names_each_with_the_colour_of_the_worst() {
        let mut alerts: Vec<_> = (0..40).map(|_| alert_of(Kind::Recovered)).collect();
        for (number, alert) in alerts.iter_mut().enumerate() {
            alert.job = format!("etl.job{number:02}");
            alert.id = format!("{number:016x}");
        }
        let green = payload::full(&alerts, Dialect::Slack);
        let mut failed = alert_of(Kind::Failed);
        failed.mention = None;
        failed.job = "etl.job07".to_owned();
        failed.id = alerts[7].id.clone();
        alerts[7] = failed;
        let red = payload::full(&alerts, Dialect::Slack);
        assert_eq!(red["text"], "✗ 40 alerts: 1 failed, 39 recovered");
        assert_ne!(
            red["attachments"][0]["color"],
            green["attachments"][0]["color"]
        );
        for payload in [&green, &red] {
            strict::check(payload, &[]).unwrap();
        }
        // The heading says what one alert is.
        let shown = strict::shown(&red);
        for number in 0..40 {
            assert!(shown.contains(&format!("etl.job{number:02} · ")), "{shown}");
            assert!(shown.contains(&format!("alert {number:016x}")), "{shown}");
        }
    }

    #[test]
    fn a_debug_build_and_an_address_in_the_context_are_seen() {
        let payload = payload::full(&[alert_of(Kind::Failed)], Dialect::Slack).to_string();
        assert!(payload.contains("this is a debug build"));
        let link = r#"{"text":" env=prod ","type":"text"},{"type":"link","url":"https://wiki.example/etl"}"#;
        let words = r#"{"text":"env=prod ","type":"text"},{"type":"link","url":"https://wiki.example/etl"}"#;
        assert!(
            payload.contains(link) || payload.contains(words),
            "{payload}"
        );
    }

    #[test]
    #[ignore = "it prints what docs/slack/draw.py draws"]
    fn print_the_payloads_that_are_drawn() {
        let of = |kind, id: &str| {
            let mut alert = alert_of(kind);
            alert.id = id.to_owned();
            alert.notes.clear();
            alert.status.passed_over = None;
            // Without the fact that is to be taken for another one.
            let mut facts = Facts::default();
            facts.put("rows", "44".to_owned()).unwrap();
            alert.status.facts = facts;
            alert
        };
        let digest: Vec<_> = (0..9)
            .map(|number| {
                let kind = match number {
                    0..=5 => Kind::Failed,
                    6 => Kind::StillFailing,
                    _ => Kind::Recovered,
                };
                let mut alert = of(kind, &format!("7f3a91c2{number:08x}"));
                alert.mention = None;
                let tables = [
                    "orders", "items", "refunds", "customers", "stock", "prices", "rates", "mail",
                    "search",
                ];
                alert.job = format!("etl.load.{}", tables[number]);
                if kind == Kind::StillFailing {
                    alert.status.text = "disk full\n".to_owned();
                }
                alert
            })
            .collect();
        let messages = [
            vec![of(Kind::Failed, "7f3a91c200c0ffee")],
            vec![of(Kind::StillFailing, "91b2d4e86a5f0c13")],
            vec![of(Kind::Recovered, "c4d0aa5187e3962b")],
            digest,
        ];
        let payloads = messages.map(|alerts| payload::full(&alerts, Dialect::Slack));
        println!("{}", Value::from(payloads.to_vec()));
    }

    /// Text as it comes from anywhere.
    fn anything() -> impl Strategy<Value = String> {
        let hostile = prop::sample::select(vec![
            "<!channel>",
            "<!subteam^S1>",
            "<@U1>",
            "<https://x|y>",
            "&amp;",
            "@here",
            "@channel",
            "```",
            "\u{1b}[31m",
            "\u{202e}",
            "\0",
            "\r\n",
            "👩‍👩‍👧",
            "שלום",
            "\u{fffd}",
            "*",
            "_",
            "~",
            "|",
            "…",
            "\u{2028}",
            "<!date^1^x|y>",
            "![i](https://evil.example/2.png)",
            "[a](https://evil.example/1)",
            "[a]: https://evil.example/1",
            "__init__",
            "`",
            ":smile:",
            "\\",
            "$x$",
            "#a",
            "- ",
            "1. ",
            "> ",
            "||",
            "&lt;",
            " ",
        ]);
        let piece = prop_oneof![
            3 => hostile.prop_map(str::to_owned),
            2 => "\\PC{0,30}",
            1 => any::<String>(),
            1 => ("[`<&@a\u{202e}]", 0..100_000_usize).prop_map(|(c, count)| c.repeat(count)),
        ];
        prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
    }

    /// Issue 17, point 2.
    #[test]
    fn what_the_program_writes_stands_in_the_place_of_the_error() {
        let alert = written("the disk is *full*: <!here> @all");
        let alone = std::slice::from_ref(&alert);
        let slack = payload::full(alone, Dialect::Slack);
        assert!(!slack.to_string().contains("connection refused"));
        insta::assert_snapshot!("written", format!("{slack:#}"));
        let compatible = payload::full(alone, Dialect::Markdown);
        insta::assert_snapshot!("written_compatible", format!("{compatible:#}"));
    }

    proptest! {
        /// Issue 17, point 2.
        #[test]
        fn whatever_the_program_writes_breaks_no_rule(text in anything(), count in 1_usize..6) {
            let alerts = vec![written(&text); count];
            let broken = strict::check(&payload::full(&alerts, Dialect::Slack), &["<@U0123ABC>"]);
            prop_assert!(broken.is_ok(), "{broken:?}");
            let compatible = payload::full(&alerts, Dialect::Markdown);
            let broken = strict::check_compatible(&compatible, &[]);
            prop_assert!(broken.is_ok(), "{broken:?}");
        }
    }

    proptest! {
        #![proptest_config(few_cases())]
        #[test]
        fn whatever_an_alert_says_no_rule_is_broken_and_nobody_called_but_by_mention(
            texts in prop::collection::vec(anything(), 12),
            kind in prop::sample::select(Kind::ALL.map(|(kind, ..)| kind).to_vec()),
            count in prop::sample::select(vec![1_usize, 2, 3, 4, 40]),
        ) {
            let mut alert = alert_of(kind);
            let mut texts = texts.into_iter();
            let mut next = || texts.next().unwrap();
            alert.job = next();
            alert.status.text = next();
            alert.status.host = Some(next().into());
            alert.status.version = Some(next().into());
            alert.status.location = next().into();
            alert.status.source = Some(next().into());
            alert.notes = vec![next(), next()];
            alert.facts = vec![("context".to_owned(), next()), (next(), next())];
            alert.earlier_error = Some(next());
            let seen = text::visible(alert.error());
            let first = text::first_line(&seen, 100).trim_end().to_owned();
            let alerts = vec![alert; count];
            let full = payload::full(&alerts, Dialect::Slack);
            let broken = strict::check(&full, mentioned(kind));
            prop_assert!(broken.is_ok(), "{broken:?}");
            if count <= 3 {
                let shown = strict::shown(&full);
                let first = markup::verbatim(&first, 1_000);
                prop_assert!(shown.contains(&first), "{first:?} is not in {shown:?}");
            }
            for mentions in [true, false] {
                let short = payload::short(&alerts[0], Dialect::Slack, mentions);
                let broken = strict::check(&short, if mentions { mentioned(kind) } else { &[] });
                prop_assert!(broken.is_ok(), "{broken:?}");
            }
            let compatible = payload::full(&alerts, Dialect::Markdown);
            let broken = strict::check_compatible(&compatible, &[]);
            prop_assert!(broken.is_ok(), "{broken:?}");
        }
    }

    #[test]
    fn a_megabyte_is_cut_and_the_first_line_stays() {
        let mut alert = alert_of(Kind::Failed);
        alert.status.text = "disk full: /dev/sda1\n".to_owned() + &"<&`\u{1b}\n".repeat(140_000);
        alert.job = "j&".repeat(500_000);
        let alerts = [alert];
        let payload = payload::full(&alerts, Dialect::Slack);
        strict::check(&payload, &["<@U0123ABC>"]).unwrap();
        assert!(strict::shown(&payload).contains("disk full: /dev/sda1\n"));
        strict::check_compatible(&payload::full(&alerts, Dialect::Markdown), &[]).unwrap();
    }
}
