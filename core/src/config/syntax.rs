//! Which syntax a configuration is written in.

use crate::prelude::*;
use core::fmt;

/// The syntax of a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// JSON, RFC 8259.
    Json,
    /// YAML 1.2 with anchors, aliases and `<<` merge keys.
    Yaml,
}

/// A configuration whose syntax its name does not tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownExtension {
    /// The path or `s3://` address of the configuration.
    pub path: String,
}

impl Syntax {
    /// The syntax that a path or an `s3://` address names by its extension.
    ///
    /// # Errors
    /// Any extension but `.json`, `.yaml` and `.yml`, and none.
    pub fn of_path(path: &str) -> Result<Self, UnknownExtension> {
        let file_name = path.rsplit('/').next().unwrap_or(path);
        match file_name.rsplit_once('.') {
            Some((_, "json")) => Ok(Self::Json),
            Some((_, "yaml" | "yml")) => Ok(Self::Yaml),
            _ => Err(UnknownExtension { path: path.into() }),
        }
    }
}

impl fmt::Display for UnknownExtension {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{}: the name of a configuration tells its syntax, expected one that ends in .json, .yaml or .yml",
            self.path
        )
    }
}
