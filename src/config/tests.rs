//! What the shipped files say, and what is told of wrong ones.

mod public;
mod resolvers;
mod shipped;
mod wrong;

use super::*;
use crate::words::Host;

/// Noon on 1 September 2026, UTC: what is now for entries that must end soon.
const NOW_MS: i64 = 1_788_264_000_000;

const MAIN: &str = "[[network]]\nname = \"lab\"\nranges = [\"10.0.0.0/8\"]\n";
const PROFILES: &str =
    "[profile.secondary]\npupils = true\nblock = [\"adult\", \"games\"]\n\n[profile.staff]\nblock = [\"adult\"]\n";

fn text(path: &str, text: impl Into<String>) -> Text {
    Text { path: path.into(), text: text.into() }
}

/// A small configuration without faults.
fn files() -> Files {
    Files {
        main: text("config/schoolgate.toml", MAIN),
        parts: vec![],
        profiles: text("config/profiles.toml", PROFILES),
        categories: text("config/categories.toml", ""),
        term_dates: text("config/term-dates.toml", ""),
        matters: text("config/matters.toml", ""),
        sources: text("blocklists/sources.toml", ""),
        entries: None,
        around: Around { host_name: "gate-1".into(), shipped: "blocklists".into(), now_ms: Some(NOW_MS) },
    }
}

fn files_with(main: impl Into<String>) -> Files {
    Files { main: text("config/schoolgate.toml", main), ..files() }
}

/// The files as they ship.
fn shipped() -> Files {
    Files {
        main: text("config/schoolgate.toml", include_str!("../../config/schoolgate.toml")),
        profiles: text("config/profiles.toml", include_str!("../../config/profiles.toml")),
        categories: text("config/categories.toml", include_str!("../../config/categories.toml")),
        term_dates: text("config/term-dates.toml", include_str!("../../config/term-dates.toml")),
        matters: text("config/matters.toml", include_str!("../../config/matters.toml")),
        sources: text("blocklists/sources.toml", include_str!("../../blocklists/sources.toml")),
        ..files()
    }
}

fn understood(files: &Files) -> Config {
    read(files).unwrap_or_else(|faults| panic!("{faults}"))
}
