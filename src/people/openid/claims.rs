//! What a provider says of somebody, and whether it is meant for this gate, this sign-in and this school.

use crate::config::{OpenId, Pinned};
use serde_json::Value;

/// How far the provider's clock and ours may differ, in seconds.
const SKEW_S: i64 = 120;

/// How old a token may be when it comes, in seconds: it was made a moment ago.
const FRESH_S: i64 = 10 * 60;

/// Longest name of an account that is looked at.
const MAX_ACCOUNT: usize = 256;

/// Why a token that is signed is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadClaims {
    #[error("it is of another issuer")]
    Issuer,
    #[error("it is for another application")]
    Audience,
    #[error("its time is over, or not yet come")]
    Time,
    #[error("it is of another sign-in")]
    Nonce,
    #[error("it is of another tenant or domain")]
    Tenant,
    #[error("it names no account of the school")]
    Account,
}

/// The account that signed in: its address, in small letters. `nonce` is of the sign-in that was begun; `now_s` since 1970.
///
/// # Errors
/// [`BadClaims`].
pub fn account(claims: &Value, provider: &OpenId, nonce: &str, now_s: i64) -> Result<String, BadClaims> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let time = |name: &str| claims.get(name).and_then(Value::as_i64);
    let issuer = provider.issuer();
    // Google's tokens have both forms, by its own word.
    let bare = issuer.strip_prefix("https://").filter(|_| provider.pinned == Pinned::Google);
    if text("iss").is_none_or(|iss| iss != issuer && Some(iss) != bare) {
        return Err(BadClaims::Issuer);
    }
    let audience = match claims.get("aud") {
        Some(Value::String(one)) => Some(one.as_str()),
        Some(Value::Array(all)) if all.len() == 1 => all[0].as_str(),
        _ => None,
    };
    if audience != Some(provider.client_id.as_str()) || text("azp").is_some_and(|azp| azp != provider.client_id) {
        return Err(BadClaims::Audience);
    }
    let (Some(ends), Some(made)) = (time("exp"), time("iat")) else { return Err(BadClaims::Time) };
    let begun = time("nbf").is_none_or(|nbf| nbf <= now_s.saturating_add(SKEW_S));
    let fresh = made <= now_s.saturating_add(SKEW_S) && made >= now_s.saturating_sub(FRESH_S);
    if ends <= now_s.saturating_sub(SKEW_S) || !begun || !fresh {
        return Err(BadClaims::Time);
    }
    if nonce.is_empty() || text("nonce") != Some(nonce) {
        return Err(BadClaims::Nonce);
    }
    let ours = |domain: &str| provider.domains.iter().any(|d| d.as_str().eq_ignore_ascii_case(domain));
    let address = match &provider.pinned {
        Pinned::Microsoft { tenant, .. } => {
            if text("tid").is_none_or(|tid| !tid.eq_ignore_ascii_case(tenant)) {
                return Err(BadClaims::Tenant);
            }
            text("upn").or(text("preferred_username")).or(text("email"))
        }
        Pinned::Google => {
            if !text("hd").is_some_and(ours) {
                return Err(BadClaims::Tenant);
            }
            text("email").filter(|_| claims.get("email_verified") == Some(&Value::Bool(true)))
        }
    };
    // A guest of the tenant has an address of elsewhere: it is not the school's word who that is.
    let address = address.filter(|a| a.len() <= MAX_ACCOUNT && a.rsplit_once('@').is_some_and(|(_, domain)| ours(domain)));
    address.map(str::to_lowercase).ok_or(BadClaims::Account)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Host;
    use serde_json::json;

    const TENANT: &str = "8d0b6f2e-0000-4000-8000-0123456789ab";

    fn provider(pinned: Pinned) -> OpenId {
        let domains = vec![Host::parse("school.example").expect("a host")];
        OpenId { pinned, client_id: "gate".into(), secret_file: "secret".into(), domains }
    }

    #[test]
    fn only_what_is_meant_for_this_sign_in_at_this_school_names_anybody() {
        let microsoft = provider(Pinned::Microsoft { tenant: TENANT.into(), authority: "https://login.example".into() });
        let google = provider(Pinned::Google);
        let of_microsoft = json!({ "iss": format!("https://login.example/{TENANT}/v2.0"), "aud": "gate", "exp": 2_000, "iat": 1_000,
            "nbf": 1_000, "nonce": "n", "tid": TENANT, "preferred_username": "J.Smith@School.example" });
        let of_google = json!({ "iss": "https://accounts.google.com", "aud": "gate", "azp": "gate", "exp": 2_000, "iat": 1_000,
            "nonce": "n", "hd": "school.example", "email": "j.smith@school.example", "email_verified": true });
        let known = Ok("j.smith@school.example".to_owned());
        assert_eq!(account(&of_microsoft, &microsoft, "n", 1_010), known);
        assert_eq!(account(&of_google, &google, "n", 1_010), known);
        use BadClaims::{Account, Audience, Issuer, Nonce, Tenant, Time};
        let forged = |claims: &Value, name: &str, value: Value| {
            let mut claims = claims.clone();
            claims[name] = value;
            claims
        };
        for (name, value, why) in [
            ("iss", json!("https://login.example/other/v2.0"), Issuer),
            ("iss", json!(null), Issuer),
            ("aud", json!("other"), Audience),
            ("aud", json!(["gate", "other"]), Audience),
            ("azp", json!("other"), Audience),
            ("exp", json!(800), Time),
            ("exp", json!("2000"), Time),
            ("iat", json!(100), Time),
            ("iat", json!(9_000), Time),
            ("nbf", json!(9_000), Time),
            ("nonce", json!("other"), Nonce),
            ("nonce", json!(null), Nonce),
            ("tid", json!("9188040d-6c67-4c5b-b112-36a304b66dad"), Tenant),
            ("tid", json!(null), Tenant),
            ("preferred_username", json!("j.smith@evil.example"), Account),
            ("preferred_username", json!("j.smith"), Account),
            ("upn", json!("guest@evil.example"), Account),
        ] {
            let claims = forged(&of_microsoft, name, value.clone());
            assert_eq!(account(&claims, &microsoft, "n", 1_010), Err(why), "{name}: {value}");
        }
        for (name, value, why) in [
            ("hd", json!("evil.example"), Tenant),
            ("hd", json!(null), Tenant),
            ("email_verified", json!(false), Account),
            ("email_verified", json!("true"), Account),
            ("email", json!("j.smith@gmail.com"), Account),
            ("iss", json!("https://accounts.google.com.evil.example"), Issuer),
        ] {
            let claims = forged(&of_google, name, value.clone());
            assert_eq!(account(&claims, &google, "n", 1_010), Err(why), "{name}: {value}");
        }
        assert_eq!(account(&forged(&of_google, "iss", json!("accounts.google.com")), &google, "n", 1_010), known);
        assert_eq!(account(&of_microsoft, &google, "n", 1_010), Err(Issuer));
        assert_eq!(account(&of_microsoft, &microsoft, "", 1_010), Err(Nonce));
        assert_eq!(account(&json!([]), &microsoft, "n", 1_010), Err(Issuer));
    }
}
