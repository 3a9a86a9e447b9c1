//! Facts from the environment about where the process runs: what the reader of an alert looks up next.

use crate::format::text;
use crate::settings::pipes;

/// The longest value that is shown.
const LONGEST: usize = 4 * 1024;

/// Gathers what schedulers and people say of a run, each with its name; `read` reads a variable.
pub(crate) fn of(read: &impl Fn(&str) -> Option<String>) -> Vec<(String, String)> {
    let read = |variable: &str| read(variable).filter(|value| !value.is_empty());
    // What Airflow's operators export: https://airflow.apache.org/docs/apache-airflow/stable/
    let airflow = [
        ("dag", read("AIRFLOW_CTX_DAG_ID")),
        ("task", read("AIRFLOW_CTX_TASK_ID")),
        ("run", read("AIRFLOW_CTX_DAG_RUN_ID")),
        ("try", read("AIRFLOW_CTX_TRY_NUMBER")),
    ];
    // What systemd gives each service: https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html
    let invocation =
        read("INVOCATION_ID").map(|id| format!("journalctl _SYSTEMD_INVOCATION_ID={id}"));
    // A task of an array is called so by `squeue` and `sacct`: https://slurm.schedmd.com/job_array.html
    let array = read("SLURM_ARRAY_JOB_ID").zip(read("SLURM_ARRAY_TASK_ID"));
    let slurm = [
        ("job", read("SLURM_JOB_ID")),
        (
            "array task",
            array.map(|(job, task)| format!("{job}_{task}")),
        ),
        ("restart", read("SLURM_RESTART_COUNT")),
    ];
    // Its launchers for containers name the job and the step, and Pipes the run as well.
    let context = read("DAGSTER_PIPES_CONTEXT").and_then(|context| pipes::job_and_run(&context));
    let (job, run) = context.unwrap_or_default();
    let dagster = [
        ("job", job.or_else(|| read("DAGSTER_RUN_JOB_NAME"))),
        ("step", read("DAGSTER_RUN_STEP_KEY")),
        ("run", run.or_else(|| read("DAGSTER_RUN_ID"))),
    ];
    // `supervisorctl` takes it so: http://supervisord.org/subprocess.html#subprocess-environment
    let supervisor = read("SUPERVISOR_PROCESS_NAME").map(|process| {
        match read("SUPERVISOR_GROUP_NAME").filter(|group| *group != process) {
            Some(group) => format!("{group}:{process}"),
            None => process,
        }
    });
    [
        ("context", read("NOTIFY_CONTEXT")),
        ("instance", read("NOTIFY_INSTANCE")),
        ("airflow", joined(&airflow)),
        ("dagster", joined(&dagster)),
        ("slurm", joined(&slurm)),
        ("supervisord", supervisor),
        ("systemd", invocation),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name.to_owned(), bounded(value?))))
    .collect()
}

/// Cuts a value that fills an alert: it may be a whole file.
fn bounded(value: String) -> String {
    if value.len() <= LONGEST {
        value
    } else {
        format!("{}…", text::first_bytes(&value, LONGEST))
    }
}

fn joined(parts: &[(&str, Option<String>)]) -> Option<String> {
    let parts = parts.iter();
    let parts = parts.filter_map(|(name, value)| Some(format!("{name} {}", value.as_deref()?)));
    Some(parts.collect::<Vec<_>>().join(", ")).filter(|parts| !parts.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(environment: &[(&str, &str)]) -> Vec<String> {
        let read = |name: &str| {
            let known = environment.iter().find(|(known, _)| *known == name);
            known.map(|(_, value)| (*value).to_owned())
        };
        let facts = of(&read).into_iter();
        facts
            .map(|(name, value)| format!("{name}: {value}"))
            .collect()
    }

    /// Issue 12, point 10.
    #[test]
    fn the_ids_of_schedulers_are_those_that_their_own_commands_take() {
        for (environment, expected) in [
            (
                &[
                    ("SLURM_JOB_ID", "4711"),
                    ("SLURM_ARRAY_JOB_ID", "4700"),
                    ("SLURM_ARRAY_TASK_ID", "11"),
                    ("SLURM_RESTART_COUNT", "1"),
                ][..],
                "slurm: job 4711, array task 4700_11, restart 1",
            ),
            (&[("SLURM_JOB_ID", "4711")], "slurm: job 4711"),
            (
                &[("DAGSTER_RUN_ID", "9d1c"), ("DAGSTER_RUN_JOB_NAME", "etl")],
                "dagster: job etl, run 9d1c",
            ),
            (
                &[
                    ("SUPERVISOR_ENABLED", "1"),
                    ("SUPERVISOR_GROUP_NAME", "load"),
                    ("SUPERVISOR_PROCESS_NAME", "load_03"),
                ],
                "supervisord: load:load_03",
            ),
            (
                &[
                    ("SUPERVISOR_GROUP_NAME", "load"),
                    ("SUPERVISOR_PROCESS_NAME", "load"),
                ],
                "supervisord: load",
            ),
            (
                &[
                    ("AIRFLOW_CTX_DAG_ID", "etl"),
                    ("AIRFLOW_CTX_TRY_NUMBER", "2"),
                ],
                "airflow: dag etl, try 2",
            ),
        ] {
            assert_eq!(shown(environment), [expected]);
        }
        assert!(shown(&[("SLURM_JOB_ID", ""), ("NOTIFY_CONTEXT", "")]).is_empty());
        let long = "ä".repeat(100_000);
        let shown = shown(&[("NOTIFY_CONTEXT", &long)]).concat();
        assert!(
            shown.len() < 5000 && shown.ends_with("ä…"),
            "{}",
            shown.len()
        );
    }
}
