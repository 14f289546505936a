//! What a file's first bytes say.

use super::archive::{self, Zip};
use super::name::Name;
use super::{Comes, Sign};
use crate::words::download::Download;

/// What the beginning says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// Too little has come.
    More,
    Is(Download),
    /// Bytes further on say it.
    Later(Sign),
    /// It is a page or a picture: a name that a program has is only its name.
    Text,
    Fine,
}

/// Whole beginnings of files that run, or install what runs.
const PROGRAMS: &[&[u8]] = &[
    // ELF gABI.
    b"\x7fELF",
    // Mach-O, 32 and 64 bits in both orders; universal binaries, and classes of Java, which begin alike.
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
    // Android's own code; extensions of Chromium; packages of macOS, Debian and Red Hat.
    b"dex\n035\0",
    b"Cr24",
    b"xar!",
    b"!<arch>\ndebian-binary",
    b"\xed\xab\xee\xdb",
];

/// Images of disks: VHD, VHDX, QCOW, VMDK.
const DISKS: &[&[u8]] = &[b"conectix", b"vhdxfile", b"QFI\xfb", b"KDMV"];

/// A link of Windows (MS-SHLLINK §2.1): it runs what it names.
const LINK: &[u8] = b"\x4c\0\0\0\x01\x14\x02\0";

/// Compound files (MS-CFB §2.2): installers of Windows, and documents of old.
const COMPOUND: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// Of the class of an installer, a patch or a transform, {000C1084…86-0000-0000-C000-000000000046}, all but the first byte, in which
/// they differ.
const INSTALLER: &[u8] = b"\x10\x0c\0\0\0\0\0\xc0\0\0\0\0\0\0\x46";

const ZIP: &[u8] = b"PK\x03\x04";
const RAR_4: &[u8] = b"Rar!\x1a\x07\0";
const RAR_5: &[u8] = b"Rar!\x1a\x07\x01\0";
const PROGRAM: &[u8] = b"MZ";
const SHEBANG: &[u8] = b"#!";

/// What browsers show as a page (MIME Sniffing §7.1), after white space.
const PAGES: &[&[u8]] = &[
    b"<!doctype html",
    b"<html",
    b"<head",
    b"<body",
    b"<script",
    b"<title",
    b"<!--",
    b"<div",
    b"<p>",
    b"<?xml",
    b"<svg",
    b"%PDF-",
];

/// As much of a page as is waited for, in bytes: more than any beginning of one here has.
const LONGEST: usize = 16;

/// Pictures, which no system runs.
const PICTURES: &[&[u8]] = &[b"\x89PNG", b"GIF8", b"\xff\xd8\xff", b"RIFF"];

/// Judges the beginning of a file; `last`: there is no more of it, or no more is kept.
pub fn said(head: &[u8], last: bool, name: &Name, comes: Comes) -> Said {
    if begins(head, PROGRAMS) {
        return Said::Is(Download::Program);
    }
    if begins(head, DISKS) {
        return Said::Is(Download::DiskImage);
    }
    if head.starts_with(LINK) {
        return Said::Is(Download::Script);
    }
    if head.starts_with(PROGRAM) {
        return dos(head, last, name);
    }
    if head.starts_with(COMPOUND) {
        return compound(head, last, name);
    }
    if head.starts_with(ZIP) {
        return match archive::zip(head) {
            Zip::Program => Said::Is(Download::Program),
            Zip::Locked => Said::Is(Download::LockedArchive),
            Zip::Unknown if !last => Said::More,
            Zip::Unknown | Zip::Other => named(name),
        };
    }
    if head.starts_with(RAR_4) || head.starts_with(RAR_5) {
        return match archive::rar(head) {
            Some(true) => Said::Is(Download::LockedArchive),
            None if !last => Said::More,
            _ => Said::Fine,
        };
    }
    if head.starts_with(SHEBANG) && comes == Comes::Saved {
        let rest = head[SHEBANG.len()..].trim_ascii_start();
        match rest.first() {
            Some(b'/') => return Said::Is(Download::Script),
            None if !last => return Said::More,
            _ => {}
        }
    }
    if !last && may_become_something(head) {
        return Said::More;
    }
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let page = PAGES.iter().any(|page| text.len() >= page.len() && text[..page.len()].eq_ignore_ascii_case(page));
    let part = !last && text.len() < LONGEST;
    if page || begins(head, PICTURES) {
        // An HTML application is a page, and runs as a program.
        return if name.runs_pages() { Said::Is(Download::Script) } else { Said::Text };
    }
    if part && name.says_something() { Said::More } else { named(name) }
}

/// What only the name can say.
fn named(name: &Name) -> Said {
    name.alone().map_or(Said::Fine, Said::Is)
}

fn begins(head: &[u8], with: &[&[u8]]) -> bool {
    with.iter().any(|magic| head.starts_with(magic))
}

/// Whether what has come is the beginning of a beginning.
fn may_become_something(head: &[u8]) -> bool {
    let single = [LINK, COMPOUND, ZIP, RAR_4, RAR_5, PROGRAM, SHEBANG];
    let all = PROGRAMS.iter().chain(DISKS).chain(&single);
    all.into_iter().any(|magic| head.len() < magic.len() && magic.starts_with(head))
}

/// A program of DOS or Windows: its header has 64 bytes, which are no text.
fn dos(head: &[u8], last: bool, name: &Name) -> Said {
    const HEADER: usize = 64;
    match head.get(..HEADER) {
        Some(header) if header.contains(&0) => Said::Is(Download::Program),
        Some(_) => named(name),
        None if last => named(name),
        None => Said::More,
    }
}

/// An installer by its name, or by the class of its root, which stands first in the first sector of the directory (MS-CFB §2.6.1).
fn compound(head: &[u8], last: bool, name: &Name) -> Said {
    if name.installs() {
        return Said::Is(Download::Program);
    }
    let (Some(shift), Some(sector)) = (head.get(0x1e..0x20), head.get(0x30..0x34)) else {
        return if last { Said::Fine } else { Said::More };
    };
    let shift = u16::from_le_bytes([shift[0], shift[1]]);
    let sector = u32::from_le_bytes([sector[0], sector[1], sector[2], sector[3]]);
    if !matches!(shift, 9 | 12) {
        return Said::Fine;
    }
    let at = ((u64::from(sector) + 1) << shift) + 0x51;
    match usize::try_from(at).ok().and_then(|at| head.get(at..at + INSTALLER.len())) {
        Some(class) if class == INSTALLER => Said::Is(Download::Program),
        Some(_) => Said::Fine,
        // It stands after what is kept, or is to come.
        None if !last => Said::More,
        None => Said::Later(Sign { at, bytes: INSTALLER, kind: Download::Program }),
    }
}
