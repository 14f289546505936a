//! The words in an address: of its host's labels and its path, without the query.

use super::searched::decoded;
use crate::words::Url;

/// Host and path of a URL as text to look through: `unblock-games.example/how/to_play` is `unblock games example how to play`.
///
/// Words that are written as one (`unblockgames`) stay one: where one ends is a guess, and a guess finds `sex` in `sussex`. What
/// was searched for is [`searched`](super::searched())'s.
pub fn keywords(url: &Url) -> Vec<u8> {
    let path = url.path.split('?').next().unwrap_or_default();
    let mut text = url.host.as_str().as_bytes().to_vec();
    text.extend(decoded(path));
    text
}

#[cfg(test)]
mod tests {
    use super::keywords;
    use crate::lists::phrases::words::normal;
    use crate::words::Url;

    #[test]
    fn an_address_is_the_words_of_its_labels_and_segments() {
        for (url, expected) in [
            ("https://www.unblock-games.example/how/to_play?q=no", "www unblock games example how to play"),
            ("http://sussex.ac.uk", "sussex ac uk"),
            ("https://example.com/caf%C3%A9+bar/%zz", "example com cafe bar zz"),
            ("https://xn--caf-dma.example/", "xn caf dma example"),
        ] {
            let text = keywords(&Url::parse(url).unwrap());
            assert_eq!(normal(&String::from_utf8_lossy(&text)).join(" "), expected, "{url}");
        }
    }
}
