//! Signing in and out, and a password of one's own.

use super::guard::{Caller, Form, Reader};
use super::views::{self, PasswordPage, SignInPage};
use super::{NotDone, NotSigned, PATH, SIGN_IN, Typed};
use crate::web::form;
use crate::web::hall::Answer;
use crate::web::portal::{later, led, with};
use axum::response::Response;
use hyper::{StatusCode, Uri};

/// Longest name, password and code that are looked at.
const MAX_TYPED: usize = 128;

/// Where somebody who is not signed in does so.
pub async fn page(caller: Caller, uri: Uri) -> Response {
    let to = asked_for(&uri);
    match caller.reader().await {
        Ok(_) => led(&to),
        Err(caller) => asked(&caller, StatusCode::OK, "", "", &to),
    }
}

/// Where they wanted to go: a page of the desk and nothing else.
fn asked_for(uri: &Uri) -> String {
    own(&form::asked(uri, "to")).to_owned()
}

fn own(path: &str) -> &str {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '.');
    let is_own = path.starts_with("/desk/") && path.len() <= 100 && path.chars().all(plain) && !path.contains("..");
    if is_own { path } else { PATH }
}

fn asked(caller: &Caller, status: StatusCode, said: &str, name: &str, to: &str) -> Response {
    let token = caller.hall.portal.forms.token(&caller.browser);
    let mut response = views::page(status, &SignInPage { frame: caller.frame(), said, name, to, token: &token });
    with(&mut response, caller.browser.given());
    response
}

/// The form of the sign-in, and the button of every page that signs out.
pub async fn act(form: Form<Caller>) -> Answer {
    match form.field("do") {
        "sign-in" => Ok(sign_in(&form).await),
        "sign-out" => sign_out(form).await,
        _ => Err(form.by.notice(StatusCode::BAD_REQUEST, "There is no such button", "Nothing was done.")),
    }
}

async fn sign_in(form: &Form<Caller>) -> Response {
    let (caller, name, to) = (&form.by, form.field("name"), own(form.field("to")));
    if !caller.hall.portal.forms.is_ours(&caller.browser, form.field("token")) {
        return asked(caller, StatusCode::FORBIDDEN, "This page had been open for too long. Please sign in again.", name, to);
    }
    let typed = [name, form.field("password"), form.field("code")];
    if typed.iter().any(|text| text.len() > MAX_TYPED) {
        return told(caller, NotSigned::Wrong, "", to);
    }
    let ([own_name, password, code], client, now) = (typed.map(str::to_owned), caller.peer.client.ip(), caller.now);
    let work =
        move |desk: &dyn super::Desk| desk.sign_in(&Typed { name: &own_name, password: &password, code: &code, client }, now);
    let signed = caller.asks(work).await.unwrap_or(Err(NotSigned::Fault));
    let begun = signed.and_then(|account| {
        caller.hall.at_desk.begin(&account, caller.place, now).map_err(|fault| {
            tracing::error!(%fault, "nobody can sign in at the desk");
            NotSigned::Fault
        })
    });
    match begun {
        Ok(token) => {
            let mut response = led(to);
            with(&mut response, caller.browser.at_desk(&token));
            response
        }
        Err(why) => told(caller, why, name, to),
    }
}

/// Why somebody is not signed in, said to them.
fn told(caller: &Caller, why: NotSigned, name: &str, to: &str) -> Response {
    match why {
        NotSigned::Wrong => {
            let said = "The name, the password or the code is not right. A code works once: wait for the next one.";
            asked(caller, StatusCode::FORBIDDEN, said, name, to)
        }
        NotSigned::Wait(seconds) => {
            let said = format!("Too many were wrong. Please wait {}, then try again.", lasting(seconds));
            later(asked(caller, StatusCode::TOO_MANY_REQUESTS, &said, name, to), seconds)
        }
        NotSigned::Busy => {
            let said = "Many people are signing in at this moment. Please try again.";
            later(asked(caller, StatusCode::SERVICE_UNAVAILABLE, said, name, to), 3)
        }
        NotSigned::Fault => {
            let said = "Something at the gateway went wrong. Ask your network manager: the service log says what.";
            asked(caller, StatusCode::INTERNAL_SERVER_ERROR, said, name, to)
        }
    }
}

