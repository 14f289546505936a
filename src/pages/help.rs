//! Whom a child, or anyone, can call: on every page, whatever it is about.
//!
//! Numbers as the services publish them (childline.org.uk, samaritans.org, giveusashout.org, ceop.police.uk, meiccymru.org).
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
    Help { name: "Childline", about: "if you are under 19: free, day or night", ..CHILDLINE },
    Help { name: "Shout", about: "if you would rather text: free, day or night", ..SHOUT },
    Help { name: "Samaritans", about: "for anyone: free, day or night", ..SAMARITANS },
    Help { name: "CEOP", about: "if someone online makes you feel unsafe", ..CEOP },
];

/// The same in Welsh, with Wales's own line for children.
pub const HELP_IN_WALES: &[Help] = &[
    Help { name: "Childline", about: "os wyt ti o dan 19: am ddim, ddydd neu nos", ..CHILDLINE },
    Help {
        name: "Meic",
        about: "i blant a phobl ifanc Cymru, yn Gymraeg neu'n Saesneg: am ddim, 8 y bore tan hanner nos",
        number: "080880 23456",
        link: "tel:08088023456",
    },
    Help {
        name: "Shout",
        about: "os yw'n well gen ti decstio: am ddim, ddydd neu nos",
        number: "tecstia SHOUT i 85258",
        ..SHOUT
    },
    Help { name: "Samaritans", about: "i bawb: am ddim, ddydd neu nos", ..SAMARITANS },
    Help { name: "CEOP", about: "os yw rhywun ar-lein yn gwneud i ti deimlo'n anniogel", ..CEOP },
];

const CHILDLINE: Help = Help { name: "Childline", about: "", number: "0800 1111", link: "tel:08001111" };
const SHOUT: Help = Help { name: "Shout", about: "", number: "text SHOUT to 85258", link: "sms:85258" };
const SAMARITANS: Help = Help { name: "Samaritans", about: "", number: "116 123", link: "tel:116123" };
const CEOP: Help = Help { name: "CEOP", about: "", number: "ceop.police.uk", link: "https://www.ceop.police.uk/Safety-Centre/" };
