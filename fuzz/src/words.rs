//! Hosts and URLs.

use schoolgate::lists::phrases::{keywords, searched};
use schoolgate::words::{Host, Name, Url};

/// A host and a URL have one spelling, which reads as itself.
pub fn read(text: &str) {
    if let Ok(host) = Host::parse(text) {
        let again = Host::parse(host.as_str()).expect("a host reads as itself");
        assert_eq!((again.as_str(), again.is_address()), (host.as_str(), host.is_address()), "{text}");
        assert!(host.as_str().bytes().all(|c| c.is_ascii_graphic() && !c.is_ascii_uppercase()));
        assert_eq!(host.is_address(), host.address().is_some());
        assert!(host.suffixes().count() == usize::from(host.labels()) && host.is_within(&host));
        (0..=u8::MAX)
            .for_each(|labels| assert!(host.last_labels(labels).len() <= host.as_str().len() && !host.entry(labels).is_empty()));
    }
    if let Ok(url) = Url::parse(text) {
        let written = url.to_string();
        assert_eq!(Url::parse(&written).as_ref(), Ok(&url), "{written}");
        assert!(url.path.starts_with('/') && !url.path.contains('#') && url.port != 0);
        let _ = (keywords(&url), searched(&url).is_some());
    }
    let _ = (Url::parse_authority(text), Name::from_wire(text.as_bytes()).map(|name| name.to_string()));
}
