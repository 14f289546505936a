use super::*;
use proptest::prelude::*;
use std::io::Write;

/// A file of this name, whole and a byte at a time.
fn found(disposition: Option<&str>, path: &str, comes: Comes, bytes: &[u8]) -> Option<Download> {
    let by = |step: usize| {
        let mut look = Look::new(Name::of(disposition.map(str::as_bytes), path), comes);
        for piece in bytes.chunks(step) {
            if let Found::Is(kind) = look.push(piece) {
                return Some(kind);
            }
        }
        look.end()
    };
    let whole = by(1 << 20);
    for step in [1, 7, 4096] {
        assert_eq!(whole, by(step), "however it is cut");
    }
    whole
}

fn saved(path: &str, bytes: &[u8]) -> Option<Download> {
    found(None, path, Comes::Saved, bytes)
}

fn with(magic: &[u8], at: usize, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    bytes[at..at + magic.len()].copy_from_slice(magic);
    bytes
}

/// A local header and a little data: general purpose flags, and the entry's name.
fn entry(flags: u16, name: &str) -> Vec<u8> {
    let mut bytes = b"PK\x03\x04\x14\0".to_vec();
    bytes.extend(flags.to_le_bytes());
    bytes.extend([0; 10]);
    bytes.extend(4u32.to_le_bytes());
    bytes.extend(4u32.to_le_bytes());
    bytes.extend((name.len() as u16).to_le_bytes());
    bytes.extend([0, 0]);
    bytes.extend(name.as_bytes());
    bytes.extend(b"data");
    bytes
}

fn zip(entries: &[(u16, &str)]) -> Vec<u8> {
    entries.iter().flat_map(|(flags, name)| entry(*flags, name)).collect()
}

#[test]
fn a_program_is_known_by_its_beginning_whatever_it_is_called() {
    use Download::Program;
    let mut pe = with(b"MZ", 0, 512);
    pe[0x3c] = 0x80;
    pe[0x80..0x84].copy_from_slice(b"PE\0\0");
    for (what, bytes) in [
        ("PE", pe),
        ("ELF", with(b"\x7fELF\x02", 0, 64)),
        ("Mach-O", with(b"\xcf\xfa\xed\xfe", 0, 64)),
        ("a universal binary", with(b"\xca\xfe\xba\xbe", 0, 64)),
        ("deb", b"!<arch>\ndebian-binary   1".to_vec()),
        ("rpm", with(b"\xed\xab\xee\xdb", 0, 96)),
        ("a package of macOS", with(b"xar!", 0, 64)),
        ("an extension", with(b"Cr24\x03", 0, 64)),
        ("apk", zip(&[(0, "res/a.png"), (8, "AndroidManifest.xml")])),
        ("jar", zip(&[(0, "META-INF/"), (8, "META-INF/MANIFEST.MF")])),
        ("msix", zip(&[(0, "AppxManifest.xml")])),
        ("ipa", zip(&[(0, "Payload/Game.app/Info.plist")])),
    ] {
        for path in ["/essay.txt", "/picture.png", "/", "/x.exe"] {
            assert_eq!(saved(path, &bytes), Some(Program), "{what} as {path}");
            assert_eq!(found(None, path, Comes::Shown, &bytes), Some(Program), "{what} as {path}, shown");
        }
    }
}

#[test]
fn an_installer_is_known_by_the_class_of_its_root_or_by_its_name() {
    let class = b"\x84\x10\x0c\0\0\0\0\0\xc0\0\0\0\0\0\0\x46";
    let compound = |sector: u32, class: &[u8]| {
        let at = (sector as usize + 1) * 512;
        let mut bytes = with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0, at + 512);
        bytes[0x1e] = 9;
        bytes[0x30..0x34].copy_from_slice(&sector.to_le_bytes());
        bytes[at + 0x50..at + 0x60].copy_from_slice(class);
        bytes
    };
    let word = b"\x06\x09\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46";
    // The directory in the head, across its end, and far behind it.
    for sector in [0, 1, 6, 7, 100] {
        assert_eq!(saved("/setup", &compound(sector, class)), Some(Download::Program), "{sector}");
        assert_eq!(saved("/letter.doc", &compound(sector, word)), None, "{sector}");
    }
    assert_eq!(saved("/setup.msi", &compound(100, word)), Some(Download::Program));
}

