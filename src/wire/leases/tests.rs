use super::*;
use proptest::prelude::*;

fn at<'l>(leases: &'l HashMap<IpAddr, Lease>, address: &str) -> Option<(String, Option<&'l str>, Option<i64>)> {
    let lease = leases.get(&address.parse().expect("an address"))?;
    Some((lease.mac.to_string(), lease.name.as_deref(), lease.until))
}

fn lease(mac: &str, name: Option<&'static str>, until: Option<i64>) -> Option<(String, Option<&'static str>, Option<i64>)> {
    Some((mac.to_owned(), name, until))
}

#[test]
fn dnsmasq() {
    let text = b"1794999600 3c:22:fb:00:00:05 10.20.1.5 laptop-5 01:3c:22:fb:00:00:05\n\
        0 3c:22:fb:00:00:06 10.20.1.6 * *\n\
        1794999600 06-3c:22:fb:00:00:07 10.20.1.7 * *\n\
        1794999600 3c:22:fb:00:00:08 10.20.1.8 bad\xffname *\n\
        1794999600 3c:22:fb:00:00:09 10.20.1.9 a<b *\n\
        duid 00:01:00:01:2a:2b:2c:2d:3c:22:fb:00:00:01\n\
        1794999600 12345 2001:db8::5 laptop-5 00:01:00:01:2a:2b:2c:2d:3c:22:fb:00:00:05\n\
        half";
    let leases = read(Format::Dnsmasq, text);
    assert_eq!(at(&leases, "10.20.1.5"), lease("3c:22:fb:00:00:05", Some("laptop-5"), Some(1_794_999_600)));
    assert_eq!(at(&leases, "10.20.1.6"), lease("3c:22:fb:00:00:06", None, None));
    assert_eq!(at(&leases, "10.20.1.9"), lease("3c:22:fb:00:00:09", None, Some(1_794_999_600)));
    assert_eq!(leases.len(), 3);
}

#[test]
fn isc() {
    let text = br#"# The format of this file is documented in the dhcpd.leases(5) manual page.
authoring-byte-order little-endian;
server-duid "\000\001\000\001{ ; }";
lease 10.20.1.5 {
  starts 4 2026/11/19 08:00:00;
  ends 4 2026/11/19 20:00:00;
  cltt 4 2026/11/19 08:00:00;
  binding state active;
  next binding state free;
  hardware ethernet 3c:22:fb:00:00:05;
  uid "\001<\"\373\000\000\005";
  set vendor-class-identifier = "MSFT 5.0";
  client-hostname "laptop-5";
}
lease 10.20.1.6 { ends never; binding state active; hardware ethernet 3c:22:fb:00:00:06; }
lease 10.20.1.7 { ends epoch 1794999600; # Wed Nov 18
  binding state active; hardware ethernet 3c:22:fb:00:00:07; }
lease 10.20.1.8 { ends 4 2026/11/19 20:00:00; binding state free; hardware ethernet 3c:22:fb:00:00:08; }
lease 10.20.1.9 { ends 4 2026/11/19 20:00:00; binding state active; hardware ethernet 3c:22:fb:00:00:09; }
lease 10.20.1.9 { ends 4 2026/11/19 20:00:00; binding state free; hardware ethernet 3c:22:fb:00:00:09; }
failover peer "a" state { my state normal at 4 2026/11/19 08:00:00; }
ia-na "abc" { cltt 4 2026/11/19 08:00:00; iaaddr 2001:db8::5 { binding state active; ends never; } }
lease 10.20.1.10 { ends never; binding state active;"#;
    let leases = read(Format::Isc, text);
    assert_eq!(at(&leases, "10.20.1.5"), lease("3c:22:fb:00:00:05", Some("laptop-5"), Some(1_795_118_400)));
    assert_eq!(at(&leases, "10.20.1.6"), lease("3c:22:fb:00:00:06", None, None));
    assert_eq!(at(&leases, "10.20.1.7"), lease("3c:22:fb:00:00:07", None, Some(1_794_999_600)));
    assert_eq!(leases.len(), 3, "given back, and half written: {leases:?}");
}

#[test]
fn kea() {
    let text = b"address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context,pool_id\n\
        10.20.1.5,3c:22:fb:00:00:05,01:3c,3600,1794999600,1,0,0,laptop-5.school.example.,0,,0\n\
        10.20.1.6,3c:22:fb:00:00:06,,4294967295,0,1,0,0,,0,,0\r\n\
        10.20.1.7,3c:22:fb:00:00:07,,3600,1794999600,1,0,0,,0,,0\n\
        10.20.1.7,3c:22:fb:00:00:07,,0,1794999000,1,0,0,,0,,0\n\
        10.20.1.8,3c:22:fb:00:00:08,,3600,1794999600,1,0,0,,1,,0\n\
        10.20.1.9,3c:22:fb:00:00:09,,3600,1794999600,1,0,0,,2,,0\n\
        address,duid,valid_lifetime,expire,subnet_id,pref_lifetime,lease_type,iaid,prefix_len,fqdn_fwd,fqdn_rev,hostname,hwaddr,state\n\
        2001:db8::5,00:01:00:01,3600,1794999600,1,1800,0,1,128,0,0,,3c:22:fb:00:00:05,0\n\
        2001:db8:5::,00:01:00:01,3600,1794999600,1,1800,2,1,56,0,0,,3c:22:fb:00:00:05,0\n";
    let leases = read(Format::Kea, text);
    assert_eq!(at(&leases, "10.20.1.5"), lease("3c:22:fb:00:00:05", Some("laptop-5.school.example"), Some(1_794_999_600)));
    assert_eq!(at(&leases, "10.20.1.6"), lease("3c:22:fb:00:00:06", None, None));
    assert_eq!(at(&leases, "2001:db8::5"), lease("3c:22:fb:00:00:05", None, Some(1_794_999_600)));
    assert_eq!(leases.len(), 3, "{leases:?}");
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), text in "[lease ends{};\"\\\\0-9./:,\n#]{0,200}") {
        for (_, format) in Format::ALL {
            let _ = (read(format, &bytes), read(format, text.as_bytes()));
        }
    }
}
