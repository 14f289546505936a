//! What is added to requests within TLS: safe search and restricted modes as the profile has them, and the school's own accounts.

use crate::gate::Visit;
use crate::gate::inside::is_microsoft_sign_in;
use crate::lists::phrases::searched::{Service, service};
use crate::policy::{Safe, Verdict, Youtube};
use crate::proxy::request::Asked;
use crate::words::Host;
use hyper::Uri;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::http::uri::PathAndQuery;

/// https://support.google.com/a/answer/6214622
const YOUTUBE_RESTRICT: HeaderName = HeaderName::from_static("youtube-restrict");

/// https://support.google.com/a/answer/1668854
const GOOGLE_DOMAINS: HeaderName = HeaderName::from_static("x-googapps-allowed-domains");

/// https://learn.microsoft.com/entra/identity/enterprise-apps/tenant-restrictions
const TENANTS: HeaderName = HeaderName::from_static("restrict-access-to-tenants");
const TENANT_CONTEXT: HeaderName = HeaderName::from_static("restrict-access-context");

/// Of Google's page: pages, apps and players.
const YOUTUBE: [&str; 5] =
    ["www.youtube.com", "m.youtube.com", "youtubei.googleapis.com", "youtube.googleapis.com", "www.youtube-nocookie.com"];

/// Makes a request say what the school wants said, whatever the client wrote.
pub fn enforce(visit: &Visit, verdict: &Verdict, asked: &Asked, head: &mut Parts) {
    let safe = visit.safe(verdict);
    restrict_youtube(safe, &asked.host, &mut head.headers);
    restrict_accounts(visit, &asked.host, &mut head.headers);
    if safe.search
        && let Some(made_safe) = safe_search(&asked.host, &asked.path)
        && let Ok(path) = PathAndQuery::try_from(made_safe)
    {
        head.uri = with_path(&head.uri, path);
    }
}

fn restrict_youtube(safe: Safe, host: &Host, headers: &mut HeaderMap) {
    if !YOUTUBE.contains(&host.as_str()) {
        return;
    }
    match safe.youtube {
        Youtube::Off => None,
        Youtube::Moderate => headers.insert(YOUTUBE_RESTRICT, HeaderValue::from_static("Moderate")),
        Youtube::Strict => headers.insert(YOUTUBE_RESTRICT, HeaderValue::from_static("Strict")),
    };
}

fn restrict_accounts(visit: &Visit, host: &Host, headers: &mut HeaderMap) {
    let config = &visit.snapshot.config.inside;
    let mut insert = |name, text: String| {
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.insert(name, value);
        }
    };
    let of_google = ["google.com", "gmail.com"].iter().any(|own| host.suffixes().any(|name| name == *own));
    if of_google && !config.google_domains.is_empty() {
        let domains: Vec<_> = config.google_domains.iter().map(Host::as_str).collect();
        insert(GOOGLE_DOMAINS, domains.join(","));
    }
    if is_microsoft_sign_in(host) && !config.microsoft_tenants.is_empty() {
        insert(TENANTS, config.microsoft_tenants.join(","));
        // The header is asked for; a tenant may stand in for its directory.
        let context = config.microsoft_context.as_ref().or(config.microsoft_tenants.first());
        insert(TENANT_CONTEXT, context.cloned().unwrap_or_default());
    }
}

/// The path with the engine's own word for its safe mode, in place of what was written for it. `None`: it is no search, or says
/// so already.
fn safe_search(host: &Host, path: &str) -> Option<String> {
    let (key, value) = match service(host.as_str())? {
        Service::Google => ("safe", "active"),
        Service::Bing => ("adlt", "strict"),
        Service::DuckDuckGo => ("kp", "1"),
        Service::Yahoo => ("vm", "r"),
        _ => return None,
    };
    let (before, query) = path.split_once('?')?;
    // Links of a page of results: they lead away.
    if before == "/url" {
        return None;
    }
    let is = |pair: &&str, key: &str| pair.split('=').next().is_some_and(|name| name.eq_ignore_ascii_case(key));
    if !query.split('&').any(|pair| is(&pair, "q") || is(&pair, "p") || is(&pair, "query")) {
        return None;
    }
    let others: Vec<&str> = query.split('&').filter(|pair| !is(pair, key)).collect();
    let made = format!("{before}?{}&{key}={value}", others.join("&"));
    (made != path).then_some(made)
}

fn with_path(uri: &Uri, path: PathAndQuery) -> Uri {
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(path);
    Uri::from_parts(parts).unwrap_or_else(|_| uri.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_made_safe_whatever_the_client_wrote() {
        for (host, path, made) in [
            ("www.google.co.uk", "/search?q=fox", Some("/search?q=fox&safe=active")),
            ("www.google.com", "/search?safe=off&q=fox&SAFE=images", Some("/search?q=fox&safe=active")),
            ("www.google.com", "/search?q=fox&safe=active", None),
            ("www.google.com", "/maps", None),
            ("www.google.com", "/url?q=https://a.example/&usg=x", None),
            ("www.google.com", "/xjs?v=1", None),
            ("www.bing.com", "/images/search?q=fox&adlt=off", Some("/images/search?q=fox&adlt=strict")),
            ("duckduckgo.com", "/?q=fox&kp=-2", Some("/?q=fox&kp=1")),
            ("uk.search.yahoo.com", "/search?p=fox", Some("/search?p=fox&vm=r")),
            ("docs.google.com", "/search?q=fox", None),
            ("www.example.com", "/search?q=fox", None),
        ] {
            assert_eq!(safe_search(&Host::parse(host).expect("a host"), path).as_deref(), made, "{host}{path}");
        }
    }
}
