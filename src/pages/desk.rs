//! The sheet that somebody is handed with a new account of the desk: with what they sign in for the first time, and how.

use askama::Template;
use qrcode::{Color, QrCode};
use std::fmt::Write;

/// Squares that stay white around a code (ISO/IEC 18004 §6.3.8).
const QUIET: usize = 4;

/// What is on it. It has no `Debug`: whoever reads it can be them.
#[derive(Template)]
#[template(path = "desk.html")]
pub struct DeskSheet<'a> {
    pub school: &'a str,
    pub name: &'a str,
    pub role: &'a str,
    /// Where the desk is.
    pub at: &'a str,
    pub password: &'a str,
    /// In base32.
    pub secret: &'a str,
    /// The same, as an authenticator app reads it.
    pub uri: &'a str,
}

impl DeskSheet<'_> {
    /// As a page that is printed from a browser.
    pub fn html(&self) -> String {
        self.render().unwrap_or_default()
    }

    /// How many squares are beside each other, and the dark ones as the path of an SVG.
    fn code(&self) -> (usize, String) {
        let Ok(code) = QrCode::new(self.uri.as_bytes()) else { return (1, String::new()) };
        let (side, mut path) = (code.width(), String::new());
        for (at, _) in code.to_colors().iter().enumerate().filter(|(_, color)| **color == Color::Dark) {
            // Writing to a string does not fail.
            let _ = write!(path, "M{} {}h1v1h-1z", at % side + QUIET, at / side + QUIET);
        }
        (side + 2 * QUIET, path)
    }

    /// Four letters at a time: they are typed.
    fn groups(&self) -> String {
        let letters: Vec<char> = self.secret.chars().collect();
        letters.chunks(4).map(String::from_iter).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sheet_has_what_is_typed_and_a_code_with_white_around_it() {
        let sheet = DeskSheet {
            school: "Hill & Vale",
            name: "a.jones",
            role: "Designated Safeguarding Lead",
            at: "https://portal.hill.example:8443/desk",
            password: "eleven brass kettles",
            secret: "ABCDEFGH",
            uri: "otpauth://totp/Hill:a.jones?secret=ABCDEFGH",
        };
        let html = sheet.html();
        for said in ["Hill &#38; Vale", "a.jones", sheet.role, sheet.at, sheet.password, "ABCD EFGH", "<svg"] {
            assert!(html.contains(said), "{said}: {html}");
        }
        assert!(!html.contains("<script") && !html.contains("src=") && !html.contains("otpauth"), "nothing is fetched");
        let (side, path) = sheet.code();
        assert!(side > 20 + 2 * QUIET && path.starts_with("M4 4h1v1h-1z"), "a corner: {side} {path}");
    }
}
