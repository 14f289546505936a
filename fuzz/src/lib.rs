//! What the fuzz targets share. A target is a file of a few lines; what it does with the bytes stands here.
//!
//! Every target holds the house to more than not to panic: what it understood is compared with a reference that is slower and
//! simpler. A new parser of outside bytes gets a target: its file in `fuzz_targets/`, a `[[bin]]` in Cargo.toml, and a few small
//! seeds in `seeds/NAME/`.
//!
//! - [`naive`]    what the rules of a list say of a host, asked rule by rule
//! - [`list`]     a list in one format: parsed, compiled, looked up
//! - [`table`]    the table file: any bytes, and a good one forged
//! - [`run`]      a source's run: any bytes, and a good one forged
//! - [`tree`]     the files a list is made of: folders and archives
//! - [`sealed`]   the sealed file of the locked tier
//! - [`page`]     the path of a page in its one spelling
//! - [`phrases`]  terms and phrase lists, whole and in chunks
//! - [`config`]   the configuration's files
//! - [`words`]    hosts and URLs
//! - [`wire`]     DNS queries, our answers to them, and answers passed on
//! - [`head`]     the head of a CONNECT
//! - [`hello`]    what a TLS client says first
//! - [`file`]     what a file is, by its name and its bytes
//! - [`leases`]   the files of DHCP servers
//! - [`radius`]   RADIUS accounting
//! - [`access_log`] lines of other filters' access logs
//! - [`search`]   the words of a search, in the URL of a search engine
//! - [`framing`]  requests of HTTP/1.1, by readers who disagree
//! - [`scan`]     pages scored by the words on them
//! - [`tokens`]   what somebody shows to say who they are
//! - [`streams`]  queries on connections: behind their lengths, and in requests of HTTP

pub mod access_log;
pub mod config;
pub mod file;
pub mod framing;
pub mod head;
pub mod hello;
pub mod leases;
pub mod list;
pub mod naive;
pub mod page;
pub mod phrases;
pub mod radius;
pub mod run;
pub mod scan;
pub mod sealed;
pub mod search;
pub mod streams;
pub mod table;
pub mod tokens;
pub mod tree;
pub mod wire;
pub mod words;
