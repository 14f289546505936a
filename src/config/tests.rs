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

/// The main file with one network that asks so, and these keys of `[proxy]`.
fn asking(ask: &str, proxy: &str) -> Files {
    let network = format!("[[network]]\nname = \"lab\"\nranges = [\"10.0.0.0/8\"]\nask = {ask}\n");
    files_with(format!("[proxy]\n{proxy}\n{network}"))
}

#[test]
fn tickets_are_asked_for_where_they_can_be_opened_and_belong_to_the_realms_that_are_written() {
    let keys = "keytab = \"gate.keytab\"\nservice = \"HTTP/gate.school.example@SCHOOL.EXAMPLE\"";
    let more = format!("{keys}\nrealms = [\"SCHOOL.EXAMPLE\", \"TRUST.EXAMPLE\"]");
    for (keys, realms) in [(keys, &["SCHOOL.EXAMPLE"][..]), (&more, &["SCHOOL.EXAMPLE", "TRUST.EXAMPLE"])] {
        let (config, faults) = read_as_far(&asking("[\"negotiate\"]", keys));
        // A build without the feature understands it, and says that it cannot.
        let told = faults.map(|faults| faults.in_a_line());
        let right = "config/schoolgate.toml:";
        assert!(HAS_KERBEROS == told.is_none(), "{told:?}");
        assert!(told.is_none_or(|told| told.starts_with(right) && told.contains("this build has no Kerberos")));
        let asks = config.sources.asks[0];
        assert!(asks.negotiate && !asks.basic);
        let kerberos = config.proxy.kerberos.expect("it is written");
        assert_eq!(
            (kerberos.realms, kerberos.host.as_str()),
            (realms.iter().map(ToString::to_string).collect(), "gate.school.example")
        );
        assert_eq!(kerberos.keytab, std::path::Path::new("config/gate.keytab"));
    }
    let told = read(&asking("[\"negotiate\", \"basic\"]", "")).expect_err("no keys, no TLS").to_string();
    assert!(told.contains("a password is asked for over TLS only"), "{told}");
    assert!(
        told.contains(if HAS_KERBEROS { "there is no key to open them with" } else { "this build has no Kerberos" }),
        "{told}"
    );
}
