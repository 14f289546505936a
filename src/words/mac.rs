//! A hardware address, and whether it was made up.

use std::fmt;

/// An IEEE 802 MAC address of one device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mac([u8; 6]);

/// Why a text is not the MAC of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadMac {
    #[error("it is not of the form aa:bb:cc:dd:ee:ff, aa-bb-cc-dd-ee-ff or aabb.ccdd.eeff")]
    Form,
    #[error("it is the address of all or of a group of devices, never of one")]
    Group,
    #[error("it is all zeros, which no device has")]
    Zero,
}

impl Mac {
    /// Reads the forms that switches, Windows and Cisco print, and twelve bare digits, in either case.
    ///
    /// # Errors
    /// [`BadMac`]: another form, a group address (IEEE 802: lowest bit of the first octet set), all zeros.
    pub fn parse(text: &str) -> Result<Self, BadMac> {
        let (separator, each) = match text.as_bytes() {
            [_, _, s @ (b':' | b'-'), ..] => (Some(*s), 2),
            [_, _, _, _, b'.', ..] => (Some(b'.'), 4),
            _ => (None, 12),
        };
        let mut octets = [0u8; 6];
        let mut digits = 0;
        let mut since_separator = 0;
        for byte in text.bytes() {
            if since_separator == each && Some(byte) == separator {
                since_separator = 0;
                continue;
            }
            let digit = char::from(byte).to_digit(16).ok_or(BadMac::Form)? as u8;
            if since_separator == each || digits == 12 {
                return Err(BadMac::Form);
            }
            octets[digits / 2] = octets[digits / 2] << 4 | digit;
            digits += 1;
            since_separator += 1;
        }
        if digits != 12 || since_separator != each {
            return Err(BadMac::Form);
        }
        Self::of(octets)
    }

    /// The octets of a message.
    ///
    /// # Errors
    /// As [`Mac::parse`].
    #[inline]
    pub fn of(octets: [u8; 6]) -> Result<Self, BadMac> {
        match octets {
            _ if octets == [0; 6] => Err(BadMac::Zero),
            [first, ..] if first & 1 == 1 => Err(BadMac::Group),
            _ => Ok(Self(octets)),
        }
    }

    pub fn octets(self) -> [u8; 6] {
        self.0
    }

    /// Whether a device made it up instead of having it from its maker (second digit 2, 6, A or E: the 'locally administered'
    /// bit). Phones and tablets change such an address, some every day: it says less about who is there.
    pub fn is_randomised(self) -> bool {
        self.0[0] & 2 == 2
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_form_a_switch_prints_is_the_same_address() {
        for text in
            ["3c:22:fb:0a:0b:0c", "3C:22:FB:0A:0B:0C", "3c-22-fb-0a-0b-0c", "3c22.fb0a.0b0c", "3C22.FB0A.0B0C", "3c22fb0a0b0c"]
        {
            assert_eq!(Mac::parse(text).map(|m| m.to_string()).as_deref(), Ok("3c:22:fb:0a:0b:0c"), "{text}");
        }
    }

    #[test]
    fn what_is_no_device_is_refused() {
        for (text, why) in [
            ("", BadMac::Form),
            ("3c:22:fb:0a:0b", BadMac::Form),
            ("3c:22:fb:0a:0b:", BadMac::Form),
            ("3c:22:fb:0a:0b:0c:0d", BadMac::Form),
            ("3c:22:fb:0a:0b:0c:", BadMac::Form),
            ("3c:22-fb:0a:0b:0c", BadMac::Form),
            ("3c22.fb0a.0b0", BadMac::Form),
            ("3c22:fb0a:0b0c", BadMac::Form),
            ("3c:22:fb:0a:0b:0g", BadMac::Form),
            ("3c:22:fb:0a:0b:é", BadMac::Form),
            ("3:c2:2f:b0:a0:b0", BadMac::Form),
            ("00:00:00:00:00:00", BadMac::Zero),
            ("ff:ff:ff:ff:ff:ff", BadMac::Group),
            ("01:00:5e:00:00:01", BadMac::Group),
        ] {
            assert_eq!(Mac::parse(text), Err(why), "{text}");
        }
    }

    #[test]
    fn an_address_a_device_made_up_says_so() {
        for digit in 0..16u8 {
            if digit & 1 == 0 {
                let mac = Mac::parse(&format!("4{digit:x}:00:00:00:00:01")).expect("a device's");
                assert_eq!(mac.is_randomised(), matches!(digit, 2 | 6 | 10 | 14), "{mac}");
            }
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,40}") {
            let _ = Mac::parse(&text);
        }

        #[test]
        fn what_is_printed_reads_back(octets in any::<[u8; 6]>()) {
            let mac = Mac(octets);
            if octets[0] & 1 == 0 && octets != [0; 6] {
                prop_assert_eq!(Mac::parse(&mac.to_string()), Ok(mac));
            }
        }
    }
}
