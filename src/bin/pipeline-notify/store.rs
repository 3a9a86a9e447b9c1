//! `store`: makes the tables of a shared store.

use clap::{Args, Subcommand};
use notify_core::__cli as look;

use crate::output::Output;
use crate::{Common, Failure};

pub(crate) const FAILURE: u8 = 2;

#[derive(Debug, Args)]
#[command(
    after_help = "The store is the database that NOTIFY_STORE names, as in postgres://user:password@host/database. A role that may make tables makes them at its first use; where the jobs' role may not, run `store init` once as a role that may, and then the GRANT lines that `store init --print` ends with: docs/fleet.md says more.

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
    pub(crate) fn run(&self, _: &Common, output: &mut Output) -> Result<u8, Failure> {
        let What::Init { print } = self.what;
        let done = if print {
            look::store_script()
        } else {
            look::init_store()
        };
        output.say(done.map_err(Failure::Message)?.trim_end())?;
        Ok(0)
    }
}
