//! Who is to sign in first, and is led there: only where connections are redirected here, and only from a page in the clear, or from
//! where a system looks whether it is online. Nobody can lead what is encrypted anywhere without breaking it.

use super::request::Asked;
use crate::gate::{Judged, Visit};
use crate::pages::online;
use crate::policy::{Act, Step};

/// Whether this request is led to where people sign in. `page`: somebody would see it.
pub fn is_led(visit: &Visit, judged: &Judged, asked: &Asked, page: bool) -> bool {
    if !visit.snapshot.is_to_sign_in(&visit.who) {
        return false;
    }
    let open = match judged.verdict.step {
        // Help is never held up, and of what is locked and of what harms nobody is told to sign in for it.
        Step::Locked | Step::HarmfulCode | Step::Help | Step::Platform => true,
        // The walled garden.
        Step::Session => judged.verdict.act == Act::Allow,
        _ => false,
    };
    page && !open || judged.verdict.step != Step::Locked && online::expected(&asked.host, &asked.path).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::school::School;
    use crate::policy::Surface;
    use crate::proxy::request::Form;
    use crate::words::{ClientAddr, Host, PersonId};

    #[test]
    fn pages_lead_to_the_portal_and_help_and_the_garden_do_not() {
        let byod = "[[network]]\nname = \"byod\"\nranges = [\"127.5.0.0/16\"]\nportal = [\"voucher\"]\n";
        let garden = "walled_garden = [\"school.example\"]\n";
        for (more, in_garden) in [("", true), (garden, false)] {
            let school = School::with(&format!("{byod}{more}"));
            let led = |from: [u8; 4], person: Option<u32>, host: &str, path: &str, page| {
                let mut visit = school.gate.visit(ClientAddr::new(from.into())).expect("one of the school's");
                visit.who.person = person.map(PersonId);
                let host = Host::parse(host).expect("a host");
                let judged = visit.judge_page(&host, path, Surface::Page);
                let asked = Asked { form: Form::Origin, host, port: 80, path: path.to_owned(), at: None };
                is_led(&visit, &judged, &asked, page)
            };
            let byod = [127, 5, 0, 1];
            for (host, path, page, expected) in [
                ("page.example", "/", true, true),
                ("page.example", "/app.js", false, false),
                ("captive.apple.com", "/hotspot-detect.html", false, true),
                ("www.google.com", "/generate_204", false, true),
                ("www.school.example", "/", true, in_garden),
                ("help.example", "/", true, false),
                ("locked.example", "/", true, false),
                ("malware.example", "/", true, !in_garden),
            ] {
                assert_eq!(led(byod, None, host, path, page), expected, "{host}{path}, garden: {}", !in_garden);
            }
            assert!(!led(byod, Some(7), "page.example", "/", true), "who has signed in");
            assert!(!led([127, 0, 0, 1], None, "page.example", "/", true), "where there is no portal");
        }
    }
}
