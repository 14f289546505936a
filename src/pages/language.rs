//! The language a page is in: the browser's own wish (RFC 9110 §12.5.4), of those we have.

use hyper::HeaderMap;
use hyper::header::ACCEPT_LANGUAGE;

/// Most wishes that are looked at: browsers send fewer than ten.
const MOST: usize = 32;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    #[default]
    English,
    Welsh,
}

impl Language {
    /// What the browser would rather read. English, if it says nothing of either.
    pub fn of(headers: &HeaderMap) -> Self {
        let lines = headers.get_all(ACCEPT_LANGUAGE).iter().filter_map(|line| line.to_str().ok());
        let mut best = (0, Self::English);
        for wish in lines.flat_map(|line| line.split(',')).take(MOST) {
            let (range, weight) = wish.split_once(';').unwrap_or((wish, ""));
            let language = match range.trim().split('-').next().unwrap_or("").to_ascii_lowercase().as_str() {
                "cy" => Self::Welsh,
                "en" => Self::English,
                _ => continue,
            };
            // Of two that are wished for alike, the first.
            let weight = thousandths(weight);
            if weight > best.0 {
                best = (weight, language);
            }
        }
        best.1
    }

    /// Its tag (BCP 47).
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en-GB",
            Self::Welsh => "cy",
        }
    }
}

/// `q=0.75` as 750; not written, or nothing that can be read, is 1.
fn thousandths(weight: &str) -> u32 {
    let value = weight.trim().strip_prefix("q=").and_then(|q| q.parse::<f32>().ok());
    value.map_or(1000, |q| (q.clamp(0.0, 1.0) * 1000.0) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browser_chooses_and_english_is_what_nobody_chose() {
        for (wish, language) in [
            ("cy", Language::Welsh),
            ("cy-GB,cy;q=0.9,en;q=0.8", Language::Welsh),
            ("en-GB,en;q=0.9,cy;q=0.8", Language::English),
            ("en;q=0.5, CY;q=0.7", Language::Welsh),
            ("pl,cy;q=0.1", Language::Welsh),
            ("cy;q=0,en", Language::English),
            ("cy;q=0", Language::English),
            ("pl,*", Language::English),
            ("", Language::English),
            ("cy;q=NaN,en;q=0.2", Language::English),
            ("cyx,;;,q=1", Language::English),
        ] {
            let headers = [(ACCEPT_LANGUAGE, wish.parse().expect("a value"))].into_iter().collect();
            assert_eq!(Language::of(&headers), language, "{wish}");
        }
        assert_eq!(Language::of(&HeaderMap::new()), Language::English);
    }
}
