//! SIGHUP, SIGTERM, SIGINT.

use tokio::signal::unix::{SignalKind, signal};

/// Returns on SIGTERM or SIGINT; each SIGHUP calls `reload`, away from the runtime's own threads.
///
/// # Errors
/// If the signals cannot be listened for.
pub async fn until_stopped(reload: impl Fn() + Clone + Send + 'static) -> std::io::Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    loop {
        tokio::select! {
            _ = hangup.recv() => {
                let reload = reload.clone();
                let _ = tokio::task::spawn_blocking(reload).await;
            }
            _ = terminate.recv() => return Ok(()),
            _ = interrupt.recv() => return Ok(()),
        }
    }
}
