//! How bytes come and go.
//!
//! - [`drain`]  the word to stop, passed to every door
pub mod drain;
pub use drain::{Drain, Stopper};
