//! What else there is to say to a person, in the same look: a page that did not answer, the gate's own front page.

use super::language::Language;
use super::sheet;
use super::words::Words;
use askama::Template;

/// A page with a heading and a few sentences. Everything in it is escaped.
#[derive(Debug)]
pub struct Notice<'a> {
    pub school: &'a str,
    pub heading: &'a str,
    /// What happened, and what to do: a paragraph each.
    pub lines: &'a [&'a str],
    /// For whoever is asked for help; empty for none: the error in the field's own words.
    pub detail: &'a str,
}

/// A link below what a notice says, as a button.
#[derive(Debug, Clone, Copy)]
pub struct Link<'a> {
    pub to: &'a str,
    pub words: &'a str,
}

#[derive(Template)]
#[template(path = "notice.html")]
struct Page<'a> {
    notice: &'a Notice<'a>,
    school: &'a str,
    words: &'static Words,
    links: &'a [Link<'a>],
}

impl Notice<'_> {
    pub fn html(&self) -> String {
        self.html_in(Language::English, &[])
    }

    /// The page with the words around it in this language, and links.
    pub fn html_in(&self, language: Language, links: &[Link]) -> String {
        let page = Page { notice: self, school: self.school, words: language.words(), links };
        // As for the block page: nothing here can fail, and an empty page still says no.
        page.render().unwrap_or_default()
    }
}

impl Page<'_> {
    fn words(&self) -> &'static Words {
        self.words
    }

    fn style(&self) -> &'static str {
        sheet::STYLE
    }
}
