//! One request in, one request out: what could be read in two ways is refused, or leaves in a form that has one reading. Shown with
//! nginx behind the gate, and with haproxy and nginx in a row, which would be the two that disagree.

mod support;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use support::{School, Wish, talk};

/// Where every name of the stub's leads.
const ORIGIN: &str = "127.200.0.1";

/// What a row of the table is to come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// 400, and the origin hears nothing.
    Refused,
    /// The origin hears one request, and no other that hides in it.
    One,
}
use Fate::{One, Refused};

/// Head fields and body of a POST to `/first`; `GET /hidden` in it is never to be a request.
const TABLE: &[(&str, &str, Fate)] = &[
    ("two lengths", "Content-Length: 4\r\nContent-Length: 30\r\n\r\nabcdGET /hidden HTTP/1.1\r\nHost: a\r\n\r\n", Refused),
    ("two lengths in one field", "Content-Length: 4, 30\r\n\r\nabcdGET /hidden HTTP/1.1\r\nHost: a\r\n\r\n", Refused),
    ("the same length twice", "Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd", Refused),
    (
        "length and chunks",
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /hidden HTTP/1.1\r\nHost: a\r\n\r\n",
        Refused,
    ),
    (
        "chunks and length",
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\nGET /hidden HTTP/1.1\r\nHost: a\r\n\r\n",
        Refused,
    ),
    ("a plus before the length", "Content-Length: +4\r\n\r\nabcd", Refused),
    ("a negative length", "Content-Length: -1\r\n\r\n", Refused),
    ("a length in hex", "Content-Length: 0x4\r\n\r\nabcd", Refused),
    ("a length beyond 64 bits", "Content-Length: 18446744073709551620\r\n\r\nabcd", Refused),
    ("an empty length", "Content-Length: \r\n\r\n", Refused),
    ("a folded line", "X: 1\r\n Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\nabcd", Refused),
    ("a folded coding", "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\nGET /hidden HTTP/1.1\r\nHost: a\r\n\r\n", Refused),
    ("a space before the colon", "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\nGET /hidden HTTP/1.1\r\nHost: a\r\n\r\n", Refused),
    ("a space before the name", " Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\nabcd", Refused),
    ("a tab in the coding", "Transfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n", One),
    (
        "a vertical tab in the coding",
        "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\nGET /hidden HTTP/1.1\r\nHost: a\r\n\r\n",
        Refused,
    ),
    ("another coding", "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\nGET /hidden HTTP/1.1\r\nHost: a\r\n\r\n", Refused),
    (
        "a coding after chunked",
        "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\nGET /hidden HTTP/1.1\r\nHost: a\r\n\r\n",
        Refused,
    ),
    (
        "chunked twice",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /hidden HTTP/1.1\r\nHost: a\r\n\r\n",
        Refused,
    ),
    ("chunked in quotes", "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\nGET /hidden HTTP/1.1\r\nHost: a\r\n\r\n", Refused),
    ("chunked in capitals", "Transfer-Encoding: CHUNKED\r\n\r\n3\r\nabc\r\n0\r\n\r\n", One),
    (
        "a bare line feed in the head",
        "X: 1\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /hidden HTTP/1.1\r\nHost: a\r\n\r\n",
        Refused,
    ),
    ("a head that ends in bare line feeds", "Content-Length: 4\n\nabcd", Refused),
    ("a bare carriage return in the head", "X: 1\rTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\nabcd", Refused),
    ("a null in the head", "X: 1\0\r\nContent-Length: 4\r\n\r\nabcd", Refused),
    ("a chunk's extension", "Transfer-Encoding: chunked\r\n\r\n3;x=\"\r\nabc\r\n0\r\n\r\n", Refused),
    (
        "a bare line feed after a chunk's size",
        "Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\nGET /hidden HTTP/1.1\r\nHost: a\r\n\r\n",
        Refused,
    ),
    (
        "a bare line feed in a chunk's extension",
        "Transfer-Encoding: chunked\r\n\r\n2;\nxx\r\n20\r\n0\r\n\r\nGET /hidden HTTP/1.1\r\nHost: a\r\n\r\n0\r\n\r\n",
        Refused,
    ),
    ("a chunk's size with a sign", "Transfer-Encoding: chunked\r\n\r\n+3\r\nabc\r\n0\r\n\r\n", Refused),
    ("a chunk's size with 0x", "Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n", Refused),
    ("a chunk's size beyond 64 bits", "Transfer-Encoding: chunked\r\n\r\n10000000000000003\r\nabc\r\n0\r\n\r\n", Refused),
    ("a chunk longer than its size", "Transfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n0\r\n\r\n", Refused),
    ("a trailer that says a length", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nContent-Length: 40\r\n\r\n", One),
    ("a coding in HTTP's first version", "\u{1}", Refused),
];

/// A server of this test, killed at its end.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind((ORIGIN, 0)).expect("a port").local_addr().expect("its address").port()
}

