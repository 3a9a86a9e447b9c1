//! The jobs that a mistyped name may mean.

use notify_core::__cli::{Place, is_fit, job_names};

/// The most names that are offered.
const NAMES: usize = 5;

/// Says that a job is not there, and what to do instead.
pub(crate) fn no_job(place: &Place, name: &str) -> String {
    let instead = instead(place, name);
    format!("no job `{name}` in `{place}`: {instead}")
}

fn instead(place: &Place, name: &str) -> String {
    let jobs = job_names(place).unwrap_or_default();
    if jobs.is_empty() {
        let other = match place.folder() {
            Some(_) => "another directory: see --dir and NOTIFYDIR",
            None => "another store: see NOTIFY_STORE",
        };
        return format!("there are none yet, or it is {other}");
    }
    let list = |jobs: &[&str]| {
        let jobs: Vec<_> = jobs.iter().map(|job| format!("`{job}`")).collect();
        jobs.join(" or ")
    };
    let mut fitting: Vec<_> = jobs.iter().map(String::as_str).collect();
    fitting.retain(|job| name.contains('*') && is_fit(name, job));
    fitting.sort_unstable();
    match &*fitting {
        [] => {}
        [one] => return format!("name one job, such as {}", list(&[one])),
        [one, other] => return format!("name one job, such as {}", list(&[one, other])),
        [one, other, ..] => {
            let (first, all) = (list(&[one, other]), fitting.len());
            return format!("name one job, such as {first}, or another of {all}");
        }
    }
    let near = near(&jobs, name);
    if near.is_empty() {
        "`pipeline-notify status` shows all".to_owned()
    } else {
        format!("did you mean {}?", list(&near))
    }
}

/// Returns the names that are nearest.
fn near<'a>(jobs: &'a [String], name: &str) -> Vec<&'a str> {
    let wanted = name.to_lowercase();
    let mut found = Vec::new();
    for job in jobs {
        let lower = job.to_lowercase();
        let steps = strsim::levenshtein(&wanted, &lower);
        let holds = !wanted.is_empty() && (lower.contains(&wanted) || wanted.contains(&lower));
        // A slip of the finger in each three letters, or the part of the name that is known.
        if holds || steps <= wanted.chars().count() / 3 {
            found.push((!holds, steps, job.as_str()));
        }
    }
    found.sort_unstable();
    // Among thousands many are some letters off, and one of the nearest is meant.
    if let Some((true, least, _)) = found.first().copied() {
        found.retain(|(_, steps, _)| *steps == least);
    }
    found.into_iter().map(|(.., job)| job).take(NAMES).collect()
}

/// The most slips in the name of an option that somebody has mistyped.
const SLIPS: usize = 2;

/// Returns the option that is meant by one that there is not.
pub(crate) fn option<'a>(known: impl Iterator<Item = &'a str>, name: &str) -> Option<&'a str> {
    let wanted = name.to_lowercase().replace('_', "-");
    let slips = known.map(|known| (strsim::osa_distance(&wanted, known), known));
    let nearest = slips.min().filter(|(slips, _)| *slips <= SLIPS);
    nearest.map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_near_are_those_with_few_slips_or_a_part_of_it() {
        let jobs = [
            "etl.load", "etl.load.customers", "web.crawl", "größe", "table.0001", "table.0010",
        ];
        let jobs = jobs.map(str::to_owned);
        let near = |name: &str| near(&jobs, name).join(" ");
        assert_eq!(near("etl.laod"), "etl.load");
        assert_eq!(near("load"), "etl.load etl.load.customers");
        assert_eq!(near("groesse"), "");
        assert_eq!(near("größ"), "größe");
        assert_eq!(near("Web.Crawl"), "web.crawl");
        assert_eq!(near("tabel.0010"), "table.0010", "the nearest alone");
        assert_eq!(near(""), "");
    }

    #[test]
    fn who_names_a_job_that_is_not_there_reads_what_to_do_instead() {
        let folder = format!("pipeline-notify-suggest-{}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        std::fs::create_dir_all(&folder).unwrap();
        let no_job = |name: &str| {
            let text = no_job(&folder.as_path().into(), name);
            text.rsplit_once("`: ").unwrap().1.to_owned()
        };
        assert!(no_job("etl.load").starts_with("there are none yet, or it is another directory"));
        for job in ["etl.load", "etl.save", "web.crawl"] {
            std::fs::write(folder.join(job), "").unwrap();
        }
        assert_eq!(no_job("etl.laod"), "did you mean `etl.load`?");
        assert_eq!(no_job("zzz"), "`pipeline-notify status` shows all");
        assert_eq!(
            no_job("etl.*"),
            "name one job, such as `etl.load` or `etl.save`"
        );
        assert_eq!(
            no_job("*"),
            "name one job, such as `etl.load` or `etl.save`, or another of 3"
        );
        assert_eq!(no_job("x*"), "`pipeline-notify status` shows all");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
