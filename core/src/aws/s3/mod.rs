//! What S3 asks of a client, decided without a connection: where a bucket is, what an answer means, when to try again,
//! and what became of a write.

mod address;
mod answer;
mod fault;
mod listing;
mod object;
mod remedies;
mod retry;
mod write;

pub use super::redact;
pub use address::{Address, AddressError, Addressing, address};
pub use answer::{Needs, RefusedRequest, without_request_id};
pub use fault::Fault;
pub use listing::{ListedObject, Listing};
pub use object::{check_key, etag_md5, plain_etag, version};
pub use remedies::{Remedies, Remedy};
pub use write::{Condition, HonorsConditions, Put, unless_etag};
