//! The tables of a shared store: made, or shown to who makes them.

#[cfg(feature = "postgres")]
use crate::settings::environment;
#[cfg(feature = "postgres")]
use crate::settings::in_force;
#[cfg(feature = "postgres")]
use crate::state::Store;

/// Returns the statements that make the tables, for the schema of `NOTIFY_STORE` or the default one.
///
/// # Errors
///
/// What is wrong with that address, or that this program knows no stores.
pub fn store_script() -> Result<String, String> {
    #[cfg(feature = "postgres")]
    {
        let address = environment::read("NOTIFY_STORE");
        let address = address.as_ref().and_then(|address| address.to_str());
        Store::script(address.filter(|address| !address.is_empty()))
            .map_err(|problem| refused(&problem))
    }
    #[cfg(not(feature = "postgres"))]
    Err(WITHOUT.to_owned())
}

/// Makes the tables of the store of `NOTIFY_STORE` where they are missing, and says what is there.
///
/// # Errors
///
/// Why they are not there.
pub fn init_store() -> Result<String, String> {
    #[cfg(feature = "postgres")]
    {
        let store = in_force::setup_so_far().named_store();
        let store = store.ok_or(UNNAMED)?.map_err(|problem| refused(&problem))?;
        store
            .look_at_tables()
            .map_err(|error| format!("{store} cannot be used: {error}"))
    }
    #[cfg(not(feature = "postgres"))]
    Err(WITHOUT.to_owned())
}

#[cfg(feature = "postgres")]
fn refused(problem: &str) -> String {
    format!("NOTIFY_STORE cannot be used: {problem}")
}

#[cfg(feature = "postgres")]
const UNNAMED: &str =
    "NOTIFY_STORE is not set: set it to a store, such as postgres://user:password@host/database";

#[cfg(not(feature = "postgres"))]
const WITHOUT: &str = "this program knows no shared stores: build it with the feature `postgres`";
