//! Settings: `Config` in code, the environment, and the defaults.

pub(crate) mod confidential;
pub(crate) mod config;
pub(crate) mod destinations;
pub(crate) mod directory;
pub(crate) mod environment;
pub(crate) mod facts;
pub(crate) mod in_force;
pub(crate) mod pipes;
pub(crate) mod route;
pub(crate) mod setup;
mod values;
pub(crate) mod variables;
