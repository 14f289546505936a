//! What is typed and not shown.

use super::{Failed, fail};
use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use std::io::{BufRead, IsTerminal, Read, Write, stdin};
use zeroize::Zeroizing;

/// Longest line that is read.
const MAX_LINE: u64 = 4096;

/// The terminal as it was before.
struct Shown(Termios);

impl Drop for Shown {
    fn drop(&mut self) {
        let _ = tcsetattr(stdin(), SetArg::TCSAFLUSH, &self.0);
    }
}

/// Asks for something secret on the terminal, without showing it; with nobody there it is the next line of standard input.
///
/// # Errors
/// Nothing can be read.
pub fn secret(prompt: &str) -> Result<Zeroizing<String>, Failed> {
    let asked = stdin().is_terminal();
    let _shown = asked.then(hide).flatten();
    if asked {
        write!(std::io::stderr(), "{prompt}: ").map_err(fail)?;
    }
    line(prompt)
}

/// A secret that nobody has used yet: asked twice.
///
/// # Errors
/// The two differ, or nothing can be read.
pub fn new_secret(prompt: &str) -> Result<Zeroizing<String>, Failed> {
    let first = secret(prompt)?;
    if stdin().is_terminal() && *secret("the same again")? != *first {
        return Err(fail("these two are not the same: nothing was changed"));
    }
    Ok(first)
}

/// A line that may be seen.
///
/// # Errors
/// Nothing can be read.
pub fn answer(prompt: &str) -> Result<String, Failed> {
    if stdin().is_terminal() {
        write!(std::io::stderr(), "{prompt}: ").map_err(fail)?;
    }
    line(prompt).map(|line| line.trim().to_owned())
}

fn hide() -> Option<Shown> {
    let before = tcgetattr(stdin()).ok()?;
    let mut hidden = before.clone();
    hidden.local_flags.remove(LocalFlags::ECHO);
    hidden.local_flags.insert(LocalFlags::ECHONL);
    tcsetattr(stdin(), SetArg::TCSAFLUSH, &hidden).ok()?;
    Some(Shown(before))
}

/// The next line, without its end.
fn line(prompt: &str) -> Result<Zeroizing<String>, Failed> {
    let mut line = Zeroizing::new(String::new());
    let read = stdin().lock().take(MAX_LINE).read_line(&mut line).map_err(fail)?;
    if read == 0 {
        return Err(fail(format_args!("{prompt}: nothing was typed")));
    }
    while line.ends_with(['\n', '\r']) {
        line.pop();
    }
    Ok(line)
}
