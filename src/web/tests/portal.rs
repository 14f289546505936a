//! Signing in where nothing is secret, and everybody at once. The rest is in `tests/portal.rs`, over TLS.

use super::Stand;
use std::sync::Arc;

/// A portal for vouchers, with its state in this folder.
fn more(data: &std::path::Path) -> String {
    let byod = "[[network]]\nname = \"byod\"\nranges = [\"127.5.0.0/16\"]\nportal = [\"password\", \"voucher\"]\n";
    format!("{byod}[data]\ndir = {data:?}\n")
}

/// The cookie and the token that a browser is given.
fn given(page: &str) -> (String, String) {
    let cookie = page.split("set-cookie: ").nth(1).and_then(|rest| rest.split(';').next()).expect("a cookie");
    let token = page.split("name=\"token\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a token");
    (cookie.to_owned(), token.to_owned())
}

impl Stand {
    async fn sign_in(&self, from: &str, (cookie, token): &(String, String), name: &str) -> String {
        let form = format!("do=sign-in&token={token}&name={name}&password=abcd&notice=1");
        let head = "POST /sign-in HTTP/1.1\r\nConnection: close\r\nHost: 127.0.0.1\r\nOrigin: http://127.0.0.1\r\n";
        let kind = "Content-Type: application/x-www-form-urlencoded";
        self.talk(from, &format!("{head}Cookie: {cookie}\r\n{kind}\r\nContent-Length: {}\r\n\r\n{form}", form.len())).await
    }
}

#[tokio::test]
async fn who_comes_when_everybody_signs_in_is_told_when_to_try_again() {
    let data = tempfile::tempdir().expect("a folder");
    crate::people::Store::open(&data.path().join("register.db")).expect("a register");
    let stand = Arc::new(Stand::with(&more(data.path())).await);
    let page = stand.get("127.5.0.1", "/sign-in", "Host: 127.0.0.1\r\nAccept: text/html\r\n").await;
    assert!(page.contains("the connection to this page is not private") && !page.contains("type=\"password\""), "{page}");
    let given = given(&page);
    let tasks: Vec<_> = (1..=40)
        .map(|n| {
            let (stand, given) = (stand.clone(), given.clone());
            tokio::spawn(async move { stand.sign_in(&format!("127.5.1.{n}"), &given, &format!("voucher-{n}")).await })
        })
        .collect();
    let (mut busy, mut wrong) = (0, 0);
    for task in tasks {
        let answer = task.await.expect("it ends");
        match answer.split(' ').nth(1) {
            Some("503") => {
                assert!(answer.contains("retry-after: 3") && answer.contains("Many people are asking"), "{answer}");
                busy += 1;
            }
            Some("403") => wrong += 1,
            _ => panic!("{answer}"),
        }
    }
    assert!(busy > 0 && wrong >= 9, "{busy} were sent away, {wrong} were checked");
    // Who was sent away has not guessed.
    assert!(stand.sign_in("127.5.1.40", &given, "voucher-40").await.starts_with("HTTP/1.1 403"));
}

#[tokio::test]
async fn nobody_signs_in_where_there_is_no_portal() {
    let data = tempfile::tempdir().expect("a folder");
    let stand = Stand::with(&more(data.path())).await;
    let page = stand.get("127.0.0.1", "/sign-in", "Host: 127.0.0.1\r\n").await;
    assert!(page.contains("Nobody signs in here") && !page.contains("<form"), "{page}");
    let given = given(&stand.get("127.5.0.1", "/sign-in", "Host: 127.0.0.1\r\n").await);
    let refused = stand.sign_in("127.0.0.1", &given, "voucher-1").await;
    assert!(refused.contains("Nobody signs in here"), "{refused}");
    assert!(stand.get("127.200.0.1", "/sign-in", "Host: 127.0.0.1\r\n").await.starts_with("HTTP/1.1 403"));
    let welsh = stand.get("127.5.0.1", "/sign-in", "Host: 127.0.0.1\r\nAccept-Language: cy\r\n").await;
    assert!(
        welsh.contains("<html lang=\"cy\">") && welsh.contains("Mewngofnodi") && welsh.contains("Beth mae&#39;r ysgol"),
        "{welsh}"
    );
}
