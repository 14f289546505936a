//! Which Public Suffix List we have: it is compiled in, and its version is that of the crate that holds it.

/// The version of the Public Suffix List, as its crate numbers it. Another version may judge an entry otherwise.
pub fn version() -> &'static str {
    VERSION
}

const VERSION: &str = locked(include_str!("../../Cargo.lock"));

/// The version of `psl` in the lock file: what was linked.
const fn locked(lock: &'static str) -> &'static str {
    const BEFORE: &[u8] = b"name = \"psl\"\nversion = \"";
    let bytes = lock.as_bytes();
    let mut at = 0;
    while at + BEFORE.len() < bytes.len() {
        let mut same = 0;
        while same < BEFORE.len() && bytes[at + same] == BEFORE[same] {
            same += 1;
        }
        if same == BEFORE.len() {
            let from = at + same;
            let mut to = from;
            while to < bytes.len() && bytes[to] != b'"' {
                to += 1;
            }
            return lock.split_at(to).0.split_at(from).1;
        }
        at += 1;
    }
    panic!("Cargo.lock does not hold psl")
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_version_is_a_version() {
        let parts: Vec<_> = super::version().split('.').map(str::parse::<u32>).collect();
        assert!(parts.len() == 3 && parts.iter().all(Result::is_ok), "{}", super::version());
    }
}
