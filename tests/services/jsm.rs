//! The rules of Jira Service Management, and of Opsgenie, for the events of an integration.
//! <https://developer.atlassian.com/cloud/jira/service-desk-ops/rest/v1/api-group-integration-events/>,
//! <https://docs.opsgenie.com/docs/alerts-and-alert-fields>

use serde_json::{Value, json};

use crate::{Problem, list, object, required, text};

/// Returns the status and the body with which a service refuses to open an alert; `None` where it does.
#[must_use]
pub fn refuse(body: &str) -> Option<(u16, String)> {
    judge(body, check)
}

/// The same for what closes one.
#[must_use]
pub fn refuse_to_close(body: &str) -> Option<(u16, String)> {
    judge(body, |request| {
        let request = object(request, "request", &["user", "source", "note"])?;
        text(request, "source", 100)?;
        text(request, "note", 25_000).map(|_| ())
    })
}

fn judge(body: &str, check: impl Fn(&Value) -> Result<(), Problem>) -> Option<(u16, String)> {
    let problem = match serde_json::from_str(body) {
        Ok(request) => check(&request).err()?,
        Err(error) => error.to_string(),
    };
    let answer = json!({ "message": "Request body is not processable.", "errors": [problem] });
    Some((422, answer.to_string()))
}

fn check(request: &Value) -> Result<(), Problem> {
    let keys = [
        "message", "alias", "description", "details", "entity", "source", "priority", "tags",
    ];
    let request = object(request, "request", &keys)?;
    required(request, "message", 130)?;
    // Without one nothing closes what it opens.
    required(request, "alias", 512)?;
    text(request, "description", 15_000)?;
    text(request, "entity", 512)?;
    text(request, "source", 100)?;
    let priority = text(request, "priority", 2)?;
    if priority.is_some_and(|priority| !["P1", "P2", "P3", "P4", "P5"].contains(&priority)) {
        return Err(format!("priority: no {priority:?}"));
    }
    for tag in list(request, "tags", 20)? {
        if tag
            .as_str()
            .is_none_or(|tag| tag.is_empty() || tag.chars().count() > 50)
        {
            return Err(format!("tags: {tag}"));
        }
    }
    let mut together = 0;
    let details = request
        .get("details")
        .map(|details| details.as_object().ok_or("details: no object"));
    for (name, value) in details.transpose()?.into_iter().flatten() {
        let value = value.as_str().ok_or("details: no text")?;
        together += name.encode_utf16().count() + value.encode_utf16().count();
    }
    if together > 8_000 {
        return Err(format!("details: {together} characters, of 8000"));
    }
    Ok(())
}

#[test]
fn a_request_that_breaks_one_of_the_rules_is_refused() {
    let whole = json!({
        "message": "etl failed",
        "alias": "etl",
        "description": "x",
        "details": { "host": "y" },
        "priority": "P3",
        "tags": ["z"],
    })
    .to_string();
    assert_eq!(refuse(&whole), None);
    for (part, other) in [
        ("{", ""),
        ("etl failed", ""),
        ("etl failed", &"x".repeat(131)),
        ("\"alias\"", "\"aliases\""),
        ("\"etl\"", &format!("\"{}\"", "x".repeat(513))),
        ("\"x\"", &format!("\"{}\"", "x".repeat(15_001))),
        ("\"y\"", &format!("\"{}\"", "x".repeat(8_001))),
        ("\"y\"", "1"),
        ("P3", "P6"),
        ("\"z\"", "\"\""),
    ] {
        let broken = whole.replacen(part, other, 1);
        assert!(broken != whole && refuse(&broken).is_some(), "{broken}");
    }
    assert_eq!(refuse_to_close(r#"{"note":"x","source":"y"}"#), None);
    assert!(refuse_to_close(r#"{"message":"x"}"#).is_some());
}
