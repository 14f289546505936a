//! The internet of the lab: a name server, and origins that each have an address, and say which.

use super::machines::Machine;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::thread;

/// A name, and where it is.
pub struct Site {
    pub name: &'static str,
    pub v4: Ipv4Addr,
    pub v6: Option<Ipv6Addr>,
}

/// Its name server.
pub const RESOLVER: Ipv4Addr = Ipv4Addr::new(11, 1, 0, 53);

pub const SITES: [Site; 3] = [
    Site { name: "goodschool.com", v4: Ipv4Addr::new(11, 1, 0, 80), v6: Some(Ipv6Addr::new(0x2a00, 0x11, 0, 0, 0, 0, 0, 0x80)) },
    Site { name: "badschool.com", v4: Ipv4Addr::new(11, 1, 0, 66), v6: None },
    Site { name: "otherschool.com", v4: Ipv4Addr::new(11, 1, 0, 99), v6: None },
];

/// Starts everything on a machine that has the addresses. Gives the authority's certificate, whom its sites are certified by.
pub fn start(on: &Machine) -> String {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority");
    let names = on.on(|| UdpSocket::bind((RESOLVER, 53))).expect("the address is there");
    thread::spawn(move || answer_names(&names));
    for site in &SITES {
        let key = KeyPair::generate().expect("a key");
        let mut leaf = CertificateParams::new(vec![site.name.to_owned()]).expect("a name");
        // Another name than the authority's, or it would look as if it had signed itself.
        leaf.distinguished_name.push(DnType::CommonName, site.name);
        let leaf = leaf.signed_by(&key, &authority);
        let chain = vec![leaf.expect("a certificate").der().clone()];
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
        let tls = Arc::new(tls.with_no_client_auth().with_single_cert(chain, key).expect("a pair"));
        for at in [Some(IpAddr::from(site.v4)), site.v6.map(IpAddr::from)].into_iter().flatten() {
            let (plain, secure) =
                on.on(|| (TcpListener::bind((at, 80)).expect("a port"), TcpListener::bind((at, 443)).expect("a port")));
            let tls = tls.clone();
            thread::spawn(move || {
                for stream in plain.incoming().flatten() {
                    thread::spawn(move || answer_page(stream, at));
                }
            });
            thread::spawn(move || {
                for stream in secure.incoming().flatten() {
                    let tls = tls.clone();
                    thread::spawn(move || {
                        let connection = ServerConnection::new(tls).expect("a configuration");
                        answer_page(StreamOwned::new(connection, stream), at);
                    });
                }
            });
        }
    }
    authority.pem()
}

/// One answer, then the end.
fn answer_page(stream: impl Read + Write, at: IpAddr) {
    let mut stream = BufReader::new(stream);
    let mut host = String::new();
    loop {
        let mut line = String::new();
        match stream.read_line(&mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) if line == "\r\n" => break,
            Ok(_) => {}
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("host:") {
            host = value.trim().to_owned();
        }
    }
    let body = format!("<p>origin {at} for {host}</p>\n");
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: ";
    let _ = write!(stream.get_mut(), "{head}{}\r\n\r\n{body}", body.len());
    let _ = stream.get_mut().flush();
}

/// A and AAAA of the sites; NXDOMAIN for what is none.
fn answer_names(socket: &UdpSocket) {
    let mut query = [0; 1500];
    while let Ok((len, from)) = socket.recv_from(&mut query) {
        if let Some(answer) = answer(&query[..len]) {
            let _ = socket.send_to(&answer, from);
        }
    }
}

fn answer(query: &[u8]) -> Option<Vec<u8>> {
    let mut labels = Vec::new();
    let mut at = 12;
    loop {
        let length = usize::from(*query.get(at)?);
        at += 1;
        if length == 0 {
            break;
        }
        labels.push(String::from_utf8_lossy(query.get(at..at + length)?).to_ascii_lowercase());
        at += length;
    }
    let question = query.get(12..at + 4)?;
    let kind = u16::from_be_bytes([query[at], query[at + 1]]);
    let site = SITES.iter().find(|site| site.name == labels.join("."));
    let data: Option<Vec<u8>> = match (site, kind) {
        (Some(site), 1) => Some(site.v4.octets().to_vec()),
        (Some(site), 28) => site.v6.map(|v6| v6.octets().to_vec()),
        _ => None,
    };
    let code = if site.is_some() { 0x80 } else { 0x83 };
    let mut answer = [&query[..2], &[0x81, code, 0, 1, 0, u8::from(data.is_some()), 0, 0, 0, 0], question].concat();
    if let Some(data) = data {
        answer.extend([0xc0, 12]);
        answer.extend(kind.to_be_bytes());
        answer.extend([0, 1, 0, 0, 0, 60, 0, data.len() as u8]);
        answer.extend(data);
    }
    Some(answer)
}
