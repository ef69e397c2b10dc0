//! Why an archive could not be read or unpacked.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use c2_core::archive::Problem;

/// Why an archive could not be read or unpacked.
#[derive(Debug)]
pub enum ArchiveError {
    /// The archive is not one that may be unpacked.
    Refused {
        /// The archive.
        archive: PathBuf,
        /// Everything that is wrong with it, at least one.
        problems: Vec<Problem>,
    },
    /// The folder to unpack into cannot take the archive.
    InTheWay {
        /// The folder.
        folder: PathBuf,
        /// Everything that is in the way, at least one.
        problems: Vec<Problem>,
    },
    /// A member is too long to be read into memory.
    TooLong {
        /// The archive.
        archive: PathBuf,
        /// The path of the member.
        member: String,
        /// How long it is.
        bytes: u64,
        /// How long it may be.
        limit: u64,
    },
    /// The machine did not do what was asked of it.
    Io {
        /// What was being done, as in "cannot read".
        doing: &'static str,
        /// The file or folder that it was done to.
        path: PathBuf,
        /// What came back.
        source: io::Error,
    },
}

impl ArchiveError {
    /// Makes of an error the one that says what was being done to which path.
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| ArchiveError::Io { doing, path, source }
    }

    /// One problem of the archive.
    pub(super) fn refused(archive: &Path, problem: Problem) -> Self {
        ArchiveError::Refused { archive: archive.to_owned(), problems: vec![problem] }
    }
}

impl fmt::Display for ArchiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ArchiveError::Refused { archive, problems } => {
                write!(f, "cannot unpack {}", archive.display())?;
                list(f, problems)
            }
            ArchiveError::InTheWay { folder, problems } => {
                write!(f, "cannot unpack into {}", folder.display())?;
                list(f, problems)
            }
            ArchiveError::TooLong { archive, member, bytes, limit } => {
                write!(f, "cannot read {member} in {}: it is {bytes} bytes long, more than {limit}", archive.display())
            }
            ArchiveError::Io { doing, path, source } => {
                write!(f, "cannot {doing} {}: {source}", path.display())?;
                match source.kind() {
                    io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                        f.write_str(": free space there, then run the command again")
                    }
                    _ => Ok(()),
                }
            }
        }
    }
}

impl Error for ArchiveError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            ArchiveError::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// One problem in the same line, several in lines of their own.
fn list(f: &mut fmt::Formatter<'_>, problems: &[Problem]) -> fmt::Result {
    match problems {
        [only] => write!(f, ": {only}"),
        several => several.iter().try_for_each(|problem| write!(f, "\n  {problem}")),
    }
}
