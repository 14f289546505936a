//! Address → MAC, from the kernel's neighbour table.
//!
//! IPv4 only for now: `/proc/net/arp` is a file anyone may read. IPv6 neighbours are told by netlink alone (RTM_GETNEIGH)
//! and come later; until then a client that speaks IPv6 is known by a fixed address or by its network.
//!
//! What it says may be one interval old. A device that has just come is judged by its network until then; an address that
//! has just gone from one device to another is the first one's until then. Leases are kept for hours after a device has gone
//! (RFC 2131 §4.3.1 has servers keep them as long as they can), so that the second is rare.

use super::Mac;
use arc_swap::ArcSwap;
use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// Where Linux shows its IPv4 neighbours: proc(5).
pub const ARP_TABLE: &str = "/proc/net/arp";

/// How often it is read.
pub const EVERY: Duration = Duration::from_secs(15);

/// Most of it that is read: 65,536 lines of 80 bytes. The kernel's own limit, `gc_thresh3`, is 1,024 entries as shipped.
const MAX_BYTES: u64 = 5 << 20;

/// An entry the kernel has an answer for: ATF_COM of linux/if_arp.h.
const COMPLETE: u32 = 0x02;

/// Ethernet and Wi-Fi: ARPHRD_ETHER of linux/if_arp.h.
const ETHERNET: &str = "0x1";

/// The neighbour table as last read. Shared by every register that is loaded while the gate runs.
#[derive(Debug, Default)]
pub struct Neighbours(ArcSwap<HashMap<IpAddr, Mac>>);

/// The thread that reads the table. Ends when this is dropped.
#[derive(Debug)]
pub struct Watch {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Neighbours {
    pub fn mac_of(&self, address: IpAddr) -> Option<Mac> {
        self.0.load().get(&address).copied()
    }

    /// Puts another table in force: the text of `/proc/net/arp`.
    pub fn refresh(&self, table: &str) {
        self.0.store(Arc::new(parse(table)));
    }

    /// Reads `file` now and then every `every`, in a thread of its own.
    ///
    /// A file that cannot be read empties the table: knowing nobody is better than knowing the wrong one.
    ///
    /// # Errors
    /// The system has no thread left.
    pub fn watch(file: impl Into<PathBuf>, every: Duration) -> std::io::Result<(Arc<Self>, Watch)> {
        let file = file.into();
        let neighbours = Arc::new(Self::default());
        neighbours.refresh(&read(&file));
        let (stop, stopped) = channel();
        let theirs = Arc::clone(&neighbours);
        let thread = std::thread::Builder::new().name("neighbours".into()).spawn(move || {
            while stopped.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                theirs.refresh(&read(&file));
            }
        })?;
        Ok((neighbours, Watch { stop: Some(stop), thread: Some(thread) }))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn read(file: &Path) -> String {
    let mut bytes = Vec::new();
    match File::open(file).and_then(|f| f.take(MAX_BYTES).read_to_end(&mut bytes)) {
        Ok(_) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(_) => String::new(),
    }
}

/// The entries of a table that can be believed: `IP address, HW type, Flags, HW address, Mask, Device`.
fn parse(table: &str) -> HashMap<IpAddr, Mac> {
    table.lines().skip(1).filter_map(entry).collect()
}

fn entry(line: &str) -> Option<(IpAddr, Mac)> {
    let mut columns = line.split_ascii_whitespace();
    let address: Ipv4Addr = columns.next()?.parse().ok()?;
    let hardware = columns.next()?;
    let flags = u32::from_str_radix(columns.next()?.strip_prefix("0x")?, 16).ok()?;
    let mac = Mac::parse(columns.next()?).ok()?;
    (hardware == ETHERNET && flags & COMPLETE == COMPLETE).then_some((address.into(), mac))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TABLE: &str = "\
IP address       HW type     Flags       HW address            Mask     Device
10.20.1.5        0x1         0x2         3c:22:fb:00:00:05     *        eth0
10.20.1.6        0x1         0x0         00:00:00:00:00:00     *        eth0
10.20.1.7        0x1         0x0         3c:22:fb:00:00:07     *        eth0
10.20.1.8        0x1         0x6         3c:22:fb:00:00:08     *        eth0
10.20.1.9        0x20        0x2         3c:22:fb:00:00:09     *        ib0
garbage
10.20.1.10       0x1
";

    #[test]
    fn only_neighbours_that_answered_are_believed() {
        let neighbours = Neighbours::default();
        neighbours.refresh(TABLE);
        let mac_of = |a: &str| neighbours.mac_of(a.parse().expect("an address")).map(|m| m.to_string());
        assert_eq!(mac_of("10.20.1.5").as_deref(), Some("3c:22:fb:00:00:05"));
        assert_eq!(mac_of("10.20.1.8").as_deref(), Some("3c:22:fb:00:00:08"), "a fixed entry");
        for unanswered in ["10.20.1.6", "10.20.1.7", "10.20.1.9", "10.20.1.10", "10.20.1.11"] {
            assert_eq!(mac_of(unanswered), None, "{unanswered}");
        }
    }

    #[test]
    fn the_watch_reads_before_it_returns_and_ends_when_dropped() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("arp");
        std::fs::write(&file, TABLE).expect("written");
        let (neighbours, watch) = Neighbours::watch(&file, Duration::from_secs(3600)).expect("a thread");
        assert!(neighbours.mac_of("10.20.1.5".parse().expect("an address")).is_some());
        drop(watch);
        assert_eq!(Arc::strong_count(&neighbours), 1, "the thread has ended");
    }

    #[test]
    fn a_table_that_cannot_be_read_knows_nobody() {
        let (neighbours, _watch) = Neighbours::watch("/nonexistent/arp", Duration::from_secs(3600)).expect("a thread");
        assert_eq!(neighbours.mac_of("10.20.1.5".parse().expect("an address")), None);
    }

    proptest! {
        #[test]
        fn no_table_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = parse(&String::from_utf8_lossy(&bytes));
        }
    }
}
