//! `schoolgate ca`: the school's own certificate authority.

use super::{Context, Failed, Outcome, fail, put, say};
use crate::app::recorded::{begin, done};
use crate::casebook::{Entry, Kind};
use crate::config::Config;
use crate::gate::Clock;
use crate::net::ca::{CHECK_HOST, carried, fingerprint};
use crate::ops::ca::{Carried, Folder};
use crate::ops::files;
use crate::pages::CaPage;
use serde_json::json;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::slice;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Make the authority, for five years: its key stays on this box
    ///
    /// Nothing is looked into before a network says `ca = "installed"`. Bring it to the school's devices with `ca export`.
    Init,
    /// Make the one that follows, and let it sign once devices have it
    ///
    /// Until --take the old one signs, and `ca export` gives the new one: both are on the devices then, side by side.
    Roll {
        /// Let the one that follows sign from the next reload on; the old one and its key are gone then
        #[arg(long)]
        take: bool,
    },
    /// Write the certificate as devices take it: PEM, DER, Apple's profile, and a page with the steps for each kind of device
    Export(ExportArgs),
    /// Does this machine trust the authority?
    Check,
}

#[derive(Debug, clap::Args)]
pub struct ExportArgs {
    /// Write the files into this folder; not written: the PEM to standard output
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Where devices of the school reach the page, for its code [default: /ca of the first address of `[web] listen`]
    #[arg(long)]
    url: Option<String>,
}

pub fn ca(context: &Context, command: &Command) -> Outcome {
    let config = context.read_as_far()?;
    let folder = Folder::of(&config);
    let now = Clock::System.unix_ms().div_euclid(1000);
    let school = &config.school.name;
    match command {
        Command::Init => {
            let made = changed(&config, "ca init: an authority that HTTPS is looked into with", || folder.init(school, now))?;
            told(
                context,
                &config,
                &made,
                "made: `systemctl reload schoolgate` takes it, `schoolgate ca export --out FOLDER` brings it to devices",
            )
        }
        Command::Roll { take: false } => {
            let made = changed(&config, "ca roll: the authority that follows", || folder.roll(school, now))?;
            told(
                context,
                &config,
                &made,
                "made, and the old one signs: bring it to devices (`schoolgate ca export --out FOLDER`), then `schoolgate ca roll --take`",
            )
        }
        Command::Roll { take: true } => {
            let taken = changed(&config, "ca roll --take: the authority that follows signs", || folder.take())?;
            told(context, &config, &taken, "signs from the next reload on: `systemctl reload schoolgate`")
        }
        Command::Export(args) => export(&config, &folder.carried().map_err(fail)?, args),
        Command::Check => check(context, &folder.carried().map_err(fail)?),
    }
}

/// In the casebook: who may look into HTTPS is a change of filtering.
fn changed<E: Display>(config: &Config, what: &str, change: impl FnOnce() -> Result<Carried, E>) -> Result<Carried, Failed> {
    let entry = Entry::new(Kind::Change, &files::own_name(), what).about("ca");
    let begun = begin(config, Clock::System.unix_ms(), slice::from_ref(&entry)).map_err(fail)?;
    let made = change().map_err(fail)?;
    let after = format!("{}, until {}", fingerprint_of(&made), day(config, made.ends));
    done(begun, vec![entry.from_to("", &after)]).map_err(fail)?;
    Ok(made)
}

fn told(context: &Context, config: &Config, carried: &Carried, what: &str) -> Outcome {
    let (fingerprint, until) = (fingerprint_of(carried), day(config, carried.ends));
    let value = json!({ "fingerprint": fingerprint, "until": until, "next": carried.next });
    context.print(&value, || format!("the authority {fingerprint}, until {until}, is {what}"))
}

fn export(config: &Config, made: &Carried, args: &ExportArgs) -> Outcome {
    let Some(folder) = &args.out else { return put(made.certificate.as_bytes()) };
    let der = carried::der(&made.certificate).map(|der| der.to_vec()).unwrap_or_default();
    let page = CaPage {
        school: &config.school.name,
        fingerprint: &fingerprint_of(made),
        until: &day(config, made.ends),
        url: &args.url.clone().or_else(|| url(config)).unwrap_or_default(),
        files: "",
        check: &format!("https://{CHECK_HOST}/"),
        next: made.next,
    };
    for (name, bytes) in [
        ("schoolgate-ca.pem", made.certificate.as_bytes()),
        ("schoolgate-ca.cer", &der),
        ("schoolgate-ca.mobileconfig", carried::mobileconfig(&config.school.name, &made.certificate).as_bytes()),
        ("schoolgate-ca.html", page.html().as_bytes()),
    ] {
        write(&folder.join(name), bytes)?;
        say(folder.join(name).display())?;
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Outcome {
    files::replace(path, bytes).map_err(|fault| fail(format_args!("{}: {fault}", path.display())))
}

/// Whether the store of this machine holds it.
fn check(context: &Context, made: &Carried) -> Outcome {
    let wanted = carried::der(&made.certificate);
    let trusted = rustls_native_certs::load_native_certs().certs.iter().any(|held| wanted.as_ref() == Some(held));
    context.print(&json!({ "trusted": trusted, "fingerprint": fingerprint_of(made) }), || match trusted {
        true => "this machine trusts the authority; browsers that keep a store of their own may not".into(),
        false => "this machine does not trust the authority: `schoolgate ca export --out FOLDER` writes the steps".into(),
    })?;
    if trusted { Ok(()) } else { Err(super::Failed) }
}

fn fingerprint_of(made: &Carried) -> String {
    carried::der(&made.certificate).map(|der| fingerprint(&der)).unwrap_or_default()
}

fn day(config: &Config, second: i64) -> String {
    let at = jiff::Timestamp::from_second(second).unwrap_or_default().to_zoned(config.school.zone.clone());
    at.strftime("%-d %B %Y").to_string()
}

/// Where the web door shows the page, if it listens on one address.
fn url(config: &Config) -> Option<String> {
    let at = config.web.listen.iter().find(|at| !at.ip().is_unspecified() && at.port() != 0)?;
    Some(if at.port() == 80 { format!("http://{}/ca", crate::words::Host::from(at.ip())) } else { format!("http://{at}/ca") })
}
