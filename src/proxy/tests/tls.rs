//! The proxy over TLS.

use super::stand::Stand;
use crate::gate::Snapshot;
use crate::net::tls::identity;
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;

#[tokio::test]
async fn a_client_that_speaks_tls_to_the_proxy_is_served_as_any_other() {
    let origin = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let stand = Stand::at(origin.local_addr().expect("an address"), Arc::default()).await;
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(vec!["gate.school.example".to_owned()]).expect("a name");
    let certificate = params.self_signed(&key).expect("a certificate").pem();
    let ours = identity("gate.school.example", certificate.as_bytes(), key.serialize_pem().as_bytes()).expect("an identity");
    let connector = {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(certificate.as_bytes()).expect("a certificate")).expect("trusted");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
        TlsConnector::from(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
    };
    let name = || ServerName::try_from("gate.school.example").expect("a name");
    let open = || async { TcpStream::connect(stand.proxy_tls).await.expect("it listens") };
    assert!(connector.connect(name(), open().await).await.is_err(), "without an identity there is no handshake");

    let mut snapshot = Snapshot::clone(&stand.school.gate.snapshot());
    snapshot.identity = Some(Ok(Arc::new(ours)));
    stand.school.gate.swap(snapshot);
    let port = stand.origin.port();
    let mut client = connector.connect(name(), open().await).await.expect("a handshake");
    let head = format!("CONNECT a.example:{port} HTTP/1.1\r\nHost: a.example:{port}\r\n\r\n");
    client.write_all(head.as_bytes()).await.expect("sent");
    let mut answer = [0; 12];
    client.read_exact(&mut answer).await.expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 200");
    while client.read_u8().await.expect("a head") != b'\n' || client.read_u8().await.expect("a head") != b'\r' {}
    assert_eq!(client.read_u8().await.expect("its end"), b'\n');
    let (mut server, _) = origin.accept().await.expect("it is dialled");
    let much: Vec<u8> = (0..1 << 20).map(|i: u32| (i % 251) as u8).collect();
    let sent = much.clone();
    let answering = tokio::spawn(async move {
        let mut hello = [0; 5];
        server.read_exact(&mut hello).await.expect("the client's words");
        server.write_all(&sent).await.expect("sent");
        hello
    });
    client.write_all(b"hello").await.expect("sent");
    client.flush().await.expect("sent");
    let mut got = vec![0; much.len()];
    client.read_exact(&mut got).await.expect("the origin's words");
    assert!(got == much);
    assert_eq!(&answering.await.expect("it ran"), b"hello");
    let mut blocked = connector.connect(name(), open().await).await.expect("a handshake");
    blocked.write_all(b"CONNECT adult.example:443 HTTP/1.1\r\nHost: adult.example\r\n\r\n").await.expect("sent");
    blocked.read_exact(&mut answer).await.expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 403");
}
