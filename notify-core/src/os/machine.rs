//! The machine that this process runs on, by what distinguishes it from others.

use crate::format::fields::Fields;
use crate::os::ffi::{self, OnceBox};
use crate::os::file;

/// A machine, and the time since it was started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Machine {
    /// The kernel's name for it; each container has its own.
    pub(crate) host: Option<String>,
    id: Option<String>,
    boot: Option<String>,
}

impl Machine {
    /// Returns this machine; what is read of it does not change while a process lives.
    pub(crate) fn this() -> &'static Self {
        static THIS: OnceBox<Machine> = OnceBox::new();
        let read = |path| {
            let text = file::read_short(path)?.trim().to_owned();
            Some(text).filter(|text| !text.is_empty())
        };
        THIS.get_or_make(|| Self {
            host: ffi::host_name(),
            id: read("/etc/machine-id"),
            boot: read("/proc/sys/kernel/random/boot_id"),
        })
    }

    /// Adds the machine's identity to a record.
    pub(crate) fn put(&self, fields: &mut Fields) {
        fields.put_some("kernel-host", self.host.as_deref());
        fields.put_some("machine", self.id.as_deref());
        fields.put_some("boot", self.boot.as_deref());
    }

    /// Returns whether the process of a record ran on this host since it was last started, so that its id
    /// means something here.
    pub(crate) fn is_this(&self, record: &Fields) -> bool {
        record.get("boot") == self.boot.as_deref()
            && self.host.is_some()
            && record.get("kernel-host") == self.host.as_deref()
    }

    /// Returns whether a lock that is free proves that the process of a record is dead: it ran under
    /// this kernel, or on this machine before it was started anew. Processes of another machine cannot
    /// be judged here.
    ///
    /// A sandbox may hide both ids of the machine, such as one without `/proc/sys`. Its name alone
    /// distinguishes the machine then.
    pub(crate) fn can_judge(&self, record: &Fields) -> bool {
        let same = |key, own: &Option<String>| own.is_some() && record.get(key) == own.as_deref();
        let is_hidden = |key, own: &Option<String>| own.is_none() || record.get(key).is_none();
        let is_machine = same("machine", &self.id)
            || is_hidden("machine", &self.id) && is_hidden("boot", &self.boot);
        same("boot", &self.boot) || is_machine && same("kernel-host", &self.host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_records_of_this_kernel_and_of_earlier_starts_of_this_machine_are_judged() {
        let machine = |host: &str, id: &str, boot: &str| Machine {
            host: Some(host.to_owned()),
            id: Some(id.to_owned()),
            boot: Some(boot.to_owned()),
        };
        let here = machine("worker-3", "m1", "b1");
        for (there, can_judge) in [
            (machine("worker-3", "m1", "b1"), true),
            (machine("a-container", "m2", "b1"), true),
            (machine("worker-3", "m1", "b0"), true),
            (machine("worker-4", "m1", "b0"), false),
            (machine("worker-3", "m2", "b0"), false),
        ] {
            let mut record = Fields::default();
            there.put(&mut record);
            assert_eq!(here.can_judge(&record), can_judge, "{there:?}");
        }
        assert!(!here.can_judge(&Fields::default()));
    }

    /// Issue 12, point 16.
    #[test]
    fn where_the_kernel_hides_its_start_the_machine_and_its_name_decide() {
        let machine = |host: &str, id: &str, boot: &str| {
            let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
            Machine {
                host: some(host),
                id: some(id),
                boot: some(boot),
            }
        };
        for (here, there, can_judge) in [
            (("w3", "m1", ""), ("w3", "m1", ""), true),
            (("w3", "m1", "b1"), ("w3", "m1", ""), true),
            (("w3", "m1", ""), ("w3", "m1", "b1"), true),
            (("w3", "", ""), ("w3", "", ""), true),
            (("w3", "", ""), ("w3", "m1", "b1"), true),
            (("w3", "m1", ""), ("w4", "m1", ""), false),
            (("w3", "m1", ""), ("w3", "m2", ""), false),
            (("w3", "", "b1"), ("w3", "", "b2"), false),
            (("", "", ""), ("", "", ""), false),
        ] {
            let mut record = Fields::default();
            machine(there.0, there.1, there.2).put(&mut record);
            let here = machine(here.0, here.1, here.2);
            assert_eq!(here.can_judge(&record), can_judge, "{here:?} {there:?}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_kernels_name_for_the_host_is_that_of_its_own_file() {
        let file = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
        assert_eq!(Machine::this().host.as_deref(), Some(file.trim()));
    }
}
