//! The table in the kernel.

use super::FirewallFault;
use super::rules::TABLE;
use std::io::{ErrorKind, Write};
use std::process::{Command, Output, Stdio};

/// Hands a text to `nft`; all of it is done, or nothing.
///
/// # Errors
/// There is no `nft`, or what it says.
pub fn load(text: &str) -> Result<(), FirewallFault> {
    run(&["-f", "-"], text).map(drop)
}

/// Whether `nft` would take the text.
///
/// # Errors
/// As [`load`].
pub fn check(text: &str) -> Result<(), FirewallFault> {
    run(&["-c", "-f", "-"], text).map(drop)
}

/// The table as it is, in a text that can be loaded. `None`: there is none.
///
/// # Errors
/// There is no `nft`.
pub fn listed() -> Result<Option<String>, FirewallFault> {
    match run(&["list", "table", "inet", "schoolgate"], "") {
        Ok(text) => Ok(Some(text)),
        Err(FirewallFault::Refused(_)) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// Takes the table away. Whether there was one.
///
/// # Errors
/// As [`load`].
pub fn remove() -> Result<bool, FirewallFault> {
    let there = listed()?.is_some();
    load(&format!("table {TABLE} {{}}\ndelete table {TABLE}\n")).map(|()| there)
}

fn run(arguments: &[&str], text: &str) -> Result<String, FirewallFault> {
    // A service, and a person who became root by `su`, may be without the folders of the system's own programs.
    let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
    let mut command = Command::new("nft");
    command.args(arguments).env("PATH", path).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(FirewallFault::NoNft)?;
    if let Some(mut stdin) = child.stdin.take() {
        // It has said why if it does not read on.
        stdin.write_all(text.as_bytes()).or_else(|e| if e.kind() == ErrorKind::BrokenPipe { Ok(()) } else { Err(e) })?;
    }
    let Output { status, stdout, stderr } = child.wait_with_output()?;
    if status.success() {
        Ok(String::from_utf8_lossy(&stdout).into_owned())
    } else {
        Err(FirewallFault::Refused(String::from_utf8_lossy(&stderr).trim().to_owned()))
    }
}
