//! Whom a child, or anyone, can call: on every page, whatever it is about.
//!
//! Numbers as the services publish them (childline.org.uk, samaritans.org, giveusashout.org, ceop.police.uk).
//! Their hosts are in the `help` category, so the links open from the page that names them, and are never written down.

/// A service that helps.
#[derive(Debug, Clone, Copy)]
pub struct Help {
    pub name: &'static str,
    /// Who it is for, in a few words.
    pub about: &'static str,
    /// What to dial or text, as people read it.
    pub number: &'static str,
    /// Where a tap leads: `tel:`, `sms:` or the service's own address.
    pub link: &'static str,
}

/// The order is: for any child first.
pub const HELP: &[Help] = &[
    Help { name: "Childline", about: "if you are under 19: free, day or night", number: "0800 1111", link: "tel:08001111" },
    Help {
        name: "Shout",
        about: "if you would rather text: free, day or night",
        number: "text SHOUT to 85258",
        link: "sms:85258",
    },
    Help { name: "Samaritans", about: "for anyone: free, day or night", number: "116 123", link: "tel:116123" },
    Help {
        name: "CEOP",
        about: "if someone online makes you feel unsafe",
        number: "ceop.police.uk",
        link: "https://www.ceop.police.uk/Safety-Centre/",
    },
];

/// When it cannot wait.
pub const EMERGENCY: &str = "999";
