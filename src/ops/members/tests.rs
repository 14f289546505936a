use super::*;
use std::fs;
use std::os::unix::fs::symlink;

fn names(path: &Path, inside: Option<&str>, format: Format) -> io::Result<Vec<(String, String)>> {
    let mut members = open(path, inside, format)?;
    let mut all = Vec::new();
    while let Some(member) = members.next_member()? {
        let (name, mut text) = (member.name.clone(), String::new());
        member.reader.read_to_string(&mut text)?;
        all.push((name, text));
    }
    Ok(all)
}

fn pair(name: &str, text: &str) -> (String, String) {
    (name.to_owned(), text.to_owned())
}

#[test]
fn a_list_is_a_file_a_folder_or_an_archive() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    fs::create_dir_all(at("ut1/adult")).expect("a folder");
    fs::write(at("ut1/adult/domains"), "a.example\n").expect("written");
    fs::write(at("ut1/adult/urls"), "a.example/x\n").expect("written");
    fs::write(at("ut1/adult/very_restrictive_expression"), "x\ny\n").expect("written");
    fs::write(at("plain.txt"), "include:other\nb.example\n").expect("written");
    fs::write(at("video"), "include:films\nfull:b.example @ads\n").expect("written");
    fs::write(at("films"), "films.example\n").expect("written");
    symlink("adult", at("ut1/porn")).expect("a link");
    symlink("../adult/urls", at("ut1/adult/other")).expect("a link");

    let both = [pair("domains", "a.example\n"), pair("urls", "a.example/x\n")];
    assert_eq!(names(&at("ut1/adult"), None, Format::Detect).expect("a list"), both);
    assert_eq!(names(&at("ut1"), Some("porn"), Format::Detect).expect("a list"), both, "an alias");
    assert_eq!(names(&at("ut1/porn"), None, Format::Detect).expect("a list"), both);
    assert_eq!(left_out(&at("ut1/porn"), None).expect("readable"), Some(("very_restrictive_expression".to_owned(), 2)));
    assert_eq!(names(&at("ut1/adult/domains"), None, Format::Detect).expect("a list"), [pair("", "a.example\n")]);
    assert_eq!(names(&at("plain.txt"), None, Format::Domains).expect("a list"), [pair("", "include:other\nb.example\n")]);
    let followed = [pair("", "\nfull:b.example @ads\n"), pair("films", "films.example\n")];
    assert_eq!(names(&at("video"), None, Format::V2fly).expect("a list"), followed);
    assert_eq!(names(&at("video"), None, Format::Detect).expect("a list"), followed);
    assert_eq!(names(folder.path(), Some("video"), Format::Detect).expect("a list"), followed);

    let mut builder = tar::Builder::new(fs::File::create(at("ut1.tar")).expect("a file"));
    builder.follow_symlinks(false);
    builder.append_dir_all("blacklists", at("ut1")).expect("packed");
    builder.finish().expect("packed");
    assert_eq!(names(&at("ut1.tar"), Some("adult"), Format::Detect).expect("a list"), both);
    assert_eq!(names(&at("ut1.tar"), Some("porn"), Format::Detect).expect("a list"), both);
    assert_eq!(left_out(&at("ut1.tar"), Some("porn")).expect("readable"), Some(("very_restrictive_expression".to_owned(), 2)));

    for (path, inside) in [("none", None), ("ut1", None), ("ut1", Some("gambling")), ("plain.txt", Some("x")), ("ut1.tar", None)]
    {
        assert!(names(&at(path), inside, Format::Detect).is_err(), "{path} {inside:?}");
    }
}

#[test]
fn a_list_whose_files_changed_has_another_stamp() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("domains"), "a.example\n").expect("written");
    let file = folder.path().join("urls");
    fs::write(&file, "a.example/x\n").expect("written");
    symlink("nowhere", folder.path().join("expressions")).expect("a link");
    let of = |path: &Path, inside| stamp(path, inside, Format::Detect).expect("readable");
    let (name, above) = (folder.path().file_name().and_then(|n| n.to_str()), folder.path().parent().expect("one"));
    let all = || [of(folder.path(), None), of(above, name), of(&file, None), of(folder.path(), Some("urls"))];
    let (before, beside) = (all(), of(folder.path(), Some("domains")));
    assert_eq!(before, all());
    fs::write(&file, "a.example/xy\n").expect("written");
    all().iter().zip(before).for_each(|(now, before)| assert_ne!(*now, before));
    assert_eq!(of(folder.path(), Some("domains")), beside, "another part of the folder is another list");
    assert!(stamp(&folder.path().join("none"), None, Format::Detect).is_err());
    assert!(stamp(folder.path(), Some("none"), Format::Detect).is_err());
}

#[test]
fn a_list_of_v2flys_has_another_stamp_when_a_file_changes_that_it_includes() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("written");
    write("video", "include:films\nfull:b.example @ads\n");
    write("films", "include:old-films\nfull:films.example\n");
    write("other", "full:other.example\n");
    for format in [Format::V2fly, Format::Detect] {
        let of = || stamp(&folder.path().join("video"), None, format).expect("readable");
        let before = of();
        write("other", "full:others.example\n");
        assert_eq!(of(), before, "it is not included");
        write("old-films", "full:old.example\n");
        let with_old = of();
        assert_ne!(with_old, before, "an include that now leads somewhere");
        write("old-films", "full:older.example\n");
        assert_ne!(of(), with_old, "two steps away");
        fs::remove_file(folder.path().join("old-films")).expect("removed");
    }
}

#[test]
fn a_link_that_leads_out_of_the_tree_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    fs::create_dir_all(at("lists/ut1/adult")).expect("a folder");
    fs::create_dir_all(at("private")).expect("a folder");
    fs::write(at("private/domains"), "p.example\n").expect("written");
    fs::write(at("lists/ut1/shared"), "s.example/x\n").expect("written");
    symlink("../../../private/domains", at("lists/ut1/adult/domains")).expect("a link");
    symlink("../../private", at("lists/ut1/secret")).expect("a link");
    symlink("../../private/domains", at("lists/ut1/films")).expect("a link");
    fs::write(at("lists/ut1/video"), "include:films\nfull:b.example\n").expect("written");
    for (path, inside) in [
        ("lists/ut1/adult", None),
        ("lists/ut1", Some("adult")),
        ("lists/ut1", Some("secret")),
        ("lists/ut1", Some("../../private")),
        ("lists/ut1/video", None),
    ] {
        let fault = names(&at(path), inside, Format::V2fly).expect_err(path);
        assert_eq!(fault.kind(), io::ErrorKind::InvalidData, "{path} {inside:?} {fault}");
    }
    fs::remove_file(at("lists/ut1/adult/domains")).expect("removed");
    symlink("../shared", at("lists/ut1/adult/urls")).expect("a link");
    assert_eq!(names(&at("lists/ut1/adult"), None, Format::Detect).expect("a list"), [pair("urls", "s.example/x\n")]);
}
