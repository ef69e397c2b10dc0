//! Ordered collections from iterators.

use alloc::collections::{BTreeMap, BTreeSet};

/// Gathers entry by entry what `collect` would sort first: that is 4 kB of code for each type, for a handful of entries.
pub trait Ordered: Iterator + Sized {
    /// A map; of entries with one key the last one counts.
    fn into_map<K: Ord, V>(self) -> BTreeMap<K, V>
    where
        Self: Iterator<Item = (K, V)>,
    {
        let mut map = BTreeMap::new();
        map.extend(self);
        map
    }

    /// A set.
    fn into_set(self) -> BTreeSet<Self::Item>
    where
        Self::Item: Ord,
    {
        let mut set = BTreeSet::new();
        set.extend(self);
        set
    }
}

impl<I: Iterator> Ordered for I {}
