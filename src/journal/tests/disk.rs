//! Disks of their own: nearly full, all but full, and read-only.

use super::*;

/// A disk of this size of its own, for as long as this lives. `None`: only root may have one.
struct Disk(tempfile::TempDir);

impl Disk {
    fn of(megabytes: u32) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let mut mount = std::process::Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={megabytes}m"), "tmpfs"]).arg(folder.path());
        let mounted = mount.stderr(std::process::Stdio::null()).status().is_ok_and(|status| status.success());
        if !mounted {
            eprintln!("NOT RUN: a disk of its own needs root");
        }
        mounted.then_some(Self(folder))
    }

    /// Nothing can be written there any more; or again.
    fn read_only(&self, so: bool) {
        let mut mount = std::process::Command::new("mount");
        mount.args(["-o", if so { "remount,ro" } else { "remount,rw" }]).arg(self.0.path());
        assert!(mount.status().is_ok_and(|status| status.success()));
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg(self.0.path()).status();
    }
}

#[test]
fn on_a_disk_that_is_nearly_full_detail_goes_first_and_what_was_blocked_stays() {
    use crate::policy::Action;
    let Some(disk) = Disk::of(64) else { return };
    let rings = tempfile::tempdir().expect("a folder");
    let settings = Settings { run: rings.path().into(), ..settings(disk.0.path()) };
    let settings = Settings { ring_bytes: Some(64 << 10), seal: None, ..settings };
    let journal = Journal::start(settings.clone()).expect("started");
    let typed = |n: u64, action| Event { path: format!("/{n}").into(), action, ..event(n) };
    let both = |n| [typed(n, Action::Allow), typed(n + 1, Action::Block)];
    both(1).iter().for_each(|event| journal.note(event));
    assert!(journal.settle() && !journal.tally().left_out);
    let ballast = disk.0.path().join("ballast");
    std::fs::write(&ballast, vec![1; 62 << 20]).expect("written");
    both(3).iter().for_each(|event| journal.note(event));
    assert!(journal.settle() && journal.tally().left_out);
    std::fs::remove_file(&ballast).expect("removed");
    both(5).iter().for_each(|event| journal.note(event));
    assert!(journal.settle() && !journal.tally().left_out);
    let paths: Vec<_> = stored(disk.0.path()).into_iter().map(|s| s.event.path.into_owned()).collect();
    assert_eq!(paths, ["/1", "/2", "", "/4", "/5", "/6"]);
    assert_eq!(journal.tally().dropped, 0);
    drop(journal);
}

#[test]
fn on_a_disk_that_is_all_but_full_what_was_allowed_is_summed_and_what_was_blocked_stays() {
    use crate::policy::Action;
    let Some(disk) = Disk::of(64) else { return };
    let rings = tempfile::tempdir().expect("a folder");
    let settings = Settings { run: rings.path().into(), ..settings(disk.0.path()) };
    let settings = Settings { ring_bytes: Some(64 << 10), seal: None, ..settings };
    let journal = Journal::start(settings.clone()).expect("started");
    let both = |n| [event(n), Event { action: Action::Block, ..event(n + 1) }];
    both(1).iter().for_each(|event| journal.note(event));
    assert!(journal.settle() && !journal.tally().summed);
    // Of 64 MB, a twentieth is little and a fourth of that next to nothing.
    let free = nix::sys::statvfs::statvfs(disk.0.path()).expect("a disk");
    let ballast = (free.blocks_available() * free.fragment_size() - (600 << 10)) as usize;
    std::fs::write(disk.0.path().join("ballast"), vec![1; ballast]).expect("written");
    // Of the same question, three: they count.
    both(3).iter().chain(&[again(0), again(1), again(2)]).for_each(|event| journal.note(event));
    assert!(journal.settle() && journal.tally().summed && journal.tally().left_out);
    std::fs::remove_file(disk.0.path().join("ballast")).expect("removed");
    both(9).iter().for_each(|event| journal.note(event));
    assert!(journal.settle() && !journal.tally().summed);
    assert_eq!(stored(disk.0.path()).iter().map(|s| s.seq).collect::<Vec<_>>(), [1, 2, 4, 8, 9]);
    assert_eq!((gaps(disk.0.path()), journal.tally().dropped), (vec![], 0));

    let week = Week::open(&weeks(&settings.dir).expect("listed")[0].path).expect("opened");
    assert_eq!((week.summed().expect("read"), week.total().expect("read")), (4, 9));
    let (mut events, mut blocked) = (0, 0);
    let mut add = |_, _: Option<&crate::words::Who>, _, cell: &rollup::Cell| {
        (events, blocked) = (events + cell.events, blocked + cell.blocked);
    };
    assert!(week.each_cell(&mut add).expect("read"));
    assert_eq!((events, blocked), (9, 3), "the sums have all of it");
    journal.stop();
    assert_eq!(verify::verify(&settings.dir, &settings.zone).expect("read").wrong, Vec::<String>::new());
    drop(journal);
}

#[test]
fn on_a_read_only_disk_the_doors_go_on_and_what_found_no_room_is_a_gap_once_it_can_be_written() {
    let Some(disk) = Disk::of(64) else { return };
    let rings = tempfile::tempdir().expect("a folder");
    let settings = Settings { run: rings.path().into(), ..settings(disk.0.path()) };
    let settings = Settings { ring_bytes: Some(64 << 10), seal: None, ..settings };
    let journal = Journal::start(settings.clone()).expect("started");
    (0..10).for_each(|n| journal.note(&event(n)));
    journal.stop();
    drop(journal);
    disk.read_only(true);
    let journal = Journal::start(settings.clone()).expect("the doors open all the same");
    (10..3000).for_each(|n| journal.note(&event(n)));
    assert!(!journal.flush());
    let tally = journal.tally();
    assert!(tally.stalled && tally.dropped > 500, "{tally:?}");
    disk.read_only(false);
    assert!(journal.settle());
    journal.note(&event(5000));
    assert!(journal.settle());
    assert_eq!((journal.tally().stalled, journal.tally().dropped), (false, tally.dropped));
    let (kept, gaps) = (stored(disk.0.path()), gaps(disk.0.path()));
    assert_eq!(gaps.iter().map(|gap| gap.lost).sum::<u64>(), tally.dropped);
    assert_eq!(kept.len() as u64 + tally.dropped, 3001, "every event is a row, or counted");
    journal.stop();
    assert_eq!(verify::verify(&settings.dir, &settings.zone).expect("read").wrong, Vec::<String>::new());
    drop(journal);
}
