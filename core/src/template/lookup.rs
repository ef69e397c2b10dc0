//! The stack of values that names are looked up in.

use crate::prelude::*;
use core::iter::successors;

use serde_json::Value;

use crate::nearest;

/// A value on the stack, over those that were there before it.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) value: &'a Value,
    pub(super) outer: Option<&'a Scope<'a>>,
}

impl<'a> Scope<'a> {
    /// The value of a name; `.` is the innermost value itself.
    ///
    /// The first part of a dotted name is looked up from the innermost object outwards, each other part only in the
    /// value before it.
    pub(super) fn find(&self, name: &str) -> Option<&'a Value> {
        if name == "." {
            return Some(self.value);
        }
        let mut parts = name.split('.');
        let first = parts.next()?;
        let start = self.scopes().find_map(|scope| scope.value.as_object()?.get(first))?;
        parts.try_fold(start, |value, part| value.as_object()?.get(part))
    }

    /// The known name nearest to an absent one: the part that is not known is replaced, those behind it left out.
    pub(super) fn nearest(&self, name: &str) -> Option<String> {
        let first = name.split('.').next()?;
        if self.find(first).is_none() {
            let objects = self.scopes().filter_map(|scope| scope.value.as_object());
            return nearest(first, objects.flat_map(|object| object.keys().map(String::as_str))).map(String::from);
        }
        let mut known_length = first.len();
        loop {
            let rest = name.get(known_length + 1..)?;
            let part = rest.split('.').next()?;
            let known = &name[..known_length];
            let object = self.find(known)?.as_object()?;
            if !object.contains_key(part) {
                let near = nearest(part, object.keys().map(String::as_str))?;
                return Some(String::from(known) + "." + near);
            }
            known_length += 1 + part.len();
        }
    }

    fn scopes(&self) -> impl Iterator<Item = &Scope<'a>> {
        successors(Some(self), |scope| scope.outer)
    }
}
