//! A `Clone` of large types that is compiled once.

/// Implements `Clone` as a derive does. What that makes of a type with many texts is 10 KB of code, and is compiled
/// again wherever one is copied, for it is to be inlined.
macro_rules! clone_in_one_place {
    ($type:ident { $($field:ident),+ $(,)? }) => {
        impl Clone for $type {
            #[inline(never)]
            fn clone(&self) -> Self {
                Self {
                    $($field: Clone::clone(&self.$field)),+
                }
            }
        }
    };
}
pub(crate) use clone_in_one_place;
