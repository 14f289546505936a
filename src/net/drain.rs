//! The word to stop, passed to every door: take nothing new, finish what has begun.

use tokio::sync::watch;

/// Held by whoever may stop the doors. Dropping it stops them too.
#[derive(Debug)]
pub struct Stopper(watch::Sender<bool>);

/// Held by each door.
#[derive(Debug, Clone)]
pub struct Drain(watch::Receiver<bool>);

/// A pair: the one says stop, the other hears it.
pub fn drain() -> (Stopper, Drain) {
    let (tell, hear) = watch::channel(false);
    (Stopper(tell), Drain(hear))
}

impl Stopper {
    pub fn stop(&self) {
        let _ = self.0.send(true);
    }
}

impl Drain {
    /// Returns once the doors are to stop.
    pub async fn begun(&mut self) {
        // An error means the stopper is gone, which is as good as its word.
        let _ = self.0.wait_for(|stop| *stop).await;
    }

    /// For threads without a runtime, which look between two batches.
    pub fn has_begun(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }
}
