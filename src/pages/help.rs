//! Whom a child, or anyone, can call: on every page, whatever it is about.
//!
//! Numbers as the services publish them (childline.org.uk, samaritans.org, giveusashout.org, papyrus-uk.org, ceop.police.uk).
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
    Help { name: "Childline", about: "for anyone under 19, day or night, free", number: "0800 1111", link: "tel:08001111" },
    Help {
        name: "Shout",
        about: "if you would rather text, day or night, free",
        number: "text SHOUT to 85258",
        link: "sms:85258",
    },
    Help { name: "Samaritans", about: "for anyone, day or night, free", number: "116 123", link: "tel:116123" },
    Help { name: "Papyrus", about: "if you think about ending your life", number: "0800 068 4141", link: "tel:08000684141" },
    Help {
        name: "CEOP",
        about: "if someone online makes you feel unsafe",
        number: "ceop.police.uk",
        link: "https://www.ceop.police.uk/Safety-Centre/",
    },
];

/// When it cannot wait.
pub const EMERGENCY: &str = "999";
