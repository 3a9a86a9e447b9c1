//! The command's view of a notify directory, and what it does there.

pub(crate) mod awaited;
pub(crate) mod command;
pub(crate) mod expected;
pub(crate) mod operator;
pub(crate) mod planned;
pub(crate) mod schedule;
pub(crate) mod size_limit;
pub(crate) mod tables;
pub(crate) mod timeline;
pub(crate) mod view;
pub(crate) mod watcher;