/// `40 seconds`, `3 minutes`
fn lasting(seconds: u64) -> String {
    if seconds < 120 { format!("{seconds} seconds") } else { format!("{} minutes", seconds.div_ceil(60)) }
}

async fn sign_out(form: Form<Caller>) -> Answer {
    let reader = form.signed().await?.by;
    let caller = &reader.caller;
    caller.hall.at_desk.end(&reader.token);
    let mut response = caller.notice(StatusCode::OK, "You are signed out", "Close this window if others use this device.");
    with(&mut response, caller.browser.left_desk());
    Ok(response)
}

/// Where they choose a password.
pub async fn password_page(caller: Caller) -> Response {
    match caller.reader().await {
        Ok(reader) => password_asked(&reader, StatusCode::OK, ""),
        Err(_) => led(SIGN_IN),
    }
}

fn password_asked(reader: &Reader, status: StatusCode, said: &str) -> Response {
    let shortest = crate::people::desk::SHORTEST;
    views::page(status, &PasswordPage { frame: reader.frame("password"), said, first: !reader.account.own, shortest })
}

/// The form of that.
pub async fn password(form: Form<Caller>) -> Answer {
    let form = form.signed().await?;
    let reader = &form.by;
    let (current, new, again) = (form.field("current"), form.field("new"), form.field("again"));
    if new != again {
        return Err(password_asked(reader, StatusCode::UNPROCESSABLE_ENTITY, "The two new passwords are not the same."));
    }
    let (signed, current, new) = (reader.signed.clone(), current.to_owned(), new.to_owned());
    let from = (reader.caller.peer.client.ip(), reader.caller.now);
    let work = move |desk: &dyn super::Desk| desk.set_password(&signed, &current, &new, from);
    let done = reader.caller.asks(work).await.unwrap_or(Err(NotDone::Fault));
    let (status, said) = match done {
        Ok(()) => return Ok(led(PATH)),
        Err(NotDone::Gone) => return Err(led(SIGN_IN)),
        Err(NotDone::Wrong) => (StatusCode::FORBIDDEN, "The password you have now is not right.".to_owned()),
        Err(NotDone::Weak) => {
            let shortest = crate::people::desk::SHORTEST;
            let said = format!("The new one needs {shortest} characters or more, and must not be the one you have or your name.");
            (StatusCode::UNPROCESSABLE_ENTITY, said)
        }
        Err(NotDone::Wait(seconds)) => {
            (StatusCode::TOO_MANY_REQUESTS, format!("Too many were wrong. Please wait {}, then try again.", lasting(seconds)))
        }
        Err(NotDone::Busy) => {
            (StatusCode::SERVICE_UNAVAILABLE, "Many people are signing in at this moment. Please try again.".into())
        }
        Err(NotDone::Fault) => {
            let said = "It was not changed: something at the gateway went wrong. Ask your network manager.";
            (StatusCode::INTERNAL_SERVER_ERROR, said.into())
        }
    };
    Err(password_asked(reader, status, &said))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_signs_in_is_led_to_the_desk_and_nowhere_else() {
        let to = |query: &str| asked_for(&format!("/desk/sign-in?{query}").parse().expect("an address"));
        assert_eq!(to("to=/desk/week/2026-W47"), "/desk/week/2026-W47");
        let others = ["", "to=", "to=//evil.example", "to=https://evil.example/desk/", "to=/desk/../x", "to=/desk/%0d%0ax"];
        for other in [&others[..], &["to=/desk/a?b", "to=/sign-in", "to=/desk/%5Cevil.example"]].concat() {
            assert_eq!(to(other), PATH, "{other}");
        }
        assert_eq!((lasting(40), lasting(121)), ("40 seconds".into(), "3 minutes".into()));
    }
}
