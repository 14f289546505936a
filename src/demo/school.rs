//! The made-up school: who is there, what they carry, and how the gate is configured.

use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;

/// Pupils of one year group.
pub const PER_YEAR: usize = 15;
pub const YEARS: [u8; 4] = [7, 9, 11, 12];
pub const STAFF: usize = 10;

// Names of nobody: given and family names are paired by counting, not taken from any school.
const GIVEN: [&str; 20] = [
    "Amira", "Ben", "Chloe", "Daniel", "Efua", "Finn", "Grace", "Hassan", "Isla", "Jakub", "Keira", "Leo", "Maya", "Nathan",
    "Olivia", "Priya", "Rhys", "Sofia", "Tomos", "Zara",
];
const FAMILY: [&str; 14] = [
    "Adeyemi", "Baker", "Carter", "Davies", "Evans", "Farouk", "Green", "Hughes", "Iqbal", "Jones", "Kowalski", "Lewis",
    "Morgan", "Novak",
];

/// One of the school's people, with the device they use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Someone {
    /// The account: `p0907` is the seventh pupil of year 9, `t03` the third member of staff.
    pub key: String,
    pub name: String,
    /// `None`: staff.
    pub year: Option<u8>,
    pub device: String,
    pub address: IpAddr,
}

/// Everyone: pupils by year, then staff.
pub fn everyone() -> Vec<Someone> {
    let mut all = Vec::new();
    for (y, year) in YEARS.into_iter().enumerate() {
        for i in 0..PER_YEAR {
            all.push(Someone {
                key: format!("p{year:02}{:02}", i + 1),
                name: name(y * PER_YEAR + i),
                year: Some(year),
                device: format!("Laptop {}", 100 + y * PER_YEAR + i),
                address: Ipv4Addr::new(127, 10, year, i as u8 + 1).into(),
            });
        }
    }
    for i in 0..STAFF {
        all.push(Someone {
            key: format!("t{:02}", i + 1),
            name: name(YEARS.len() * PER_YEAR + i),
            year: None,
            device: format!("Staff {}", i + 1),
            address: Ipv4Addr::new(127, 10, 200, i as u8 + 1).into(),
        });
    }
    all
}

fn name(n: usize) -> String {
    format!("{} {}", GIVEN[n % GIVEN.len()], FAMILY[n % FAMILY.len()])
}

/// The register as the school's MIS would export it.
pub fn csv(everyone: &[Someone]) -> String {
    let mut text = String::from("id,name,role,year,device,address\n");
    for one in everyone {
        let role = if one.year.is_some() { "pupil" } else { "staff" };
        let year = one.year.map_or_else(String::new, |y| y.to_string());
        let _ = writeln!(text, "{},{},{role},{year},{},{}", one.key, one.name, one.device, one.address);
    }
    text
}

/// What the stub's names are, beside those of the shipped lists: made up, so that no page of the report names a real harm.
pub const LISTED: [(&str, &[&str]); 5] = [
    ("self-harm", &["no-way-out.example", "dark-evenings.example"]),
    ("extremism", &["pure-nation.example", "struggle-channel.example"]),
    ("bypass", &["quick-tunnel.example", "unblock-me.example", "proxy-garden.example", "hidden-door.example"]),
    ("adverts", &["banner.example", "tracker.example", "pixel.example"]),
    ("gambling", &["spin-and-win.example"]),
];

/// `schoolgate.toml` of the made-up school.
pub fn config(folder: &Path, shipped_lists: &Path, upstream: SocketAddr, origin: SocketAddr) -> String {
    let shown = |path: &Path| path.display().to_string();
    let mut text = format!(
        r#"# The made-up school of `schoolgate demo`.
[school]
name = "Northbrook School"
gateway = "gate-1"
timezone = "Europe/London"
whom_to_see = "your form tutor"

[dns]
listen = ["127.0.0.1:0"]
upstreams = ["{upstream}"]

[proxy]
listen = ["127.0.0.1:0"]
ports = [{port}]
destinations = ["{origin}"]

[web]
listen = ["127.0.0.1:0"]

[data]
dir = {data:?}

[lists]
shipped = {lists:?}

[[network]]
name = "classrooms"
ranges = ["127.10.0.0/16"]
profile = "secondary"

[[group]]
name = "years-7-to-11"
profile = "secondary"
years = [7, 8, 9, 10, 11]

[[group]]
name = "sixth-form"
profile = "sixth-form"
years = [12, 13]

[[group]]
name = "staff"
profile = "staff"
roles = ["staff"]

[[timetable]]
category = "social-networking"
action = "allow"
group = "sixth-form"
days = "school"
from = "12:30"
until = "13:30"
"#,
        port = origin.port(),
        data = shown(&folder.join("var")),
        lists = shown(shipped_lists),
    );
    for (category, _) in LISTED {
        let file = shown(&folder.join("lists").join(format!("{category}.txt")));
        let _ = write!(
            text,
            "\n[[list]]\nname = \"demo-{category}\"\ncategory = \"{category}\"\nfile = {file:?}\nformat = \"domains\"\n"
        );
    }
    text
}

/// The term the week lies in.
pub const TERM_DATES: &str = "[[term]]\nfirst = 2026-11-02\nlast = 2026-12-18\n";
