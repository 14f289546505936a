//! The hosts that are answered as others, exactly as they are written here: nothing below them, nothing beside them.
//!
//! Only what an operator offers for a school's DNS stands here. An engine that offers no such way is of the category
//! `unsafe-search`. To add a host, add its line: the index below is made of these tables when the house is compiled.

/// One operator's hosts.
pub struct Engine {
    /// As people know it.
    pub name: &'static str,
    /// What its hosts are answered as.
    pub safe: &'static str,
    pub hosts: &'static [&'static str],
}

/// Search engines, each with its operator's page on it.
pub const SEARCH: &[Engine] = &[
    // https://support.google.com/websearch/answer/186669, https://www.google.com/supported_domains
    Engine { name: "Google", safe: "forcesafesearch.google.com", hosts: GOOGLE },
    // https://help.bing.microsoft.com/#apex/bing/en-US/10003/0
    Engine { name: "Bing", safe: "strict.bing.com", hosts: &["bing.com", "www.bing.com"] },
    // https://duckduckgo.com/duckduckgo-help-pages/features/safe-search
    Engine {
        name: "DuckDuckGo",
        safe: "safe.duckduckgo.com",
        hosts: &["duckduckgo.com", "www.duckduckgo.com", "start.duckduckgo.com"],
    },
    Engine { name: "Brave", safe: "forcesafe.search.brave.com", hosts: &["search.brave.com"] },
    Engine { name: "Ecosia", safe: "strict-safe-search.ecosia.org", hosts: &["www.ecosia.org"] },
    // Its pages fetch what they show from this host.
    Engine { name: "Qwant", safe: "safeapi.qwant.com", hosts: &["api.qwant.com"] },
    Engine { name: "Pixabay", safe: "safesearch.pixabay.com", hosts: &["pixabay.com"] },
    Engine { name: "Yandex", safe: "familysearch.yandex.ru", hosts: YANDEX },
];

/// What YouTube's hosts are answered as: https://support.google.com/a/answer/6214622.
pub const YOUTUBE_STRICT: &str = "restrict.youtube.com";
pub const YOUTUBE_MODERATE: &str = "restrictmoderate.youtube.com";

/// Pages, apps and players that are embedded elsewhere.
pub const YOUTUBE: Engine = Engine {
    name: "YouTube",
    safe: YOUTUBE_STRICT,
    hosts: &["www.youtube.com", "m.youtube.com", "youtubei.googleapis.com", "youtube.googleapis.com", "www.youtube-nocookie.com"],
};

/// Each domain, and its `www.`.
macro_rules! with_www {
    ($front:literal: $($end:literal)*) => { &[$(concat!($front, $end), concat!("www.", $front, $end)),*] };
}

const GOOGLE: &[&str] = with_www!["google.":
    "com"
    "ad" "ae" "al" "am" "as" "at" "az" "ba" "be" "bf" "bg" "bi" "bj" "bs" "bt" "by" "ca" "cat" "cd" "cf" "cg" "ch" "ci" "cl"
    "cm" "cn" "cv" "cz" "de" "dj" "dk" "dm" "dz" "ee" "es" "fi" "fm" "fr" "ga" "ge" "gg" "gl" "gm" "gr" "gy" "hn" "hr" "ht"
    "hu" "ie" "im" "iq" "is" "it" "je" "jo" "kg" "ki" "kz" "la" "li" "lk" "lt" "lu" "lv" "md" "me" "mg" "mk" "ml" "mn" "ms"
    "mu" "mv" "mw" "ne" "nl" "no" "nr" "nu" "pl" "pn" "ps" "pt" "ro" "rs" "ru" "rw" "sc" "se" "sh" "si" "sk" "sm" "sn" "so"
    "sr" "st" "td" "tg" "tk" "tl" "tm" "tn" "to" "tt" "vg" "vu" "ws"
    "co.ao" "co.bw" "co.ck" "co.cr" "co.id" "co.il" "co.in" "co.jp" "co.ke" "co.kr" "co.ls" "co.ma" "co.mz" "co.nz" "co.th"
    "co.tz" "co.ug" "co.uk" "co.uz" "co.ve" "co.vi" "co.za" "co.zm" "co.zw"
    "com.af" "com.ag" "com.ai" "com.ar" "com.au" "com.bd" "com.bh" "com.bn" "com.bo" "com.br" "com.bz" "com.co" "com.cu"
    "com.cy" "com.do" "com.ec" "com.eg" "com.et" "com.fj" "com.gh" "com.gi" "com.gt" "com.hk" "com.jm" "com.kh" "com.kw"
    "com.lb" "com.ly" "com.mm" "com.mt" "com.mx" "com.my" "com.na" "com.nf" "com.ng" "com.ni" "com.np" "com.om" "com.pa"
    "com.pe" "com.pg" "com.ph" "com.pk" "com.pr" "com.py" "com.qa" "com.sa" "com.sb" "com.sg" "com.sl" "com.sv" "com.tj"
    "com.tr" "com.tw" "com.ua" "com.uy" "com.vc" "com.vn"
];

