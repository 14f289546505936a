//! Many names of many clients through an upstream that takes its time.

use super::scripted::{Scripted, good};
use super::*;
use crate::resolve::shares::MAX_OPEN;

const CLIENTS: usize = 100;

/// Asks `names` names of [`CLIENTS`] clients, each with as many open as it may have, and counts what is not answered.
async fn lost(names: usize, delay: Duration) -> usize {
    let upstream = Scripted::start(move |n, query| vec![(delay + Duration::from_millis(n as u64 % 7), good(query))]).await;
    let resolver = Arc::new(Resolver::new(&[upstream.address]));
    let mut clients = tokio::task::JoinSet::new();
    for client in 0..CLIENTS {
        let resolver = resolver.clone();
        clients.spawn(async move {
            let address = ClientAddr::new([10, 0, 0, client as u8].into());
            let (mut lost, mut open) = (0, tokio::task::JoinSet::<bool>::new());
            for i in 0..names / CLIENTS {
                // A client keeps a few open at once, below its share.
                if open.len() == 8 {
                    lost += usize::from(!open.join_next().await.expect("one is open").expect("no panic"));
                }
                let resolver = resolver.clone();
                open.spawn(async move {
                    let _share = resolver.share(address).expect("within its share");
                    resolver.answer(&asked(&format!("n{i}.c{client}.test"), rr::A, false)).await.is_ok()
                });
            }
            while let Some(answered) = open.join_next().await {
                lost += usize::from(!answered.expect("no panic"));
            }
            lost
        });
    }
    let mut all = 0;
    while let Some(lost) = clients.join_next().await {
        all += lost.expect("no panic");
    }
    all
}

/// A hundred thousand with `tests/run --full`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn none_of_ten_thousand_names_of_a_hundred_clients_is_lost_behind_a_slow_upstream() {
    let names = if std::env::var_os("SCHOOLGATE_FULL").is_some() { 100_000 } else { 10_000 };
    assert_eq!(lost(names, Duration::from_millis(100)).await, 0);
}

#[tokio::test]
async fn one_client_with_names_that_nobody_answers_leaves_the_others_as_quick_as_they_were() {
    let upstream = Scripted::start(|_, query| {
        let silent = query.name.to_string().ends_with("silent.test");
        if silent { Vec::new() } else { vec![(Duration::from_millis(5), good(query))] }
    });
    let resolver = Arc::new(Resolver::new(&[upstream.await.address]));
    let client = |last: u8| ClientAddr::new([10, 0, 0, last].into());
    let mut flood = tokio::task::JoinSet::new();
    let mut refused = 0;
    for i in 0..1_000 {
        let Some(share) = resolver.share(client(1)) else {
            refused += 1;
            continue;
        };
        let resolver = resolver.clone();
        flood.spawn(async move {
            let _share = share;
            resolver.answer(&asked(&format!("n{i}.silent.test"), rr::A, false)).await.is_ok()
        });
    }
    assert_eq!((flood.len(), refused), (MAX_OPEN, 1_000 - MAX_OPEN));
    let since = Instant::now();
    for i in 0..50 {
        let _share = resolver.share(client(2)).expect("its own share");
        assert!(resolver.answer(&asked(&format!("n{i}.test"), rr::A, false)).await.is_ok());
    }
    assert!(since.elapsed() < Duration::from_secs(2), "{:?} for 50 names", since.elapsed());
}
