//! Without a proxy: one release is live at a time.

mod live;
mod reconcile;
mod restart;
mod roll_back;
mod start;
mod status;
mod stop;

pub(crate) use live::live;
pub use reconcile::Reconcile;
pub use restart::Restart;
pub use start::Start;
pub use status::Status;
pub use stop::Stop;
