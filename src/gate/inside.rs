//! Whether TLS to a host is looked into for somebody, or why not.

use super::{Judged, Visit};
use crate::journal::Decrypted;
use crate::lists::private::Private;
use crate::policy::Step;
use crate::words::{Category, CategorySet, Host};

/// Where Microsoft accounts sign in: https://learn.microsoft.com/entra/identity/enterprise-apps/tenant-restrictions
const MICROSOFT_SIGN_IN: [&str; 3] = ["login.microsoftonline.com", "login.microsoft.com", "login.windows.net"];

pub fn is_microsoft_sign_in(host: &Host) -> bool {
    MICROSOFT_SIGN_IN.contains(&host.as_str())
}

/// What the line of a connection that is let through says: that it is looked into, and each request within has a line of its own; or
/// why it is not.
pub fn why_not(visit: &Visit, judged: &Judged, host: &Host) -> Option<Decrypted> {
    Some(chosen(visit, judged, host))
}

/// [`Decrypted::Yes`], or the first reason not to.
pub fn chosen(visit: &Visit, judged: &Judged, host: &Host) -> Decrypted {
    chosen_for(visit, judged.found.categories(), judged.verdict.step, host)
}

/// [`chosen`] of a host of these categories that is judged by this step.
pub fn chosen_for(visit: &Visit, found: CategorySet, step: Step, host: &Host) -> Decrypted {
    let config = &visit.snapshot.config.inside;
    let Some(Ok(inspection)) = &visit.snapshot.inspection else { return Decrypted::NoAuthority };
    if !config.networks.contains(&visit.who.network) {
        return Decrypted::Network;
    }
    if found.contains(Category::HELP) || step == Step::Help {
        return Decrypted::Category;
    }
    // These three are platform, and the school has asked for what can only be done within them.
    let restricted = !config.microsoft_tenants.is_empty() && is_microsoft_sign_in(host);
    let platform = found.contains(Category::PLATFORM) || step == Step::Platform;
    if !restricted && (platform || found.iter().any(|category| config.without.contains(category))) {
        return Decrypted::Category;
    }
    match inspection.privates.why(host) {
        Some(Private::Banking) => return Decrypted::Banking,
        Some(Private::Health) => return Decrypted::Health,
        Some(Private::Pinned) => return Decrypted::Pinned,
        None => {}
    }
    if config.except.iter().any(|except| host.is_within(except)) {
        return Decrypted::Exception;
    }
    match &config.groups {
        Some(groups) if !groups.iter().any(|group| visit.who.groups.contains(*group)) => Decrypted::Group,
        _ => Decrypted::Yes,
    }
}
