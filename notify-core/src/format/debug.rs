//! A `Debug` that shows the name of a type alone.

/// Implements `Debug` as `Name(…)`: what is in it is a secret, or has no `Debug`.
macro_rules! debug_by_name {
    ($type:ident) => {
        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($type), "(…)"))
            }
        }
    };
}
pub(crate) use debug_by_name;
