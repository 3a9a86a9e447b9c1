//! The limit of this process on the size of a file (`ulimit -f`, `LimitFSIZE=`).

/// Makes a write beyond the limit an error, as on a full disk: else its signal ends the process, and what it was
/// about to make stays behind by half. A program that this one starts is ended by it as before.
pub fn outlive_size_limit() {
    #[cfg(unix)]
    {
        use std::sync::{Arc, Once};

        static IS_DONE: Once = Once::new();
        // Where there is no handler, a write beyond the limit ends the process as before.
        IS_DONE.call_once(|| {
            let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default());
        });
    }
}
