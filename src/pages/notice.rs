//! What else there is to say to a person, in the same look: a page that did not answer, the gate's own front page.

use super::help::{EMERGENCY, HELP, Help};
use super::sheet;
use askama::Template;

/// A page with a heading and a few sentences. Everything in it is escaped.
#[derive(Debug, Template)]
#[template(path = "notice.html")]
pub struct Notice<'a> {
    pub school: &'a str,
    pub heading: &'a str,
    /// What happened, and what to do: a paragraph each.
    pub lines: &'a [&'a str],
    /// For whoever is asked for help; empty for none: the error in the field's own words.
    pub detail: &'a str,
}

impl Notice<'_> {
    pub fn html(&self) -> String {
        // As for the block page: nothing here can fail, and an empty page still says no.
        self.render().unwrap_or_default()
    }

    fn help(&self) -> &'static [Help] {
        HELP
    }

    fn emergency(&self) -> &'static str {
        EMERGENCY
    }

    fn style(&self) -> &'static str {
        sheet::STYLE
    }
}
