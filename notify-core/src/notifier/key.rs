//! The keys that a service knows a job, an incident and a message by.

use crate::format::hash;
use crate::format::order;
use crate::message::alert::Alert;

/// The longest key of a job, in characters: PagerDuty takes no longer one.
const LONGEST: usize = 255;

/// Makes the key of what a service opens and closes for a job, whose name ends with the instance where
/// there is one: a run without a past then closes what another one has opened.
fn of_job(job: &str) -> String {
    if job.chars().count() <= LONGEST {
        return job.to_owned();
    }
    let hash = format!("~{:016x}", hash::hash(job));
    let head: String = job.chars().take(LONGEST - hash.len()).collect();
    head + &hash
}

/// Makes the key of what a service opens and closes for an alert: that of its job. A remark has one of its own, for it
/// is no part of a failure, and no later alert of its job ends it.
pub(super) fn of_alert(alert: &Alert) -> String {
    if alert.kind.is_remark() {
        of_job(&format!("{} (remark)", alert.job))
    } else {
        of_job(&alert.job)
    }
}

/// Returns the incident of a message, where all its alerts are of one.
#[inline(never)]
pub(super) fn of_incident(alerts: &[Alert]) -> Option<&str> {
    let first = alerts.first()?.incident()?;
    let is_of_one = alerts.iter().all(|alert| alert.incident() == Some(first));
    is_of_one.then_some(first)
}

/// Makes the key of a message, which is the same whenever the same alerts are sent, in whichever order.
pub(super) fn of_message(alerts: &[Alert]) -> String {
    if let [alert] = alerts {
        return alert.id.clone();
    }
    let mut ids: Vec<_> = alerts.iter().map(Alert::id).collect();
    order::sort(&mut ids);
    format!("{:016x}", hash::hash(&ids.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::alert;

    #[test]
    fn a_long_name_of_a_job_ends_in_a_hash_that_distinguishes_it_from_others() {
        let name = |end: &str| format!("{}{end}", "é".repeat(250));
        assert_eq!(of_job(&name("12345")), name("12345"));
        let (one, other) = (of_job(&name("123456")), of_job(&name("123457")));
        assert_ne!(one, other);
        assert_eq!(one, of_job(&name("123456")));
        assert_eq!(one.chars().count(), LONGEST);
    }

    #[test]
    fn a_message_is_of_an_incident_where_all_its_alerts_are() {
        let mut alerts = vec![alert("a", "1"), alert("a", "2")];
        assert_eq!(of_incident(&alerts), Some("7f3a91c2"));
        alerts[1].incident = Some("other".to_owned());
        assert_eq!(of_incident(&alerts), None);
        alerts[0].incident = None;
        assert_eq!((of_incident(&alerts), of_incident(&[])), (None, None));
    }

    #[test]
    fn the_same_alerts_make_the_same_key_in_whichever_order() {
        let [one, other] = [alert("a", "1"), alert("a", "2")];
        assert_eq!(of_message(std::slice::from_ref(&one)), "1");
        let both = of_message(&[one.clone(), other.clone()]);
        assert_eq!(both, of_message(&[other.clone(), one.clone()]));
        assert_ne!(both, of_message(&[one.clone(), one]));
    }
}