const YANDEX: &[&str] = with_www!["":
    "ya.ru" "yandex.com" "yandex.ru" "yandex.az" "yandex.by" "yandex.co.il" "yandex.com.am" "yandex.com.ge" "yandex.com.tr"
    "yandex.ee" "yandex.eu" "yandex.fr" "yandex.kg" "yandex.kz" "yandex.lt" "yandex.lv" "yandex.md" "yandex.pl" "yandex.tj"
    "yandex.tm" "yandex.ua" "yandex.uz"
];

/// All tables, YouTube's last.
const ALL: [&[Engine]; 2] = [SEARCH, &[YOUTUBE]];

/// Places of the index: a power of two, more than twice the hosts.
const SLOTS: usize = 1024;

/// No host here.
const NONE: (u8, u16) = (u8::MAX, 0);

/// Of each host its engine and its place among that engine's, by hash, and the next free slot where two meet.
static INDEX: [(u8, u16); SLOTS] = index();

/// Length of the longest host: a longer one need not be hashed.
const LONGEST: usize = longest();

/// The engine of a host, if it is one of these.
pub fn engine(host: &str) -> Option<&'static Engine> {
    if host.len() > LONGEST {
        return None;
    }
    let mut slot = hash(host.as_bytes());
    loop {
        let (engine, place) = INDEX[slot];
        let engine = SEARCH.get(usize::from(engine)).or((engine != NONE.0).then_some(&YOUTUBE))?;
        if engine.hosts[usize::from(place)] == host {
            return Some(engine);
        }
        slot = (slot + 1) % SLOTS;
    }
}

/// FNV-1a, folded: no host can be added to this index from outside, so it need not withstand anybody.
const fn hash(text: &[u8]) -> usize {
    let mut hash: u32 = 0x811c_9dc5;
    let mut i = 0;
    while i < text.len() {
        hash = (hash ^ text[i] as u32).wrapping_mul(0x0100_0193);
        i += 1;
    }
    (hash ^ (hash >> 16)) as usize % SLOTS
}

const fn index() -> [(u8, u16); SLOTS] {
    let mut index = [NONE; SLOTS];
    let (mut table, mut number) = (0, 0);
    while table < ALL.len() {
        let mut engine = 0;
        while engine < ALL[table].len() {
            let hosts = ALL[table][engine].hosts;
            let mut place = 0;
            while place < hosts.len() {
                let mut slot = hash(hosts[place].as_bytes());
                while index[slot].0 != NONE.0 {
                    slot = (slot + 1) % SLOTS;
                }
                index[slot] = (number, place as u16);
                place += 1;
            }
            engine += 1;
            number += 1;
        }
        table += 1;
    }
    index
}

const fn longest() -> usize {
    let (mut longest, mut table) = (0, 0);
    while table < ALL.len() {
        let mut engine = 0;
        while engine < ALL[table].len() {
            let hosts = ALL[table][engine].hosts;
            let mut place = 0;
            while place < hosts.len() {
                if hosts[place].len() > longest {
                    longest = hosts[place].len();
                }
                place += 1;
            }
            engine += 1;
        }
        table += 1;
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Host;
    use std::collections::HashSet;

    fn all() -> impl Iterator<Item = &'static Engine> {
        SEARCH.iter().chain([&YOUTUBE])
    }

    #[test]
    fn every_host_is_found_once_and_is_written_as_hosts_are() {
        let mut seen = HashSet::new();
        for written in all() {
            for host in written.hosts {
                assert_eq!(engine(host).map(|e| e.name), Some(written.name), "{host}");
                assert_eq!(Host::parse(host).expect("a host").as_str(), *host);
                assert!(seen.insert(*host), "{host} is written twice");
            }
            for safe in [written.safe, YOUTUBE_MODERATE] {
                assert!(engine(safe).is_none(), "{safe} would be answered as another once more");
                assert_eq!(Host::parse(safe).expect("a host").as_str(), safe);
            }
        }
        assert!(seen.len() * 2 < SLOTS, "{} hosts: the index needs more slots", seen.len());
    }

    #[test]
    fn mail_documents_and_everything_beside_the_hosts_are_left_alone() {
        for host in [
            "mail.google.com",
            "docs.google.com",
            "accounts.google.com",
            "google.com.example",
            "oogle.com",
            "www.google",
            "www.www.google.com",
            "google.example",
            "youtube.com",
            "i.ytimg.com",
            "mail.yandex.ru",
            "bing.com.evil.test",
            "",
            "a-host-that-is-longer-than-any-of-these.google.com",
        ] {
            assert!(engine(host).is_none(), "{host}");
        }
    }

    #[test]
    fn google_has_its_country_domains_with_and_without_www() {
        for host in ["google.com", "www.google.co.uk", "google.de", "www.google.com.br", "google.cat", "www.google.pl"] {
            assert_eq!(engine(host).map(|e| e.safe), Some("forcesafesearch.google.com"), "{host}");
        }
        assert!(GOOGLE.len() >= 2 * 187, "{} of the 187 that Google names, each twice", GOOGLE.len());
    }
}
