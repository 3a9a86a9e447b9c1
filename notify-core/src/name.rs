//! The name of a job, and the file name that it makes.

use crate::job::Site;

pub(crate) fn of(site: &Site) -> String {
    format!("{}.{}", site.module.replace("::", "."), site.function)
}
pub(crate) fn location(site: &Site) -> String {
    format!("{} :: {}", site.module, site.function)
}
pub(crate) fn file_name(job: &str) -> String {
    job.to_owned()
}