#[test]
fn scripts_go_by_their_names_and_a_page_of_such_a_name_is_a_page() {
    use Download::Script;
    let (text, page) = (&b"echo hello\r\n"[..], &b"\xef\xbb\xbf\n <!DOCTYPE html><p>About run.bat"[..]);
    for name in ["run.bat", "run.CMD", "a.ps1", "a.vbs", "a.wsf", "a.lnk", "a.reg", "a.hta", "run.bat.", "run.bat%20", "a%2Ebat"]
    {
        assert_eq!(saved(&format!("/x/{name}?y=1"), text), Some(Script), "{name}");
    }
    for name in ["a.txt", "a.bat.txt", "bat", "a.py", "a.js", "a.sh", "x/bat/"] {
        assert_eq!(saved(&format!("/x/{name}"), text), None, "{name}");
    }
    assert_eq!(saved("/wiki/Run.bat", page), None);
    assert_eq!(saved("/wiki/Run.hta", page), Some(Script), "a page that runs");
    assert_eq!(saved("/x.bat", b"\x89PNG\r\n\x1a\n"), None);
    assert_eq!(saved("/x", b"\x4c\0\0\0\x01\x14\x02\0\0\0\0\0\0\0\0\xc0"), Some(Script), "a link");
    for (bytes, comes, expected) in [
        (&b"#!/usr/bin/env python3\n"[..], Comes::Saved, Some(Script)),
        (b"#! /bin/sh\n", Comes::Saved, Some(Script)),
        (b"#!/usr/bin/env python3\n", Comes::Shown, None),
        (b"#!shebang is a word", Comes::Saved, None),
        (b"#!", Comes::Saved, None),
    ] {
        assert_eq!(found(None, "/x", comes, bytes), expected, "{bytes:?}");
    }
}

#[test]
fn the_name_is_what_the_server_says_it_is_saved_as() {
    use Download::Script;
    for (disposition, path, expected) in [
        ("attachment; filename=\"run.bat\"", "/get?id=1", Some(Script)),
        ("attachment; filename=run.bat", "/get", Some(Script)),
        ("ATTACHMENT; FileName = \"run.bat\" ; size=3", "/get", Some(Script)),
        ("inline; filename=\"run.bat\"", "/get", Some(Script)),
        ("attachment; filename=\"essay.txt\"; filename*=UTF-8''na%C3%AFve%2Ebat", "/get", Some(Script)),
        ("attachment; filename*=utf-8'en'run.bat", "/get", Some(Script)),
        ("attachment; filename=\"a\\\"b;c.bat\"", "/get", Some(Script)),
        ("attachment; filename=\"C:\\\\x\\\\run.bat\"", "/get", Some(Script)),
        ("attachment; filename=\"essay.txt\"", "/run.bat", None),
        ("attachment", "/run.bat", Some(Script)),
        ("attachment; filename=\"run.js\"", "/get", Some(Script)),
        ("inline; filename=\"run.js\"", "/get", None),
        ("attachment; filename", "/get", None),
        ("", "/run.bat", Some(Script)),
    ] {
        assert_eq!(found(Some(disposition), path, Comes::Saved, b"some text"), expected, "{disposition} {path}");
    }
}

