//! Functions that macros write, and names that could be meant by mistake.

use pipeline_notify::notify;

use crate::errors::Failed;
use crate::support::{error, ok, recorded, run};

macro_rules! function {
    ($name:ident, $body:block) => {
        #[notify]
        fn $name() -> Result<u8, Failed> $body
    };
}

function!(from_block, { Err(Failed(None)) });

macro_rules! method {
    ($self:ident, $body:expr) => {
        #[notify]
        fn method(&$self) -> u8 {
            $body
        }
    };
}

struct Table(u8);

impl Table {
    method!(self, self.0 + 1);
}

macro_rules! locals {
    ($value:ident) => {
        #[notify]
        fn locals($value: u8) -> u8 {
            let __notify_site = $value;
            let __notify_value = __notify_site + 1;
            __notify_value
        }
    };
}

locals!(__notify_body);

#[notify]
fn parent() -> Result<u8, Failed> {
    #[notify]
    fn child() -> Result<u8, Failed> {
        fn grandchild() -> Result<u8, Failed> {
            Err(Failed(None))
        }
        grandchild()
    }
    child()
}

#[notify]
fn names_like_ours(
    caller: u8,
    run: u8,
    site: u8,
    frame: u8,
    __notify_site: u8,
    __notify_name: u8,
    __notify_frame: u8,
) -> u8 {
    const __NOTIFY_SITE: u8 = 1;
    let __notify_value = caller + run + site + frame;
    __notify_value + __notify_site + __notify_name + __notify_frame + __NOTIFY_SITE
}

const SITE: &str = "";
const fn arguments() -> f64 {
    3.0
}

#[notify(channel = SITE, silent_seconds = arguments(), remind_hours = std::time::Duration::from_secs(60))]
fn settings_beside_the_function() {}

#[notify(channel = "data-alerts", silent_seconds = 60, ok_silent_hours = f64::INFINITY, remind_hours = 0.5)]
fn settings() {}

mod reexport {
    pub(crate) use pipeline_notify as inner;
}

#[notify(crate = crate::macros::reexport::inner, errors(Failed))]
fn elsewhere() -> Result<(), Failed> {
    Err(Failed(None))
}

#[test]
fn macros_may_write_the_function() {
    error("macros.from_block", "load failed", from_block);
    ok("macros.Table.method", || assert_eq!(Table(1).method(), 2));
    ok("macros.locals", || assert_eq!(locals(1), 2));
}

#[test]
fn a_function_inside_another_has_a_name_of_its_own() {
    let parent = run("macros.parent", parent);
    let child = recorded("macros.parent.child");
    assert_eq!((&*parent.status, &*child.status), ("ERROR", "ERROR"));
}

#[test]
fn no_name_of_the_users_is_taken() {
    ok("macros.names_like_ours", || {
        assert_eq!(names_like_ours(1, 2, 3, 4, 5, 6, 7), 29);
    });
}

#[test]
fn settings_are_read_beside_the_function() {
    ok(
        "macros.settings_beside_the_function",
        settings_beside_the_function,
    );
    ok("macros.settings", settings);
    error("macros.elsewhere", "load failed", elsewhere);
}
