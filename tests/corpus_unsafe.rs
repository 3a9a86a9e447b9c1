//! `#[notify]` on functions that say `unsafe`, which a crate that forbids it cannot hold.

#![deny(warnings)]
#![allow(
    dead_code,
    unsafe_code,
    clippy::allow_attributes,
    clippy::unwrap_used,
    reason = "unsafe functions are what is tested, with a part of the shared code"
)]

#[path = "corpus/support.rs"]
mod support;

use pipeline_notify::notify;

use crate::support::{error, ok};

#[notify]
unsafe fn raw(pointer: *const u8) -> Result<u8, String> {
    if pointer.is_null() {
        return Err("null".to_owned());
    }
    Ok(unsafe { *pointer })
}

#[notify]
async unsafe fn raw_later(value: u8) -> Result<u8, String> {
    std::future::ready(()).await;
    Err(value.to_string())
}

#[notify]
extern "C" fn foreign(value: u8) -> u8 {
    value + 1
}

#[notify]
unsafe extern "C" fn unsafe_foreign(value: *mut u8) {
    unsafe { *value += 1 };
}

#[notify]
#[unsafe(no_mangle)]
/// Is found by its name.
pub extern "C" fn pipeline_notify_not_mangled() -> u8 {
    1
}

#[cfg(target_arch = "x86_64")]
#[notify]
#[target_feature(enable = "sse2")]
unsafe fn featured(value: u8) -> u8 {
    value
}

#[test]
fn unsafe_functions_are_reported() {
    let value = 1;
    ok("raw", || unsafe { raw(&raw const value) });
    error("raw", "null", || unsafe { raw(std::ptr::null()) });
    error("raw_later", "1", || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(unsafe { raw_later(1) })
    });
}

#[test]
fn foreign_functions_are_reported() {
    ok("foreign", || foreign(1));
    let mut value = 1;
    ok("unsafe_foreign", || unsafe {
        unsafe_foreign(&raw mut value);
    });
    assert_eq!(value, 2);
    ok("pipeline_notify_not_mangled", || {
        pipeline_notify_not_mangled()
    });
}

#[cfg(target_arch = "x86_64")]
#[test]
fn functions_with_processor_features_are_reported() {
    ok("featured", || unsafe { featured(1) });
}
