//! The control group of this process: how many of its processes were killed for want of memory.

use std::fs;
use std::path::{Path, PathBuf};

/// Returns how often the kernel has killed a process of this group, or of one below it, for want of
/// memory; `None` where that is not known.
pub(crate) fn memory_kills() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let counters = counters(&groups, Path::new("/sys/fs/cgroup"));
    counters.into_iter().find_map(|path| {
        let counters = fs::read_to_string(path).ok()?;
        kills(&counters)
    })
}

/// Returns the files that may hold the counter, the best first. In a container the path that the
/// kernel names is often not there, and the root is the container's own group.
fn counters(groups: &str, root: &Path) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for line in groups.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else {
            continue;
        };
        let path = path.trim_start_matches('/');
        if controllers.is_empty() {
            for root in [root.to_owned(), root.join("unified")] {
                paths.push(root.join(path).join("memory.events"));
                paths.push(root.join("memory.events"));
            }
        } else if controllers.split(',').any(|name| name == "memory") {
            let root = root.join("memory");
            paths.push(root.join(path).join("memory.oom_control"));
            paths.push(root.join("memory.oom_control"));
        }
    }
    paths
}

fn kills(counters: &str) -> Option<u64> {
    let mut lines = counters.lines();
    lines.find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counter_is_found_in_both_versions_of_control_groups() {
        let root = Path::new("/r");
        let two = counters("0::/system.slice/etl.service\n", root);
        let best = "/r/system.slice/etl.service/memory.events";
        assert_eq!(two.first(), Some(&PathBuf::from(best)));
        let one = counters("9:name=systemd:/\n4:cpu,memory:/a:b\n", root);
        assert_eq!(one[0], Path::new("/r/memory/a:b/memory.oom_control"));
        assert!(counters("nonsense\n3:cpu:/\n", root).is_empty());

        let events = "low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 0\n";
        assert_eq!(kills(events), Some(2));
        let control = "oom_kill_disable 0\nunder_oom 0\noom_kill 5\n";
        assert_eq!(kills(control), Some(5));
        assert_eq!(kills("low 0\n"), None);
    }
}
