//! Where staff open something for a lesson, and close it again.

use super::words::{Said, StaffroomWords, Words};
use super::{Language, sheet};
use askama::Template;

/// The page, as one of the staff sees it.
#[derive(Debug, Template)]
#[template(path = "staffroom.html")]
pub struct StaffroomPage<'a> {
    pub school: &'a str,
    pub language: Language,
    /// What is wrong with the form before this one, and which line of it; or empty.
    pub said: Option<(Said, &'a str)>,
    /// What they have written so far.
    pub typed: &'a Typed,
    pub forms: Vec<Choice<'a>>,
    pub groups: Vec<Choice<'a>>,
    pub passes: &'a [Shown],
    /// Proves that a form is of a page that this browser was given.
    pub token: &'a str,
}

/// What stands in the form.
#[derive(Debug, Default)]
pub struct Typed {
    pub what: String,
    pub class: String,
    pub pupils: String,
    pub minutes: String,
    pub reason: String,
}

/// A class to choose.
#[derive(Debug)]
pub struct Choice<'a> {
    pub value: String,
    pub name: &'a str,
    pub chosen: bool,
}

/// A pass of theirs.
#[derive(Debug)]
pub struct Shown {
    pub id: u16,
    pub what: String,
    pub whom: String,
    /// By the school's clock.
    pub until: String,
    pub reason: String,
    pub waits: bool,
    /// What else they must know.
    pub note: Option<&'static str>,
}

impl StaffroomPage<'_> {
    pub fn html(&self) -> String {
        // As for the block page: nothing here can fail.
        self.render().unwrap_or_default()
    }

    fn words(&self) -> &'static Words {
        self.language.words()
    }

    fn room(&self) -> &'static StaffroomWords {
        self.words().staffroom
    }

    fn style(&self) -> &'static str {
        sheet::STYLE
    }
}
