//! Words of [`super::person::words`] in files of JSON: `#[serde(with = "by_word")]`.

use serde::{Deserialize, Deserializer, Serializer};
use std::fmt::Display;

/// What is written as a word and read again.
pub trait Word: Sized + Display {
    fn read(text: &str) -> Option<Self>;
}

/// # Errors
/// As whatever it is written into says.
pub fn serialize<S: Serializer>(word: &impl Display, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(word)
}

/// # Errors
/// It is no text, or no word of these.
pub fn deserialize<'de, T: Word, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    let text = String::deserialize(from)?;
    T::read(&text).ok_or_else(|| serde::de::Error::custom(format!("'{}' is no word for it", text.escape_debug())))
}
