//! What does not fit into memory goes to the disk, which may be full or rot.

use super::*;

/// Room for so many bytes and no more.
struct Disk {
    room: u64,
    file: Cursor<Vec<u8>>,
    most: u64,
}

impl Disk {
    fn new(room: u64) -> Self {
        Self { room, file: Cursor::new(Vec::new()), most: 0 }
    }
}

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.file.position() + bytes.len() as u64 > self.room {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let written = self.file.write(bytes);
        self.most = self.most.max(self.file.position());
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Disk {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.file.read(into)
    }
}

impl Seek for Disk {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

fn names(count: u32) -> String {
    // In no order: each chunk spans all names.
    (0..count).map(|n| format!("n{}.example\n", n.wrapping_mul(2_654_435_761) % 1_000_003)).collect()
}

fn read_in(chunk: usize, text: &str, spill: &mut Disk, to: &mut Disk) -> Result<Provenance, CompileFault> {
    let mut text = text.as_bytes();
    let mut source = Source {
        name: "a list".into(),
        category: Category::ADULT,
        origin: Origin::School,
        reach: Reach::Below,
        about: About::default(),
        members: &mut Single::new(Format::Domains, &mut text),
    };
    let recipe = Recipe::new(&source, 0, b"");
    let how = Reading { index: 0, known: &Known::default(), recipe: &recipe, chunk };
    read(&mut source, how, spill, to, &mut |_| ())
}

#[test]
fn what_does_not_fit_in_a_chunk_is_spilled_and_the_run_is_the_same() {
    let text = names(40_000);
    let (mut whole, mut spill) = (Disk::new(u64::MAX), Disk::new(u64::MAX));
    let read = read_in(1 << 20, &text, &mut spill, &mut whole).expect("there is room");
    assert_eq!((spill.most, read.entries + read.duplicates), (0, 40_000));
    for chunk in [999, 10_000] {
        let (mut run, mut spill) = (Disk::new(u64::MAX), Disk::new(u64::MAX));
        assert_eq!(read_in(chunk, &text, &mut spill, &mut run).expect("there is room"), read);
        assert!(spill.most > 200_000, "{} bytes spilled", spill.most);
        assert!(run.file.get_ref() == whole.file.get_ref(), "chunks of {chunk}");
    }
}

#[test]
fn a_full_disk_is_said_wherever_it_is_met() {
    let text = names(5_000);
    let (mut run, mut spill) = (Disk::new(u64::MAX), Disk::new(u64::MAX));
    read_in(1_000, &text, &mut spill, &mut run).expect("there is room");
    for tenth in 0..10 {
        let full = Disk::new;
        let fault = read_in(1_000, &text, &mut full(spill.most * tenth / 10), &mut full(u64::MAX)).expect_err("no room to spill");
        assert!(fault.to_string().starts_with("what does not fit in memory cannot be written"), "{fault}");
        let fault = read_in(1_000, &text, &mut full(u64::MAX), &mut full(run.most * tenth / 10)).expect_err("no room");
        assert!(fault.to_string().starts_with("the run of a list cannot be written"), "{fault}");
        let runs = &mut [Run::open(Cursor::new(run.file.get_ref())).expect("a run")];
        let mut table = Disk::new(u64::MAX);
        merge(runs, &mut full(u64::MAX), &mut table, &mut |_| ()).expect("there is room");
        let runs = &mut [Run::open(Cursor::new(run.file.get_ref())).expect("a run")];
        merge(runs, &mut full(u64::MAX), &mut full(table.most * tenth / 10), &mut |_| ()).expect_err("no room for the table");
    }
}

#[test]
fn a_run_that_rots_while_it_is_merged_is_named() {
    let mut run = Disk::new(u64::MAX);
    read_in(1_000, &names(9_000), &mut Disk::new(u64::MAX), &mut run).expect("there is room");
    let good = run.file.into_inner();
    let mut bad = good.clone();
    bad[good.len() / 2] ^= 1;
    let mut runs = [&good, &bad].map(|bytes| Run::open(Cursor::new(bytes)).expect("its tail is sound"));
    let fault = merge(&mut runs, &mut Disk::new(u64::MAX), &mut Disk::new(u64::MAX), &mut |_| ()).expect_err("rotten");
    assert!(matches!(fault, CompileFault::Run { number: 1, .. }), "{fault}");
}
