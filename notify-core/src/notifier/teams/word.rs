//! The words that name a workflow of Teams.

use crate::notifier::service_url::{Problem, Word, at, is_number, is_of};
use crate::notifier::url::Destination;

pub(in crate::notifier) const OLD_CONNECTOR: Problem =
    "it is an old connector of Office 365, which Microsoft has switched off: make a workflow";

/// Where workflows have been since the end of 2025, in each of Microsoft's clouds.
const POWER_PLATFORM_HOSTS: [&str; 5] = [
    ".api.powerplatform.com",
    ".api.gov.powerplatform.microsoft.us",
    ".api.high.powerplatform.microsoft.us",
    ".api.appsplatform.us",
    ".api.powerplatform.partner.microsoftonline.cn",
];

/// Where they were before.
const LOGIC_HOSTS: [&str; 3] = [".logic.azure.com", ".logic.azure.us", ".logic.azure.cn"];

/// Returns whether a URL is that of a workflow.
pub(in crate::notifier) fn is_known(word: &Word<'_>) -> bool {
    word.is_at(&POWER_PLATFORM_HOSTS) || word.is_at(&LOGIC_HOSTS)
}

/// `workflows://host/workflow/signature` as Apprise has it, or the workflow's whole URL.
pub(in crate::notifier) fn webhook(word: &Word<'_>) -> Result<Destination, Problem> {
    if word.user.is_some() || word.is_at(&[".webhook.office.com"]) {
        return Err(OLD_CONNECTOR);
    }
    word.is_a_webhook_alone()?;
    if word.option(&["sig"]).is_some() {
        return at(word.whole);
    }
    let [workflow, signature] = *word.segments() else {
        return Err("it is not a host, a workflow and a signature");
    };
    let is_new = word.is_at(&POWER_PLATFORM_HOSTS);
    let automate = word.option(&["pa"]).map(str::to_ascii_lowercase);
    let is_automate = automate.is_some_and(|pa| ["yes", "y", "1", "true", "on"].contains(&&*pa));
    let (folder, usual) = match (is_new, is_automate) {
        (true, _) => (AUTOMATE, "1"),
        (false, true) => (AUTOMATE, "2022-03-01-preview"),
        (false, false) => ("", "2016-06-01"),
    };
    let version = word.option(&["ver", "api-version"]).unwrap_or(usual);
    if !is_of("-.", version) {
        return Err("its version is not one such as 1 or 2016-06-01");
    }
    let route = match word.option(&["route", "routeid"]) {
        None | Some("") => String::new(),
        Some(route) if !is_number(route) => return Err("its route is not a number"),
        Some(_) if folder.is_empty() => return Err("a route needs `pa=yes`"),
        Some(route) => format!("/cu/{route}"),
    };
    at(&format!(
        "{}{folder}{route}/workflows/{workflow}/triggers/manual/paths/invoke?api-version={version}\
         &sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig={signature}",
        word.host
    ))
}

const AUTOMATE: &str = "/powerautomate/automations/direct";
