//! The operating system's signals as a stream of requests to stop.

use std::time::Duration;

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::timeout,
};

/// Signals so soon after the first are the same wish: who stops a process and its group (`timeout`, a shell, some
/// supervisors) signals it twice, and nobody who has lost patience is that quick.
const ECHO: Duration = Duration::from_millis(500);

/// SIGTERM and SIGINT.
#[derive(Debug)]
pub struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    /// Begins to listen; from now on the signals no longer end the process by themselves.
    ///
    /// # Errors
    /// The handlers cannot be installed.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for the next one and gives its name.
    pub async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }

    /// Waits for a second signal, one that is no echo of the first, and gives its name.
    pub async fn second(&mut self) -> &'static str {
        let echoes = async {
            loop {
                self.next().await;
            }
        };
        // Ends by the time, because it does not end by itself.
        let _: Result<(), _> = timeout(ECHO, echoes).await;
        self.next().await
    }
}
