//! `schoolgate lists seal`.

use crate::cli::{Context, Outcome, fail, say};
use crate::config::Config;
use crate::gate::Clock;
use crate::lists::locked::{Made, Sealing, seal as sealed};
use crate::lists::{Known, Platforms};
use crate::ops::{files, locked};
use crate::words::{Category, Role};
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

/// Largest plain list: two million URLs of an average length, and room.
const MAX_PLAIN: u64 = 512 << 20;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The plain list: NAME or *.NAME (with everything below), =NAME (itself and www.), or a URL (a page and what is below it)
    /// a line; `#` begins a comment
    #[arg(value_name = "NAMES")]
    names: PathBuf,
    /// illegal-csam or illegal-terrorism
    #[arg(long, value_name = "ID", value_parser = category)]
    category: Category,
    /// Who answers for the list
    #[arg(long, value_name = "NAME")]
    issuer: String,
    /// Days from today after which `status` calls it stale
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    fresh_days: u16,
    /// The day the list is of, such as 2026-11-20 [default: today]
    #[arg(long, value_name = "DATE")]
    dated: Option<jiff::civil::Date>,
    /// The sealed file to write, which the gate's group may read
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Write it although a file of that name is there
    #[arg(long)]
    force: bool,
}

fn category(id: &str) -> Result<Category, String> {
    let locked = Category::fixed(id).filter(|category| category.role() == Role::Locked);
    locked.ok_or_else(|| "the categories of the locked tier are illegal-csam and illegal-terrorism".to_owned())
}

pub fn seal(context: &Context, config: &Config, args: &Args) -> Outcome {
    let at = |path: &Path, fault: &dyn std::fmt::Display| fail(format_args!("{}: {fault}", path.display()));
    if args.out.exists() && !args.force {
        return Err(at(&args.out, &"it is there already: give another name, or say --force to write over it"));
    }
    let plain = read(&args.names).map_err(|fault| at(&args.names, &fault))?;
    let platforms = config.lists.shipped.join("platforms.txt");
    let known = platforms_of(&platforms).map_err(|fault| at(&platforms, &fault))?;
    let sealing = Sealing {
        category: args.category,
        issuer: &args.issuer,
        date: match args.dated {
            None => locked::day(Clock::System.unix_ms()),
            Some(date) => {
                locked::day(date.at(0, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).map_err(fail)?.timestamp().as_millisecond())
            }
        },
        fresh_days: args.fresh_days,
        salt: salt().map_err(fail)?,
    };
    let made = sealed(&plain, &known, &sealing).map_err(|fault| at(&args.names, &fault))?;
    files::replace_for_group(&args.out, &made.bytes).map_err(|fault| at(&args.out, &fault))?;
    let Made { entries, duplicates, narrowed, .. } = made;
    if context.json {
        return context.print(
            &serde_json::json!({ "file": args.out, "entries": entries, "duplicates": duplicates, "host_only": narrowed }),
            String::new,
        );
    }
    say(format_args!("{}: {entries} entries of {}, {duplicates} duplicates", args.out.display(), args.category))?;
    if narrowed > 0 {
        say(format_args!("{narrowed} of them name a whole platform: they are closed for themselves and www. only"))?;
    }
    say(next_steps(args))
}

/// What is left to do until the gate goes by it.
fn next_steps(args: &Args) -> String {
    let (names, out) = (args.names.display(), args.out.display());
    let whole = std::path::absolute(&args.out).unwrap_or_else(|_| args.out.clone());
    let whole = whole.display();
    format!(
        "Next:\n\
         1. To sign it, if `locked_key` is used: `minisign -Sm {out}`, then `cat {out}.minisig >> {out}`.\n\
         2. Let the gate read it: `chgrp schoolgate {out}`.\n\
         3. Name it in schoolgate.toml, under [lists]: locked = [\"{whole}\"]\n\
         4. `schoolgate check`, then `systemctl reload schoolgate`; `schoolgate status` then shows it as present.\n\
         5. Destroy the plain list: `shred -u {names}`."
    )
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut plain = Vec::new();
    File::open(path)?.take(MAX_PLAIN + 1).read_to_end(&mut plain)?;
    if plain.len() as u64 > MAX_PLAIN {
        return Err(io::Error::other(format!("larger than {} MiB", MAX_PLAIN >> 20)));
    }
    Ok(plain)
}

fn platforms_of(path: &Path) -> Result<Known, String> {
    let file = File::open(path).map_err(|fault| fault.to_string())?;
    let platforms = Platforms::read(&mut BufReader::new(file))
        .map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))?;
    Ok(Known { platforms, ..Known::default() })
}

/// From the kernel: whoever could guess it could prepare the hashes of all names beforehand.
fn salt() -> io::Result<[u8; 32]> {
    let mut salt = [0; 32];
    File::open("/dev/urandom")?.read_exact(&mut salt)?;
    Ok(salt)
}
