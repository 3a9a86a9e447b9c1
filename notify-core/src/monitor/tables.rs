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
        Store::script(address.as_ref().and_then(|address| address.to_str()))
            .map_err(|problem| format!("NOTIFY_STORE cannot be used: {problem}"))
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
        let setup = in_force::setup_so_far();
        setup.warn_of_store();
        let store = setup.names_store().then(|| setup.store()).flatten();
        setup.warn_of_store();
        let store = store.filter(|store| store.directory().is_none());
        let store = store
            .ok_or("NOTIFY_STORE names no store, such as postgres://user:password@host/database")?;
        store
            .look_at_tables()
            .map_err(|error| format!("the tables of {store} are not there: {error}"))
    }
    #[cfg(not(feature = "postgres"))]
    Err(WITHOUT.to_owned())
}

#[cfg(not(feature = "postgres"))]
const WITHOUT: &str = "this program knows no shared stores: build it with the feature `postgres`";
