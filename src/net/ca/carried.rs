//! The authority's certificate as devices take it: PEM, DER and Apple's profile.

use super::fingerprint;
use ring::digest::{SHA256, digest};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::fmt::Write;

/// The certificate of a PEM text as DER. `None`: there is none in it.
pub fn der(pem: &str) -> Option<CertificateDer<'static>> {
    CertificateDer::from_pem_slice(pem.as_bytes()).ok()
}

/// Apple's configuration profile that makes iPads, iPhones and Macs trust the authority (`com.apple.security.root`). It has the same
/// identifiers each time it is made, so that a second one replaces the first.
pub fn mobileconfig(school: &str, pem: &str) -> String {
    let certificate = der(pem).unwrap_or_else(|| CertificateDer::from(Vec::new()));
    let data: String = pem.lines().filter(|line| !line.starts_with("-----")).map(|line| format!("\t\t\t{line}\n")).collect();
    let (school, fingerprint) = (escaped(school), fingerprint(&certificate));
    let (outer, inner) = (uuid(b"profile", &certificate), uuid(b"root", &certificate));
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
	<key>PayloadContent</key>
	<array>
		<dict>
			<key>PayloadCertificateFileName</key>
			<string>schoolgate-ca.cer</string>
			<key>PayloadContent</key>
			<data>
{data}			</data>
			<key>PayloadDescription</key>
			<string>SHA-256 {fingerprint}</string>
			<key>PayloadDisplayName</key>
			<string>{school} web filter</string>
			<key>PayloadIdentifier</key>
			<string>schoolgate.ca.{inner}</string>
			<key>PayloadType</key>
			<string>com.apple.security.root</string>
			<key>PayloadUUID</key>
			<string>{inner}</string>
			<key>PayloadVersion</key>
			<integer>1</integer>
		</dict>
	</array>
	<key>PayloadDescription</key>
	<string>Lets the web filter of {school} show its pages and look into HTTPS on the school's network.</string>
	<key>PayloadDisplayName</key>
	<string>{school} web filter</string>
	<key>PayloadIdentifier</key>
	<string>schoolgate.profile.{outer}</string>
	<key>PayloadOrganization</key>
	<string>{school}</string>
	<key>PayloadType</key>
	<string>Configuration</string>
	<key>PayloadUUID</key>
	<string>{outer}</string>
	<key>PayloadVersion</key>
	<integer>1</integer>
</dict>
</plist>
"#
    )
}

fn escaped(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A UUID made of what it is for (RFC 9562 §5.8).
fn uuid(what: &[u8], certificate: &[u8]) -> String {
    let hash = digest(&SHA256, &[what, certificate].concat());
    let mut out = String::with_capacity(36);
    for (place, octet) in hash.as_ref().iter().take(16).enumerate() {
        let octet = match place {
            6 => octet & 0x0f | 0x80,
            8 => octet & 0x3f | 0x80,
            _ => *octet,
        };
        if matches!(place, 4 | 6 | 8 | 10) {
            out.push('-');
        }
        let _ = write!(out, "{octet:02X}");
    }
    out
}
