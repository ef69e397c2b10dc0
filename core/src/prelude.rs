//! What the standard library's prelude gives beyond that of `core`: each file of this crate has it by one line.

pub(crate) use alloc::{
    borrow::ToOwned,
    boxed::Box,
    string::{String, ToString},
    vec::Vec,
};
