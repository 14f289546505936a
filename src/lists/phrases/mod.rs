//! Which worry do these words say? Terms by theme, found in text that comes in pieces.
//!
//! Comes in: term files as text (the caller opens them); text to look through as bytes, in chunks of any size.
//! Goes out: [`Term`]s, or every fault of a file with its line and column; for a text, [`Hit`]s: which term, and where.
//! Always holds: a term matches whole words only; the hits of a text do not depend on how it was cut into chunks; the memory
//! of a [`Scan`] has a bound that no text moves; nothing here opens a file, and no bytes make it panic.
//!
//! - [`theme`]   the worries that have terms, and how soon a person should look
//! - [`file`]    a term file → terms
//! - [`matcher`] terms → one automaton; a text → hits
//! - [`searched`] the words in the URL of a search engine
//! - `words`     bytes → words without case, width, accents, leetspeak or spelling out
//! - `fold`      one character, without what people use to hide a word

pub mod engine;
pub mod file;
mod fold;
pub mod matcher;
pub mod searched;
#[cfg(test)]
mod tests;
pub mod theme;
mod words;

pub use file::{Fault, Term};
pub use matcher::{Hit, Matcher, Scan, TooMuch};
pub use searched::{Search, searched};
pub use theme::{Theme, Tier};
