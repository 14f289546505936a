use super::book::A_CLIENT;
use super::*;
use proptest::prelude::*;
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicI64, Ordering};

const NOW: i64 = 1_794_996_000_000;
const DAY: i64 = 24 * 60 * 60 * 1000;

fn client(n: u32) -> ClientAddr {
    ClientAddr::new(Ipv4Addr::from_bits(0x0a00_0000 + n).into())
}

fn address(n: u32) -> IpAddr {
    Ipv4Addr::from_bits(0xc000_0200 + n).into()
}

fn name(ledger: &Ledger, of: u32, at: u32) -> Option<String> {
    ledger.name_of(client(of), address(at)).map(|host| host.to_string())
}

fn tell(ledger: &Ledger, client: ClientAddr, host: &str, addresses: &[IpAddr], boot_ms: u64) {
    ledger.tell(client, ledger.mark(host, addresses), boot_ms, || (host, addresses));
    ledger.hand_over();
}

/// Waits until the ledger's thread has heard it.
fn heard(ledger: &Ledger, of: u32, at: u32) -> String {
    loop {
        if let Some(name) = name(ledger, of, at) {
            return name;
        }
        std::thread::yield_now();
    }
}

#[test]
fn an_address_has_the_name_it_was_given_out_for_to_the_same_client_for_a_day_and_over_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("told.ledger");
    let time = Arc::new(AtomicI64::new(NOW));
    let open = || Ledger::open(Some(path.clone()), Clock::Scripted(time.clone()));
    let ledger = open();
    tell(&ledger, client(1), "one.example", &[address(1), "2001:db8::1".parse().expect("an address")], 1_000);
    tell(&ledger, client(2), "other.example", &[address(1)], 1_000);
    assert_eq!((heard(&ledger, 1, 1), heard(&ledger, 2, 1)), ("one.example".into(), "other.example".into()));
    assert_eq!((name(&ledger, 3, 1), name(&ledger, 1, 2)), (None, None), "nobody else, and nothing else");
    // Told another name for it later.
    tell(&ledger, client(1), "two.example", &[address(1)], 1_000);
    drop(ledger);
    assert_eq!(std::fs::metadata(&path).expect("kept").permissions().mode() & 0o777, 0o600);
    time.store(NOW + DAY - 1000, Ordering::Relaxed);
    let ledger = open();
    assert_eq!(name(&ledger, 1, 1).as_deref(), Some("two.example"));
    let v6 = ledger.name_of(client(1), "2001:db8::1".parse().expect("an address"));
    assert_eq!(v6.map(|h| h.to_string()).as_deref(), Some("one.example"));
    time.store(NOW + DAY, Ordering::Relaxed);
    assert_eq!(name(&ledger, 1, 1), None);
    drop(ledger);
    assert_eq!(std::fs::metadata(&path).expect("kept").len(), 24, "what is too old is not written again");
}

#[test]
fn what_is_told_again_costs_nothing_and_a_flood_is_cut() {
    let (say, heard) = sync_channel(3 * A_SECOND as usize);
    let ledger =
        Ledger { book: Arc::default(), clock: Clock::System, told: Mutex::new(None), say, seed: RandomState::new().hash_one(0) };
    (0..100).for_each(|_| tell(&ledger, client(1), "one.example", &[address(1)], 5_000));
    assert_eq!(heard.try_iter().count(), 1);
    tell(&ledger, client(1), "one.example", &[address(2)], 5_000);
    tell(&ledger, client(2), "one.example", &[address(1)], 5_000);
    tell(&ledger, client(1), "one.example", &[address(1)], 5_000 + 1000 * u64::from(LATELY_SECONDS));
    assert_eq!(heard.try_iter().count(), 3, "other addresses, another client, an hour later");
    (0..2 * A_SECOND).for_each(|n| tell(&ledger, client(n), "flood.example", &[address(1)], 9_000_000));
    assert_eq!(heard.try_iter().count(), A_SECOND as usize);
    tell(&ledger, client(A_SECOND * 2 - 1), "flood.example", &[address(1)], 9_001_000);
    assert_eq!(heard.try_iter().count(), 1, "what was cut comes the next time");
}

#[test]
fn a_client_has_so_many_and_all_have_so_many_and_the_newest_stay() {
    let mut book = Book::default();
    let now = 1_000_000;
    for n in 0..3 * A_CLIENT as u32 {
        book.tell(client(1), "many.example", &[address(n)], now + n);
        assert!(book.len().0 <= A_CLIENT);
    }
    assert_eq!(book.name_of(client(1), address(3 * A_CLIENT as u32 - 1), now), Some("many.example"));
    assert_eq!(book.name_of(client(1), address(0), now), None);
    book.tell(client(2), "few.example", &[address(7)], now);
    for n in 10..100u32 {
        (0..A_CLIENT as u32).for_each(|a| book.tell(client(n), "many.example", &[address(a)], now + n));
        assert!(book.len().0 <= 1 << 18);
    }
    assert_eq!(book.name_of(client(2), address(7), now), Some("few.example"), "who has little keeps it");
    book.forget(now + 200_000);
    assert_eq!(book.len(), (0, 0));
}

#[test]
fn a_file_that_is_not_whole_not_ours_or_newer_is_begun_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("told.ledger");
    let mut book = Book::default();
    (0..50).for_each(|n| book.tell(client(n), &format!("n{n}.example"), &[address(n)], seconds(NOW)));
    let whole = file::bytes(&book);
    let fault = |bytes: &[u8]| {
        std::fs::write(&path, bytes).expect("written");
        file::read(&path, seconds(NOW)).expect_err("refused").to_string()
    };
    std::fs::write(&path, &whole).expect("written");
    assert_eq!(file::read(&path, seconds(NOW)).expect("read").len(), book.len());
    for len in (0..whole.len()).step_by(7) {
        fault(&whole[..len]);
    }
    for at in (0..whole.len()).step_by(11) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        fault(&bytes);
    }
    let mut newer = whole.clone();
    newer[8] = 2;
    assert!(fault(&newer).contains("layout 2"));
    let ledger = Ledger::open(Some(path.clone()), Clock::Scripted(Arc::new(AtomicI64::new(NOW))));
    tell(&ledger, client(1), "one.example", &[address(1)], 0);
    assert_eq!(heard(&ledger, 1, 1), "one.example");
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("told.ledger");
        let mut book = file::bytes(&Book::default());
        book.truncate(16);
        book.extend(&bytes);
        let crc = crc32fast::hash(&book[16..]);
        book[12..16].copy_from_slice(&crc.to_le_bytes());
        std::fs::write(&path, &book).expect("written");
        let _ = file::read(&path, 0);
    }
}
