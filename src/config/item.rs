//! One value of a file, asked for as what it should be.

use super::fault::{Place, Placed, Wrong, shown};
use super::file::Reader;
use super::near::suggest;
use toml::de::DeValue;
use toml::value::Datetime;

/// The values of a list that are right.
pub(super) struct List<T> {
    pub items: Vec<Placed<T>>,
    pub place: Place,
    /// It is written as `[]`; without that, a list without items is one whose every value is wrong.
    pub empty: bool,
}

impl<T> List<T> {
    /// The values without their places; none of a list that is not written.
    pub fn values(list: Option<Self>) -> Vec<T> {
        list.map_or(Vec::new(), |l| l.items.into_iter().map(|i| i.value).collect())
    }
}

/// One value and where it is.
pub(super) struct Item<'r> {
    pub key: &'static str,
    pub place: Place,
    pub value: &'r DeValue<'r>,
}

impl<'r> Item<'r> {
    pub fn text(&self) -> Result<&'r str, Wrong> {
        match self.value {
            DeValue::String(text) => Ok(text.as_ref()),
            _ => Err(self.not("a text in quotes")),
        }
    }

    pub fn flag(&self) -> Result<bool, Wrong> {
        match self.value {
            DeValue::Boolean(flag) => Ok(*flag),
            _ => Err(self.not("`true` or `false`, without quotes")),
        }
    }

    /// A whole number of this range.
    pub fn number(&self, range: std::ops::RangeInclusive<u32>) -> Result<u32, Wrong> {
        let DeValue::Integer(integer) = self.value else { return Err(self.not("a whole number, without quotes")) };
        let number = i128::from_str_radix(integer.as_str(), integer.radix()).ok().and_then(|n| u32::try_from(n).ok());
        number.filter(|n| range.contains(n)).ok_or_else(|| {
            let title = format!("`{}` is out of range", self.key);
            Wrong::new(title, format!("a whole number from {} to {}", range.start(), range.end()))
        })
    }

    /// One of these words.
    pub fn word<T: Copy>(&self, words: &[(&'static str, T)]) -> Result<T, Wrong> {
        let text = self.text()?;
        words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning).ok_or_else(|| {
            let known = words.iter().map(|(word, _)| *word);
            Wrong::new(format!("`{}` cannot be {}", self.key, shown(text)), suggest(text, known, "nothing is known here"))
        })
    }

    /// A date, a time or both, as TOML has them; what it is for says which.
    pub fn datetime(&self, right: &str) -> Result<Datetime, Wrong> {
        match self.value {
            DeValue::Datetime(datetime) => Ok(*datetime),
            DeValue::String(_) => Err(self.not(&format!("{right}, without quotes"))),
            _ => Err(self.not(right)),
        }
    }

    pub fn is_text(&self) -> bool {
        matches!(self.value, DeValue::String(_))
    }

    fn not(&self, right: &str) -> Wrong {
        let is = match self.value {
            DeValue::String(_) => "a text",
            DeValue::Integer(_) => "a number",
            DeValue::Float(_) => "a number with a point",
            DeValue::Boolean(_) => "`true` or `false`",
            DeValue::Datetime(_) => "a date or time",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a section",
        };
        Wrong::new(format!("`{}` cannot be {is}", self.key), format!("right is {right}"))
    }

    /// Reads it; what is wrong with it is told, and it is left out.
    pub fn keep<T>(&self, reader: &Reader, read: impl FnOnce(&Self) -> Result<T, Wrong>) -> Option<Placed<T>> {
        match read(self) {
            Ok(value) => Some(Placed { value, place: self.place }),
            Err(wrong) => {
                reader.fault(wrong.at(self.place));
                None
            }
        }
    }
}
