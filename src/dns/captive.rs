//! By what systems look whether they are online, for who is to sign in first: led to the web door, which leads them on.
//!
//! Where connections are redirected to the gate this is not needed; it is for networks that only ask it for names.

use crate::gate::{Snapshot, Visit};
use crate::pages::online;
use crate::wire::Made;
use crate::words::Host;
use std::net::IpAddr;

/// How long a system may keep it: until somebody has signed in. The web door then says what is expected of it.
const TTL: u32 = 10;

/// These systems look over HTTP, on its own port.
const HTTP: u16 = 80;

/// The answer, if the name is one of these and whoever asks is to sign in. `local` is the address that was asked.
pub fn answer<'a>(host: &Host, kind: u16, visit: &Visit, local: IpAddr) -> Option<Made<'a>> {
    let reached = |l: &std::net::SocketAddr| l.port() == HTTP && (l.ip() == local || l.ip().is_unspecified());
    let led = concerns(host, &visit.snapshot)
        && visit.snapshot.is_to_sign_in(&visit.who)
        && visit.snapshot.config.web.listen.iter().any(reached);
    led.then(|| Made::address(kind, local, TTL))
}

/// Whether two who ask for a name may be answered differently.
pub fn concerns(host: &Host, snapshot: &Snapshot) -> bool {
    !snapshot.config.portal.networks.is_empty() && online::is_for_it(host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::school::School;
    use crate::wire::{Body, rr};
    use crate::words::ClientAddr;

    #[test]
    fn who_is_to_sign_in_is_led_to_the_web_door_where_it_listens_on_port_80() {
        let byod = "[[network]]\nname = \"byod\"\nranges = [\"127.5.0.0/16\"]\nportal = [\"voucher\"]\n";
        let school = School::with(&format!("{byod}[web]\nlisten = [\"10.0.0.1:80\", \"10.0.0.2:8080\"]\n"));
        let answer = |from: [u8; 4], name: &str, kind, local: [u8; 4]| {
            let visit = school.gate.visit(ClientAddr::new(from.into())).expect("one of the school's");
            answer(&Host::parse(name).expect("a host"), kind, &visit, local.into()).map(|made| made.body)
        };
        let (byod, pupil, here) = ([127, 5, 0, 1], [127, 0, 0, 1], [10, 0, 0, 1]);
        let led = Some(Body::Address { address: here.into(), ttl: TTL });
        for host in ["captive.apple.com", "connectivitycheck.gstatic.com", "www.msftconnecttest.com", "detectportal.firefox.com"]
        {
            assert_eq!(answer(byod, host, rr::A, here), led, "{host}");
            assert_eq!(answer(pupil, host, rr::A, here), None, "{host}: there is no portal there");
        }
        assert_eq!(answer(byod, "captive.apple.com", rr::AAAA, here), Some(Body::Soa { ttl: TTL }));
        assert_eq!(answer(byod, "www.google.com", rr::A, here), None);
        assert_eq!(answer(byod, "captive.apple.com", rr::A, [10, 0, 0, 2]), None);
        // What goes by who asks is in no memory that all share.
        let concerns = |name: &str| concerns(&Host::parse(name).expect("a host"), &school.gate.snapshot());
        assert!(concerns("captive.apple.com") && !concerns("www.google.com"));
    }
}
