//! What did not open on a device, each with what can be done about it.

use super::words::Words;
use super::{Language, sheet};
use askama::Template;

/// The page for one client.
#[derive(Debug, Template)]
#[template(path = "why.html")]
pub struct WhyPage<'a> {
    pub school: &'a str,
    /// The newest first.
    pub rows: &'a [Row],
    pub words: &'static Words,
}

/// One host that did not open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub host: String,
    /// By the school's clock.
    pub time: String,
    /// It was a warning; otherwise a block.
    pub warned: bool,
    /// Staff only.
    pub category: Option<String>,
    pub state: State,
}

/// What became of it since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    Met,
    /// They went on after the warning.
    Open {
        until: String,
        url: String,
    },
    Asked,
    Allowed,
    Refused {
        reason: String,
    },
}

impl<'a> WhyPage<'a> {
    pub fn new(school: &'a str, rows: &'a [Row], language: Language) -> Self {
        Self { school, rows, words: language.words() }
    }

    pub fn html(&self) -> String {
        // As for the block page: nothing here can fail.
        self.render().unwrap_or_default()
    }

    fn words(&self) -> &'static Words {
        self.words
    }

    fn style(&self) -> &'static str {
        sheet::STYLE
    }
}
