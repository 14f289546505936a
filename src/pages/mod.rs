//! What a person sees when something did not open.
//!
//! Comes in: the school's name, whom to see, a verdict, what a browser's headers show. Goes out: a status, headers and a
//! page; or a bare status, where nobody would see a page.
//! Always holds: no person's name on any page, no category for pupils, nothing about the locked tier for anybody; all that
//! came from outside is escaped; no script, no image and no font is loaded; help numbers stand on every page.
//!
//! - [`intent`]     how much a person meant a request, and whether they would see a page
//! - [`block`]      'This page is not available in school'
//! - [`ca`]         how the certificate authority gets onto devices
//! - [`warn`]       'Stop and think first'
//! - [`why`]        what did not open on a device
//! - [`sign_in`]    where people sign in, and out
//! - [`staffroom`]  where staff open something for a lesson
//! - [`online`]     by what systems look whether they are online
//! - [`notice`]     what else there is to say: a page that did not answer, the gate's own front page
//! - [`reader`]     who reads a page
//! - [`language`]   in which language
//! - [`words`]      every word, in both
//! - [`help`]       whom a child can call
//! - [`reference`]  the short code by which IT finds the event
//! - [`desk`]       a new account of the desk, to print and hand over
//! - [`recovery`]   what opens what is sealed when no passphrase is known, to print for the safe
//! - [`slips`]      names and passwords to print
//! - [`sheet`]      the one style sheet, its hash, and the headers every page has

pub mod block;
pub mod ca;
pub mod desk;
pub mod help;
pub mod intent;
pub mod language;
pub mod notice;
pub mod online;
pub mod reader;
pub mod recovery;
pub mod reference;
pub mod sheet;
pub mod sign_in;
pub mod slips;
pub mod staffroom;
pub mod warn;
pub mod why;
pub mod words;

pub use block::BlockPage;
pub use ca::CaPage;
pub use desk::DeskSheet;
pub use intent::Seen;
pub use language::Language;
pub use notice::{Link, Notice};
pub use reader::Reader;
pub use reference::Reference;
pub use sheet::{FORM_HEADERS, HEADERS};
pub use sign_in::SignInPage;
pub use warn::WarnPage;
pub use why::WhyPage;