fn start(mut command: Command, port: u16) -> Server {
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("tests/run installs it");
    let server = Server(child);
    let until = Instant::now() + Duration::from_secs(10);
    while TcpStream::connect((ORIGIN, port)).is_err() {
        assert!(Instant::now() < until, "{command:?} did not listen");
        std::thread::sleep(Duration::from_millis(20));
    }
    server
}

fn nginx(folder: &Path, port: u16) -> Server {
    let at = folder.display();
    let config = format!(
        "daemon off; master_process off; pid {at}/nginx.pid; error_log {at}/error.log;\nevents {{}}\nhttp {{\n\
         log_format heard '$request_method $request_uri'; access_log {at}/heard.log heard;\n\
         client_body_temp_path {at}/body; proxy_temp_path {at}/p; fastcgi_temp_path {at}/f; uwsgi_temp_path {at}/u; scgi_temp_path {at}/s;\n\
         server {{ listen {ORIGIN}:{port}; location / {{ return 200 \"it is $request_uri\\n\"; }} }}\n}}\n"
    );
    std::fs::write(folder.join("nginx.conf"), config).expect("written");
    let mut command = Command::new("/usr/sbin/nginx");
    command.arg("-c").arg(folder.join("nginx.conf")).arg("-p").arg(folder);
    start(command, port)
}

fn haproxy(folder: &Path, port: u16, behind: u16) -> Server {
    let config = format!(
        "defaults\n mode http\n timeout connect 5s\n timeout client 5s\n timeout server 5s\n http-reuse always\n\
         frontend f\n bind {ORIGIN}:{port}\n default_backend b\nbackend b\n server s {ORIGIN}:{behind}\n"
    );
    std::fs::write(folder.join("haproxy.cfg"), config).expect("written");
    let mut command = Command::new("/usr/sbin/haproxy");
    command.arg("-db").arg("-f").arg(folder.join("haproxy.cfg"));
    start(command, port)
}

/// What nginx has heard since the last look, once the request that ends a look is there.
struct Heard {
    file: PathBuf,
    seen: usize,
    looks: usize,
    at: SocketAddr,
}

