//! What a command is to know later.

use alloc::sync::Arc;
use core::{any::Any, fmt};

/// What a command is to know later, in this run or in its next round. Only the command itself can read it.
#[derive(Clone)]
pub struct Memo(Arc<dyn Any + Send + Sync>);

impl Memo {
    /// Keeps this.
    #[must_use]
    pub fn new<T: Any + Send + Sync>(value: T) -> Self {
        Memo(Arc::new(value))
    }

    /// What was kept, where it is of this type.
    #[must_use]
    pub fn get<T: Any>(&self) -> Option<&T> {
        self.0.downcast_ref()
    }
}

impl fmt::Debug for Memo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Memo")
    }
}

/// The same one, not one that is alike.
impl PartialEq for Memo {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Memo {}
