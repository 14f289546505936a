//! By what systems look whether they are online: an address each, and what its maker answers there. What is answered otherwise, or led
//! elsewhere, is a network where one must sign in, and the system opens that page.

use crate::words::Host;

/// What a system expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Online {
    /// 204, and nothing.
    Nothing,
    Text(&'static str),
    Html(&'static str),
}

/// A host that is asked for nothing else; the path, and what is there.
const PROBES: &[(&str, &str, Online)] = &[
    // Apple: every device of theirs since 2013.
    ("captive.apple.com", "/", SUCCESS),
    ("captive.apple.com", "/hotspot-detect.html", SUCCESS),
    // Android and ChromeOS.
    ("connectivitycheck.gstatic.com", "/generate_204", Online::Nothing),
    ("connectivitycheck.android.com", "/generate_204", Online::Nothing),
    ("clients3.google.com", "/generate_204", Online::Nothing),
    // Windows (NCSI), 10 and later, and before.
    ("www.msftconnecttest.com", "/connecttest.txt", Online::Text("Microsoft Connect Test")),
    ("ipv6.msftconnecttest.com", "/connecttest.txt", Online::Text("Microsoft Connect Test")),
    ("www.msftncsi.com", "/ncsi.txt", Online::Text("Microsoft NCSI")),
    // Firefox.
    ("detectportal.firefox.com", "/success.txt", Online::Text("success\n")),
    ("detectportal.firefox.com", "/canonical.html", CANONICAL),
    // GNOME and Ubuntu.
    ("nmcheck.gnome.org", "/check_network_status.txt", Online::Text("NetworkManager is online\n")),
    ("connectivity-check.ubuntu.com", "/", Online::Nothing),
];

/// Addresses of hosts that have other pages too: known where the address is seen.
const PATHS: &[(&str, &str, Online)] = &[
    ("www.apple.com", "/library/test/success.html", SUCCESS),
    ("www.gstatic.com", "/generate_204", Online::Nothing),
    ("www.google.com", "/generate_204", Online::Nothing),
    ("www.google.com", "/gen_204", Online::Nothing),
];

const SUCCESS: Online = Online::Html("<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>");
const CANONICAL: Online =
    Online::Html("<meta http-equiv=\"refresh\" content=\"0;url=https://support.mozilla.org/kb/captive-portal\"/>");

/// What is expected at an address, if systems look there.
pub fn expected(host: &Host, path: &str) -> Option<Online> {
    let path = path.split('?').next().unwrap_or_default();
    let path = if path.is_empty() { "/" } else { path };
    let of = |(of, at, _): &&(&str, &str, Online)| *of == host.as_str() && *at == path;
    PROBES.iter().chain(PATHS).find(of).map(|(.., online)| *online)
}

/// Whether a host is there for this alone.
pub fn is_for_it(host: &Host) -> bool {
    PROBES.iter().any(|(of, ..)| *of == host.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_system_finds_what_its_maker_has_there() {
        let at = |host: &str, path: &str| expected(&Host::parse(host).expect("a host"), path);
        assert_eq!(at("connectivitycheck.gstatic.com", "/generate_204"), Some(Online::Nothing));
        assert_eq!(at("www.msftconnecttest.com", "/connecttest.txt?n=1"), Some(Online::Text("Microsoft Connect Test")));
        assert_eq!((at("captive.apple.com", ""), at("captive.apple.com", "/other")), (Some(SUCCESS), None));
        assert_eq!((at("www.google.com", "/"), at("www.google.com", "/gen_204")), (None, Some(Online::Nothing)));
        let for_it = |host: &str| is_for_it(&Host::parse(host).expect("a host"));
        assert!(for_it("captive.apple.com") && !for_it("www.google.com") && !for_it("apple.com"));
    }
}