impl Heard {
    fn look(&mut self) -> Vec<String> {
        self.looks += 1;
        let mark = format!("GET /look/{}", self.looks);
        talk(self.at, format!("{mark} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").as_bytes());
        let until = Instant::now() + Duration::from_secs(10);
        loop {
            let text = std::fs::read_to_string(&self.file).unwrap_or_default();
            let lines: Vec<String> = text.lines().skip(self.seen).map(str::to_owned).collect();
            if let Some(end) = lines.iter().position(|line| *line == mark) {
                self.seen += end + 1;
                return lines[..end].to_vec();
            }
            assert!(Instant::now() < until, "nginx writes its log: {text}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

#[test]
fn what_could_be_read_in_two_ways_is_refused_or_leaves_with_one_reading() {
    let folder = tempfile::tempdir().expect("a folder");
    let (first, second) = (free_port(), free_port());
    let _nginx = nginx(folder.path(), first);
    let _haproxy = haproxy(folder.path(), second, first);
    let wish = Wish::default();
    let school = School::new(&wish);
    let config = school.config(&wish);
    let config = config.replace("destinations = [", &format!("destinations = [\"{ORIGIN}:{first}\", \"{ORIGIN}:{second}\", "));
    school.write("config/schoolgate.toml", &config.replacen("ports = [", &format!("ports = [{first}, {second}, "), 1));
    let _gate = school.start();
    let proxy: SocketAddr =
        school.json(&["status"])["doors"]["proxy"][0].as_str().expect("the proxy").parse().expect("an address");
    let at = SocketAddr::new(ORIGIN.parse().expect("an address"), first);
    let mut heard = Heard { file: folder.path().join("heard.log"), seen: 0, looks: 0, at };
    heard.look();

    for port in [first, second] {
        for (row, (what, rest, fate)) in TABLE.iter().enumerate() {
            let head = format!("POST http://a.example:{port}/first/{row} HTTP/1.1\r\nHost: a.example:{port}\r\n");
            let request = match *rest {
                "\u{1}" => format!(
                    "POST http://a.example:{port}/first/{row} HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n\
                     GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n"
                ),
                rest => format!("{head}{rest}"),
            };
            // The next request on the same connection is read from where the one before really ended.
            let next =
                format!("GET http://a.example:{port}/next/{row} HTTP/1.1\r\nHost: a.example:{port}\r\nConnection: close\r\n\r\n");
            let answer = talk(proxy, (request.clone() + &next).as_bytes());
            // A request that was cut short may be written down when the next row is asked.
            let came: Vec<_> =
                heard.look().into_iter().filter(|line| !line.contains("/first/") || line.ends_with(&format!("/{row}"))).collect();
            assert!(!came.iter().any(|line| line.contains("hidden")), "{what} at {port}: {came:?}\n{request}");
            match fate {
                Refused => {
                    assert!(
                        answer.starts_with("HTTP/1.1 400") || came.len() <= 1 && !answer.contains("it is /next"),
                        "{what} at {port}: {answer}"
                    );
                    assert!(!answer.contains("it is /next"), "{what} at {port}: {answer}");
                }
                One => {
                    assert_eq!(came, [format!("POST /first/{row}"), format!("GET /next/{row}")], "{what} at {port}");
                    assert!(answer.contains("it is /first") && answer.contains("it is /next"), "{what} at {port}: {answer}");
                }
            }
        }
    }
}

/// Answers that can be read in two ways, each from an origin that says so and nothing else. `hidden` is what a second reader would
/// take for the next answer.
const ANSWERS: &[(&str, &str)] = &[
    (
        "two lengths",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 60\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhidden",
    ),
    (
        "length and chunks",
        "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhidden",
    ),
    ("more than its length", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhidden"),
    ("a chunk's extension", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nok\r\n0\r\n\r\n"),
    ("two answers to one question", "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhidden"),
    ("nonsense", "hidden\r\n\r\n"),
];

#[test]
fn an_answer_that_could_be_read_in_two_ways_is_no_answer_to_the_next_question() {
    let listener = TcpListener::bind((ORIGIN, 0)).expect("a port");
    let port = listener.local_addr().expect("its address").port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut head = Vec::new();
                let mut byte = [0];
                loop {
                    head.clear();
                    while !head.ends_with(b"\r\n\r\n") {
                        if stream.read_exact(&mut byte).is_err() {
                            return;
                        }
                        head.push(byte[0]);
                    }
                    let text = String::from_utf8_lossy(&head);
                    let row = text.split(['/', ' ']).nth(2).and_then(|n| n.parse::<usize>().ok());
                    let answer = row.map_or("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nthe other", |row| ANSWERS[row].1);
                    if stream.write_all(answer.as_bytes()).is_err() {
                        return;
                    }
                }
            });
        }
    });
    let wish = Wish::default();
    let school = School::new(&wish);
    let config = school.config(&wish).replace("destinations = [", &format!("destinations = [\"{ORIGIN}:{port}\", "));
    school.write("config/schoolgate.toml", &config.replacen("ports = [", &format!("ports = [{port}, "), 1));
    let _gate = school.start();
    let proxy: SocketAddr =
        school.json(&["status"])["doors"]["proxy"][0].as_str().expect("the proxy").parse().expect("an address");
    for (row, (what, _)) in ANSWERS.iter().enumerate() {
        let ask = |path: &str, more: &str| {
            format!("GET http://a.example:{port}/{path} HTTP/1.1\r\nHost: a.example:{port}\r\n{more}\r\n")
        };
        let answer = talk(proxy, (ask(&row.to_string(), "") + &ask("next", "Connection: close\r\n")).as_bytes());
        // `more than its length`: what is left over is thrown away with its connection.
        assert!(!answer.contains("hidden") || answer.contains("HTTP/1.1 502"), "{what}: {answer}");
        assert!(!answer.ends_with("hidden"), "{what}: {answer}");
        assert!(answer.ends_with("the other") || answer.contains("HTTP/1.1 502"), "{what}: {answer}");
    }
}
