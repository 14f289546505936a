//! SIGHUP, SIGTERM, SIGINT.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that are heard, from when this is made: until then each of them would end the process.
pub struct Signals {
    hangup: Signal,
    terminate: Signal,
    interrupt: Signal,
}

/// To be called within a runtime, before anybody can know that the gate runs.
///
/// # Errors
/// If the signals cannot be listened for.
pub fn listen() -> std::io::Result<Signals> {
    Ok(Signals {
        hangup: signal(SignalKind::hangup())?,
        terminate: signal(SignalKind::terminate())?,
        interrupt: signal(SignalKind::interrupt())?,
    })
}

/// Returns on SIGTERM or SIGINT; each SIGHUP calls `reload`, away from the runtime's own threads.
pub async fn until_stopped(signals: Signals, reload: impl Fn() + Clone + Send + 'static) {
    let Signals { mut hangup, mut terminate, mut interrupt } = signals;
    loop {
        tokio::select! {
            _ = hangup.recv() => {
                let reload = reload.clone();
                let _ = tokio::task::spawn_blocking(reload).await;
            }
            _ = terminate.recv() => return,
            _ = interrupt.recv() => return,
        }
    }
}
