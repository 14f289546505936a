//! The test mail has come: whoever has it says so by its code, without an account. Nothing is shown here, and nothing else changed.

use super::guard::{Caller, Form};
use super::views::{self, ConfirmPage};
use super::{CONFIRM, NotDone};
use crate::web::form::asked as asked_for;
use crate::web::portal::{later, with};
use axum::response::Response;
use hyper::{StatusCode, Uri};

/// Longest code that is looked at.
const MAX_CODE: usize = 40;

/// As it stands among who has confirmed.
const BY: &str = "the link in the mail";

/// A button, and nothing done yet: a program that opens every link of a mail confirms nothing.
pub async fn page(caller: Caller, uri: Uri) -> Response {
    let code: String = asked_for(&uri, "code").chars().filter(char::is_ascii_alphanumeric).take(MAX_CODE).collect();
    asked(&caller, StatusCode::OK, "", &code)
}

fn asked(caller: &Caller, status: StatusCode, said: &str, code: &str) -> Response {
    let token = caller.hall.portal.forms.token(&caller.browser);
    let mut response = views::page(status, &ConfirmPage { frame: caller.frame(), said, code, token: &token, path: CONFIRM });
    with(&mut response, caller.browser.given());
    response
}

pub async fn act(form: Form<Caller>) -> Response {
    let caller = &form.by;
    let code: String = form.field("code").chars().take(MAX_CODE).collect();
    if !caller.hall.portal.forms.is_ours(&caller.browser, form.field("token")) {
        return asked(
            caller,
            StatusCode::FORBIDDEN,
            "This page had been open for too long. Please press the button again.",
            &code,
        );
    }
    let (typed, from) = (code.clone(), (caller.peer.client.ip(), caller.now));
    let done = caller.asks(move |desk| desk.confirm(&typed, BY, from)).await.unwrap_or(Err(NotDone::Fault));
    match done {
        Ok(()) => caller.notice(
            StatusCode::OK,
            "Thank you: mail about the weekly report reaches you",
            "It is written down. You need do nothing else; the next mail comes with the next report.",
        ),
        Err(NotDone::Wait(seconds)) => {
            let said = format!("Too many codes were wrong. Please wait {seconds} seconds, then try again.");
            later(asked(caller, StatusCode::TOO_MANY_REQUESTS, &said, &code), seconds)
        }
        Err(_) => {
            let said = "This is not the code of the last test mail. If there is a later one, use that.";
            asked(caller, StatusCode::UNPROCESSABLE_ENTITY, said, &code)
        }
    }
}
