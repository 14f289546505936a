pub mod found;
pub use found::{Found, KindId, ListId, Match};
