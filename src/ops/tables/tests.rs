use super::*;
use crate::lists::Origin;
use crate::words::{Category, CategorySet, Host};
use std::fs;
use std::path::Path;

/// A folder with lists, and one for what is made of them.
struct Kept {
    dir: tempfile::TempDir,
    files: Vec<ListFile>,
    known: Known,
    accepted: Vec<String>,
}

impl Kept {
    fn new(lists: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let mut made = Self { dir, files: Vec::new(), known: Known::default(), accepted: Vec::new() };
        lists.iter().for_each(|(name, text)| made.add(name, text));
        made
    }

    fn add(&mut self, name: &str, text: &str) {
        let path = self.dir.path().join(name.replace('/', "-"));
        fs::write(&path, text).expect("written");
        // A time that says nothing: what was written a moment later is another file all the same.
        File::options().write(true).open(&path).and_then(|f| f.set_modified(std::time::UNIX_EPOCH)).expect("a time");
        let file = ListFile { origin: Origin::Public, ..ListFile::new(name.into(), Category::ADULT, path) };
        match self.files.iter_mut().find(|f| f.name == name) {
            Some(old) => *old = file,
            None => self.files.push(file),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.files.iter().find(|f| f.name == name).map(|f| f.path.clone()).expect("a list")
    }

    fn folder(&self) -> Folder {
        Folder(self.dir.path().join("data"))
    }

    fn make(&self, broken: Broken) -> Result<Made, TablesFault> {
        let folder = self.folder();
        make_of(&Lists { folder: &folder, files: &self.files, known: &self.known, accepted: &self.accepted }, broken, &|_| ())
    }

    fn bytes(&self) -> Vec<u8> {
        fs::read(self.folder().table()).expect("a table")
    }

    /// What a box that never kept anything makes of the same files.
    fn anew(&self) -> Vec<u8> {
        let other = tempfile::tempdir().expect("a folder");
        let folder = Folder(other.path().into());
        make_of(
            &Lists { folder: &folder, files: &self.files, known: &self.known, accepted: &self.accepted },
            Broken::Refuse,
            &|_| (),
        )
        .expect("made");
        fs::read(folder.table()).expect("a table")
    }

    fn blocked(&self, name: &str) -> bool {
        let table = force::open(&self.folder().table()).expect("a table");
        table.lookup(&Host::parse(name).expect("a host")).categories() == CategorySet::of(&[Category::ADULT])
    }

    fn left(&self) -> Vec<String> {
        let names = |folder: &Path| -> Vec<String> {
            let found = fs::read_dir(folder).expect("a folder").flatten();
            found.filter(|e| e.path().is_file()).map(|e| e.file_name().to_string_lossy().into_owned()).collect()
        };
        let mut left = [names(&self.folder().0), names(&self.folder().runs())].concat();
        left.sort();
        left
    }
}

#[test]
fn a_list_that_did_not_change_is_not_read_again_and_the_table_is_the_same_as_of_all_anew() {
    let mut lists = Kept::new(&[("a/one", "a.example\nb.example\n"), ("two", "c.example\na.example\n")]);
    lists.make(Broken::Refuse).expect("made");
    let first = lists.bytes();
    // Other bytes of the same length and time: whoever reads them makes another table.
    lists.add("two", "x.example\ny.example\n");
    lists.add("three", "d.example\n");
    lists.make(Broken::Refuse).expect("made");
    assert!(lists.blocked("c.example") && lists.blocked("d.example") && !lists.blocked("x.example"));
    lists.add("two", "c.example\na.example\n");
    assert!(lists.bytes() == lists.anew());
    lists.files.pop();
    lists.make(Broken::Refuse).expect("made");
    assert!(lists.bytes() == first, "and the run of a list that is gone is gone");
    assert_eq!(lists.left(), ["a-one.run", "lock", "sources.json", "table.previous.sgt", "table.sgt", "two.run"]);
}

#[test]
fn a_run_that_rots_is_made_again_from_its_list() {
    let many: String = (0..9_000).map(|n| format!("n{n}.example\n")).collect();
    let lists = Kept::new(&[("one", &many), ("two", "c.example\n")]);
    lists.make(Broken::Refuse).expect("made");
    let (table, path) = (lists.bytes(), lists.folder().runs().join("one.run"));
    let good = fs::read(&path).expect("a run");
    let cut = good[..good.len() / 2].to_vec();
    let mut flipped = good.clone();
    flipped[good.len() / 2] ^= 1;
    for bad in [flipped, cut, Vec::new(), b"<html>".to_vec()] {
        fs::write(&path, &bad).expect("written");
        fs::remove_file(lists.folder().table()).expect("there is one");
        lists.make(Broken::Refuse).expect("made");
        assert!(lists.bytes() == table && fs::read(&path).expect("a run") == good);
    }
}

#[test]
fn a_list_that_turns_bad_stays_as_it_was_and_says_so() {
    let lists = |text: &str| {
        let mut lists = Kept::new(&[("one", "a.example\nb.example\n"), ("two", "c.example\n")]);
        lists.make(Broken::Refuse).expect("made");
        lists.add("one", text);
        lists.add("two", "d.example\n\n");
        lists
    };
    for (text, why) in
        [("", "it holds no entry"), ("<!DOCTYPE html>\n<html>\n", "it is a web page"), ("what is this\nand that\n", "no format")]
    {
        let mut lists = lists(text);
        let made = lists.make(Broken::Refuse).expect("the rest goes on");
        assert!(lists.blocked("a.example") && lists.blocked("d.example") && !lists.blocked("c.example"), "{why}");
        let refused = made.lists[0].refused.clone().unwrap_or_default();
        assert!(refused.contains(why), "{refused}");
        assert_eq!((made.lists[0].entries, made.lists[0].broken, made.lists[1].refused.as_deref()), (2, None, None));
        let table = force::open(&lists.folder().table()).expect("a table");
        assert_eq!(table.lists(), made.lists, "the table tells it");
        // Mended, it is what its file says.
        lists.add("one", "e.example\n");
        let made = lists.make(Broken::Refuse).expect("made");
        assert!(lists.blocked("e.example") && !lists.blocked("a.example") && made.lists[0].refused.is_none());
    }
    let lists = lists("a.example");
    fs::remove_file(lists.path("one")).expect("there is one");
    let made = lists.make(Broken::Refuse).expect("made");
    assert!(lists.blocked("a.example") && made.lists[0].refused.is_some(), "a list that is gone");
}

#[test]
fn a_list_that_never_was_good_refuses_the_change_and_not_a_start() {
    let mut lists = Kept::new(&[("one", "a.example\n")]);
    lists.make(Broken::Refuse).expect("made");
    let before = lists.bytes();
    lists.add("two", "<html>\n");
    for _ in 0..2 {
        let fault = lists.make(Broken::Refuse).expect_err("refused").to_string();
        assert!(fault.starts_with("list two (") && fault.contains("web page"), "{fault}");
        assert!(lists.bytes() == before);
    }
    let made = lists.make(Broken::Endure).expect("made");
    assert!(lists.blocked("a.example") && made.lists[1].broken.is_some());
    assert!(!lists.folder().made_of().exists(), "not called the table of these files");
    // The category it was judged for is not the one it has now: what was good there is not here.
    lists.add("two", "b.example\n");
    lists.make(Broken::Refuse).expect("made");
    lists.add("two", "");
    lists.files[1].category = Category::GAMBLING;
    lists.make(Broken::Refuse).expect_err("no last good version of this category");
}

#[test]
fn what_stops_a_compile_leaves_the_old_table_in_force() {
    let mut lists = Kept::new(&[("one", "a.example\n")]);
    lists.make(Broken::Refuse).expect("made");
    let before = lists.bytes();
    let folder = lists.folder();
    let full = || TablesFault::File { path: "x".into(), source: io::ErrorKind::StorageFull.into() };
    for bytes in [0, 100, 1 << 20] {
        let half = folder.replace(|_, to| to.write_all(&vec![7; bytes]).map_err(|_| full()).and(Err::<Written, _>(full())));
        assert!(half.is_err() && lists.bytes() == before && !folder.0.join("table.sgt.new").exists());
    }
    // What a compile leaves that is killed: whichever file it was at.
    lists.add("one", "b.example\n\n");
    for left in ["table.sgt.new", "table.previous.sgt.new", "spill-ThreadId1.new", "runs/one.run.new", "runs/gone.run"] {
        fs::write(folder.0.join(left), "half a fi").expect("written");
        assert!(lists.blocked("a.example"));
    }
    lists.make(Broken::Refuse).expect("made");
    assert!(lists.blocked("b.example") && lists.bytes() == lists.anew());
    assert!(lists.left().iter().all(|name| !name.contains("run.new") && name != "gone.run"), "{:?}", lists.left());
    // A folder where a file should be written: as little can be done.
    let after = lists.bytes();
    fs::create_dir(folder.0.join("table.sgt.new")).expect("a folder");
    lists.make(Broken::Refuse).expect_err("no table can be written");
    assert!(lists.bytes() == after);
}

#[test]
fn the_table_before_is_kept_if_it_was_another_and_sound() {
    let mut lists = Kept::new(&[("one", "a.example\n")]);
    let folder = lists.folder();
    lists.make(Broken::Refuse).expect("made");
    assert!(force::open(&folder.previous()).is_err());
    let first = lists.bytes();
    for text in ["b.example\n\n", "b.example\n\n"] {
        lists.add("one", text);
        lists.make(Broken::Refuse).expect("made");
        assert!(fs::read(folder.previous()).expect("the one before") == first, "made again, it is no other table");
    }
    let mut rotten = lists.bytes();
    *rotten.last_mut().expect("bytes") ^= 1;
    fs::write(folder.table(), rotten).expect("written");
    lists.add("one", "c.example\n\n\n");
    lists.make(Broken::Refuse).expect("made");
    assert!(fs::read(folder.previous()).expect("the one before") == first, "what is rotten is not kept");
}

#[test]
fn two_compiles_at_once_are_one_after_the_other() {
    let lists = Kept::new(&[("one", "a.example\n"), ("two", "b.example\n")]);
    std::thread::scope(|scope| {
        let at_once: Vec<_> = (0..4).map(|_| scope.spawn(|| lists.make(Broken::Refuse).map(|made| made.written))).collect();
        let made: Vec<_> = at_once.into_iter().map(|t| t.join().expect("it ends").expect("made")).collect();
        assert!(made.windows(2).all(|two| two[0] == two[1]));
    });
    assert!(lists.bytes() == lists.anew());
}

#[test]
fn what_was_refused_for_its_size_is_used_once_somebody_has_accepted_it() {
    let many = |from: usize, count: usize| (from..from + count).map(|n| format!("n{n}.example\n")).collect::<String>();
    let mut lists = Kept::new(&[("a/one", &many(0, 1000))]);
    lists.make(Broken::Refuse).expect("made");
    lists.add("a/one", &many(5000, 100));
    let made = lists.make(Broken::Refuse).expect("the rest goes on");
    let refused = made.lists[0].refused.clone().unwrap_or_default();
    assert!(refused.contains("shrank from 1000 entries to 100"), "{refused}");
    assert!(refused.ends_with("`schoolgate lists compile --accept a/one`"), "{refused}");
    lists.accepted = vec!["another".into()];
    lists.make(Broken::Refuse).expect("made");
    assert!(lists.blocked("n7.example") && !lists.blocked("n5000.example"), "another list was accepted");
    lists.accepted = vec!["a/one".into()];
    let made = lists.make(Broken::Refuse).expect("made");
    assert!(made.lists[0].refused.is_none() && !lists.blocked("n7.example") && lists.blocked("n5000.example"));
    // From then on it is the last good version.
    lists.accepted.clear();
    assert!(lists.make(Broken::Refuse).expect("made").lists[0].refused.is_none());
    lists.add("a/one", &many(6000, 4000));
    let made = lists.make(Broken::Refuse).expect("the rest goes on");
    assert!(made.lists[0].refused.as_ref().is_some_and(|why| why.contains("grew from 100 entries to 4000")));
    // Junk is not accepted, whatever is said.
    lists.accepted = vec!["a/one".into()];
    lists.add("a/one", "<html>");
    assert!(lists.make(Broken::Refuse).expect("the rest goes on").lists[0].refused.is_some() && lists.blocked("n5000.example"));
}

#[test]
fn a_list_that_was_refused_at_once_is_shown_and_can_be_accepted() {
    let platforms = Platforms::default();
    let names: Vec<String> = (0..8).map(|n| format!("learn{n}.example\n")).collect();
    let mut canaries = Canaries::default();
    canaries.add_every(&mut names.concat().as_bytes()).expect("names");
    let mut lists = Kept::new(&[("one", &format!("{}bet.example\n", names.concat()))]);
    lists.files[0].fetched = true;
    lists.known = Known { platforms, canaries };
    for _ in 0..2 {
        let made = lists.make(Broken::Refuse).expect("a public list is no fault of the school's");
        let refused = made.lists[0].refused.clone().unwrap_or_default();
        assert!(
            refused.contains("8 of its 9 entries would close what schools need") && refused.ends_with("--accept one`"),
            "{refused}"
        );
        assert!(made.lists[0].entries == 0 && !lists.blocked("bet.example"));
    }
    lists.accepted = vec!["one".into()];
    let made = lists.make(Broken::Refuse).expect("made");
    assert!(made.lists[0].refused.is_none() && lists.blocked("bet.example") && !lists.blocked("learn1.example"));
}
