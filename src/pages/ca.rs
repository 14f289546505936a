//! How the school's certificate authority gets onto devices: a page with the steps for each kind, and a code that leads to it.

use super::language::Language;
use super::sheet;
use super::words::Words;
use askama::Template;
use qrcode::{Color, QrCode};
use std::fmt::Write;

/// The page.
#[derive(Debug)]
pub struct CaPage<'a> {
    pub school: &'a str,
    /// SHA-256 of the certificate, as devices show it.
    pub fingerprint: &'a str,
    /// Its last day.
    pub until: &'a str,
    /// Where devices of the school fetch it; empty if that is not known.
    pub url: &'a str,
    /// What stands before the names of its files.
    pub files: &'a str,
    /// A page that opens without a warning where the authority is trusted.
    pub check: &'a str,
    /// It is to follow the one that devices have.
    pub next: bool,
}

impl CaPage<'_> {
    pub fn html(&self) -> String {
        // As for the block page: nothing here can fail.
        Page { ca: self, school: self.school }.render().unwrap_or_default()
    }

    /// The code as one path of squares, with the four squares of white around it that readers want (ISO/IEC 18004); empty if the
    /// address is none or too long.
    fn code(&self) -> Option<(usize, String)> {
        const QUIET: usize = 4;
        let code = QrCode::new(self.url.as_bytes()).ok().filter(|_| !self.url.is_empty())?;
        let width = code.width();
        let mut path = String::new();
        for (place, _) in code.to_colors().iter().enumerate().filter(|(_, colour)| **colour == Color::Dark) {
            let _ = write!(path, "M{} {}h1v1h-1z", place % width + QUIET, place / width + QUIET);
        }
        Some((width + 2 * QUIET, path))
    }
}

/// The page in its frame: for whoever looks after devices, in English.
#[derive(Template)]
#[template(path = "ca.html")]
struct Page<'a> {
    ca: &'a CaPage<'a>,
    school: &'a str,
}

impl Page<'_> {
    fn words(&self) -> &'static Words {
        Language::English.words()
    }

    fn style(&self) -> &'static str {
        sheet::STYLE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(url: &str) -> String {
        let (fingerprint, until) = ("AB:CD", "21 November 2031");
        let check = "https://trusted.schoolgate.internal/";
        CaPage { school: "Hill <School>", fingerprint, until, url, files: "/ca/", check, next: false }.html()
    }

    #[test]
    fn every_kind_of_device_has_its_steps_and_the_fingerprint_is_there() {
        let page = page("http://10.20.0.1:8080/ca");
        for part in [
            "Group Policy",
            "Intune",
            "Jamf",
            "Google Admin",
            "iPad",
            "Mac",
            "Android",
            "ChromeOS",
            "Firefox",
            "AB:CD",
            "schoolgate-ca.mobileconfig",
            "https://trusted.schoolgate.internal/",
            "Hill &#60;School&#62;",
            "0800 1111",
        ] {
            assert!(page.contains(part), "{part}");
        }
        assert!(!page.contains("<script") && !page.contains("style=") && !page.contains("<img"));
    }

    #[test]
    fn the_code_is_drawn_where_an_address_is_known() {
        assert!(page("http://10.20.0.1:8080/ca").contains("<path d=\"M4 4h1v1h-1z"), "its first square is dark");
        assert!(!page("").contains("<path d=\"M4"));
        assert!(!page(&"x".repeat(5000)).contains("<path d=\"M4"));
    }
}
