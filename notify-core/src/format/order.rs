//! Sorts lists at one place: the standard sort is 6 KB of code for each type and each key that it is given.

use std::cmp::Ordering;

/// Sorts a list; what is equal keeps its order.
pub(crate) fn sort<T: Ord>(list: &mut [T]) {
    sort_by(list, T::cmp);
}

/// Sorts a list by what `key` returns; what is equal keeps its order.
pub(crate) fn sort_by_key<T, K: Ord>(list: &mut [T], key: impl Fn(&T) -> K) {
    sort_by(list, |one, other| key(one).cmp(&key(other)));
}

/// Sorts a list as `compare` says; what is equal keeps its order.
pub(crate) fn sort_by<T>(list: &mut [T], compare: impl Fn(&T, &T) -> Ordering) {
    let mut places = places(list.len(), &|one, other| compare(&list[one], &list[other]));
    for at in 0..list.len() {
        while places[at] != at {
            let place = places[at];
            list.swap(at, place);
            places.swap(at, place);
        }
    }
}

/// Returns the place that each of so many comes to.
fn places(count: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut sorted: Vec<_> = (0..count).collect();
    sorted.sort_by(|one, other| compare(*one, *other));
    let mut places = vec![0; count];
    for (place, at) in sorted.into_iter().enumerate() {
        places[at] = place;
    }
    places
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_the_standard_sort(list: Vec<(u8, u8)>) {
            let (mut ours, mut standard) = (list.clone(), list.clone());
            sort(&mut ours);
            standard.sort_unstable();
            prop_assert_eq!(ours, standard);
            let (mut ours, mut standard) = (list.clone(), list);
            sort_by_key(&mut ours, |(first, _)| *first);
            standard.sort_by_key(|(first, _)| *first);
            prop_assert_eq!(ours, standard);
        }
    }
}
