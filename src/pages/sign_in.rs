//! Where people sign in, and where they see that they are.

use super::words::{Said, Words};
use super::{Language, sheet};
use askama::Template;

/// The page, as one browser sees it.
#[derive(Debug, Template)]
#[template(path = "sign-in.html")]
pub struct SignInPage<'a> {
    pub school: &'a str,
    pub whom_to_see: &'a str,
    pub words: &'static Words,
    /// What became of the form before this one, or what else they must know; and what follows its line: a time, whom to see; or nothing.
    pub said: Option<(Said, &'a str)>,
    pub state: State<'a>,
    /// Proves that a form is of a page that this browser was given.
    pub token: &'a str,
    /// Where the school is told of a worry.
    pub concern: Option<&'a str>,
}

/// What there is to do.
#[derive(Debug)]
pub enum State<'a> {
    Out(Asked<'a>),
    /// Somebody is signed in until then, by the school's clock; this browser, or another one on the device. With `said` it opens
    /// nothing.
    In {
        until: &'a str,
        mine: bool,
        /// Where they open something for a lesson; `None`: they are no staff.
        staffroom: Option<&'static str>,
    },
}

/// What somebody is asked for who signs in.
#[derive(Debug)]
pub struct Asked<'a> {
    /// What to write into the form; `None`: there is none.
    pub line: Option<&'static str>,
    /// The connection is not private, and passwords are not asked for.
    pub no_tls: bool,
    pub voucher_only: bool,
    /// The notice of monitoring, a paragraph each, and its version.
    pub notice: Vec<&'a str>,
    pub version: &'a str,
    /// They are on their way to the staffroom.
    pub to_staffroom: bool,
    /// Where they sign in with an account of a provider, and the words for it.
    pub providers: Vec<(String, &'static str)>,
}

impl SignInPage<'_> {
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

/// The notice that ships.
pub fn shipped_notice(language: Language) -> &'static str {
    language.words().monitored
}