#[test]
fn an_archive_with_a_password_and_the_image_of_a_disk_are_known() {
    use Download::{DiskImage, LockedArchive};
    assert_eq!(saved("/a.zip", &zip(&[(0, "folder/"), (1, "folder/secret.txt")])), Some(LockedArchive));
    assert_eq!(saved("/a.zip", &zip(&[(9, "secret.txt")])), Some(LockedArchive));
    for entries in [&[(0, "a.txt"), (8, "b.txt")][..], &[(0, "mimetype")], &[(0, "[Content_Types].xml")]] {
        assert_eq!(saved("/a.zip", &zip(entries)), None, "{entries:?}");
    }
    let rar_4 = |main: u16, file: u16| {
        let block =
            |kind: u8, flags: u16, size: u16| [&[0, 0, kind][..], &flags.to_le_bytes(), &size.to_le_bytes(), &[0; 6]].concat();
        [&b"Rar!\x1a\x07\0"[..], &block(0x73, main, 13), &block(0x74, file, 32), &[0; 32]].concat()
    };
    // Of version 5: a main header, then a file's with one record more of this kind.
    let rar_5 = |record: u8| {
        let main = [0, 0, 0, 0, 3, 1, 0, 0];
        let file = [0, 0, 0, 0, 9, 2, 1, 3, 0, 0, 0, 2, record, 0];
        [&b"Rar!\x1a\x07\x01\0"[..], &main, &file, &[0; 16]].concat()
    };
    for (bytes, expected) in [
        (rar_4(0, 4), Some(LockedArchive)),
        (rar_4(0x80, 0), Some(LockedArchive)),
        (rar_4(0, 0), None),
        (rar_5(1), Some(LockedArchive)),
        (rar_5(3), None),
        ([&b"Rar!\x1a\x07\x01\0"[..], &[0, 0, 0, 0, 3, 4, 0, 0]].concat(), Some(LockedArchive)),
    ] {
        assert_eq!(saved("/a.rar", &bytes), expected, "{bytes:x?}");
    }
    for bytes in [with(b"CD001", 32_769, 34_000), with(b"vhdxfile", 0, 64), with(b"QFI\xfb", 0, 64)] {
        assert_eq!(saved("/a", &bytes), Some(DiskImage));
    }
    assert_eq!(saved("/a", &with(b"CD001", 32_770, 34_000)), None);
    assert_eq!(saved("/a.dmg", &[b'x'; 64]), Some(DiskImage));
}

#[test]
fn what_schools_download_every_day_is_nothing() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(b"a worksheet").expect("packed");
    for (path, bytes) in [
        ("/essay.docx", zip(&[(0, "[Content_Types].xml"), (8, "word/document.xml")])),
        ("/book.epub", zip(&[(0, "mimetype"), (8, "META-INF/container.xml")])),
        ("/project.sb3", zip(&[(0, "project.json")])),
        ("/paper.pdf", b"%PDF-1.7\n".to_vec()),
        ("/film.mp4", b"\0\0\0\x18ftypmp42".to_vec()),
        ("/sheet.csv", b"MZ,a column that begins like a program,and goes on for more than sixty-four bytes".to_vec()),
        ("/lesson.py", b"print('hello')\n".to_vec()),
        ("/archive.tar.gz", gzip.finish().expect("packed")),
        ("/font.woff2", b"wOF2\0\x01\0\0".to_vec()),
        ("/module.wasm", b"\0asm\x01\0\0\0".to_vec()),
        ("/", b"".to_vec()),
    ] {
        assert_eq!(saved(path, &bytes), None, "{path}");
    }
}

#[test]
fn a_stream_that_is_no_sign_of_anything_is_known_at_its_first_bytes() {
    for bytes in [&b"data: hello\n\n"[..], b": ping\n\n", b"{\"a\":1}\n", b"<p>"] {
        let mut look = Look::new(Name::of(None, "/events"), Comes::Saved);
        assert_eq!(look.push(bytes), Found::Fine, "{bytes:?}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(
        magic in prop::sample::select(vec![&b"PK\x03\x04"[..], b"Rar!\x1a\x07\x01\0", b"Rar!\x1a\x07\0", b"MZ", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b""]),
        bytes in prop::collection::vec(any::<u8>(), 0..600),
        field in ".{0,60}",
        path in ".{0,40}",
    ) {
        let bytes = [magic, &bytes].concat();
        found(Some(&field), &path, Comes::Saved, &bytes);
        found(None, &path, Comes::Shown, &bytes);
        let _ = Name::of(Some(&bytes), &path).expected();
    }
}
