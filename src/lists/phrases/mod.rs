//! Which worry do these words say? Terms by theme, and the rules of public phrase lists, found in text that comes in pieces.
//!
//! Comes in: term files and phrase lists (the caller opens them); text to look through as bytes, in chunks of any size.
//! Goes out: [`Term`]s and [`Rule`]s, or what is wrong with a file and where; for a text, [`Hit`]s: which term, and where; and at
//! its end a [`Score`]: what it comes to.
//! Always holds: a term matches whole words only; the hits of a text do not depend on how it was cut into chunks; the memory
//! of a [`Scan`] has a bound that no text moves; nothing here opens a file, and no bytes make it panic.
//!
//! - [`theme`]   the worries that have terms, and how soon a person should look
//! - [`file`]    a term file → terms
//! - [`e2guardian`] phrase lists of e2guardian and DansGuardian → rules
//! - [`rule`]    what must be on a page, and what that means
//! - [`matcher`] terms and rules → one matcher; a text → hits
//! - [`score`]   what the hits of a page come to
//! - [`engine`]  many phrases, found in one pass
//! - [`searched`] the words in the URL of a search engine
//! - [`keywords`] the words of a host and a path
//! - `words`     bytes → words without case, width, accents, leetspeak or spelling out
//! - `fold`      one character, without what people use to hide a word

pub mod e2guardian;
pub mod engine;
pub mod file;
mod fold;
pub mod keywords;
pub mod matcher;
pub mod rule;
pub mod score;
pub mod searched;
#[cfg(test)]
mod tests;
pub mod theme;
mod words;

pub use file::{Fault, Term};
pub use keywords::keywords;
pub use matcher::{Hit, Matcher, Scan, TooMuch};
pub use rule::{Effect, Rule};
pub use score::Score;
pub use searched::{Search, searched};
pub use theme::{Theme, Tier};
