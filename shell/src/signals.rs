//! SIGINT and SIGTERM: noted while a plan is performed, the end of this process otherwise.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use c2_core::seam::Signal;
use signal_hook::{consts, flag};

/// The two signals that ask this process to end.
#[derive(Debug, Default)]
pub(crate) struct Signals {
    interrupt: Arc<AtomicBool>,
    terminate: Arc<AtomicBool>,
    unshielded: Arc<AtomicBool>,
    unheeded: AtomicBool,
}

impl Signals {
    /// Takes over the two signals; until shielded they end the process as ever.
    pub(crate) fn install() -> io::Result<Self> {
        let signals = Signals::default();
        signals.unshielded.store(true, Ordering::SeqCst);
        for (number, noted) in [(consts::SIGINT, &signals.interrupt), (consts::SIGTERM, &signals.terminate)] {
            flag::register_conditional_default(number, Arc::clone(&signals.unshielded))?;
            flag::register(number, Arc::clone(noted))?;
        }
        Ok(signals)
    }

    /// While on, the signals are only noted.
    pub(crate) fn shield(&self, on: bool) {
        self.unshielded.store(!on, Ordering::SeqCst);
    }

    /// While on, a noted signal ends the command of a release that runs.
    pub(crate) fn heed(&self, on: bool) {
        self.unheeded.store(!on, Ordering::SeqCst);
    }

    /// The signal that the command of a release is to be ended by.
    pub(crate) fn heeded(&self) -> Option<Signal> {
        self.noted().filter(|_| !self.unheeded.load(Ordering::SeqCst))
    }

    /// The signal that was noted.
    pub(crate) fn noted(&self) -> Option<Signal> {
        match (self.interrupt.load(Ordering::SeqCst), self.terminate.load(Ordering::SeqCst)) {
            (true, _) => Some(Signal::Interrupt),
            (_, true) => Some(Signal::Terminate),
            _ => None,
        }
    }
}
