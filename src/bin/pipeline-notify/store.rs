//! `store`: makes the tables of a shared store.

use clap::{Args, Subcommand};
use notify_core::__cli as look;
use serde_json::json;

use crate::output::Output;
use crate::{Common, Failure};

pub(crate) const FAILURE: u8 = 2;

#[derive(Debug, Args)]
#[command(
    after_help = "The store is the database that NOTIFY_STORE names, as in postgres://user:password@host/database. A role that may make tables makes them when a job first runs, or with a `watch`; where the jobs' role may not, run `store init` once as a role that may, and then the GRANT lines that `store init --print` ends with: docs/fleet.md says more.

Exit codes:
  0  the tables are there
  2  they are not"
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Makes the tables where they are missing
    Init {
        /// Print the statements, and connect to nothing
        #[arg(long)]
        print: bool,
    },
}

impl Arguments {
    pub(crate) fn run(&self, common: &Common, output: &mut Output) -> Result<u8, Failure> {
        let What::Init { print } = self.what;
        if print {
            let script = look::store_script()?;
            if common.json {
                output.json(&json!({ "script": script }))?;
            } else {
                // As it is: where a terminal breaks a line, a comment would go on as a statement.
                output.raw(&script)?;
            }
            return Ok(0);
        }
        let said = look::init_store()?;
        if common.json {
            output.json(&json!({ "message": said }))?;
        } else {
            output.say(&said)?;
        }
        Ok(0)
    }
}
