//! Ranges of network addresses, written as `10.0.0.0/8`, `fd00::/8` or one address alone.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
    str::FromStr,
};

/// All addresses that begin with the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressRange {
    /// The first address; bits behind the prefix are zero.
    first: IpAddr,
    /// Bits that count, at most 32 or 128.
    prefix: u32,
}

/// Why a text is no range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RangeError {
    /// What stands before the slash is no address.
    #[error("`{0}` is not an IPv4 or IPv6 address")]
    Address(String),
    /// What stands behind the slash is no number of bits.
    #[error("`{bits}` is not a number of bits from 0 to {most}")]
    Prefix {
        /// As written.
        bits: String,
        /// Bits of such an address.
        most: u32,
    },
    /// The address has bits behind the prefix.
    #[error("`{written}` has bits behind its prefix; the range would be `{meant}`")]
    Ragged {
        /// As written.
        written: String,
        /// The range that it lies in.
        meant: AddressRange,
    },
}

impl AddressRange {
    /// Whether the address lies in it. An IPv4 address that is written as IPv6 (`::ffff:10.0.0.1`) counts as IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let (first, most) = bits(self.first);
        let (address, length) = bits(address.to_canonical());
        length == most && first ^ cut(address, self.prefix, most) == 0
    }
}

/// The bits of an address, and their number.
fn bits(address: IpAddr) -> (u128, u32) {
    match address {
        IpAddr::V4(address) => (u32::from(address).into(), 32),
        IpAddr::V6(address) => (address.into(), 128),
    }
}

/// The address with all bits behind the prefix cleared.
fn cut(address: u128, prefix: u32, most: u32) -> u128 {
    let behind = most - prefix;
    address.checked_shr(behind).and_then(|kept| kept.checked_shl(behind)).unwrap_or(0)
}

impl FromStr for AddressRange {
    type Err = RangeError;

    fn from_str(text: &str) -> Result<Self, RangeError> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| RangeError::Address(address.to_owned()))?;
        let (number, most) = bits(address);
        let prefix = match prefix {
            None => most,
            Some(text) => text
                .parse()
                .ok()
                .filter(|prefix| *prefix <= most && text.bytes().all(|byte| byte.is_ascii_digit()))
                .ok_or_else(|| RangeError::Prefix { bits: text.to_owned(), most })?,
        };
        let kept = cut(number, prefix, most);
        let first = match u32::try_from(kept) {
            Ok(kept) if most == 32 => IpAddr::V4(kept.into()),
            _ => IpAddr::V6(Ipv6Addr::from(kept)),
        };
        let range = Self { first, prefix };
        if kept == number { Ok(range) } else { Err(RangeError::Ragged { written: text.to_owned(), meant: range }) }
    }
}

impl fmt::Display for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lie_in_their_ranges() {
        for (range, address, expected) in [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true),
            ("192.168.1.7", "192.168.1.7", true),
            ("192.168.1.7", "192.168.1.8", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "::1", false),
            ("fd00::/8", "fdff::1", true),
            ("fd00::/8", "fe00::1", false),
            ("::/0", "2001:db8::1", true),
            ("::/0", "10.0.0.1", false),
            ("::1", "::1", true),
        ] {
            let range: AddressRange = range.parse().expect(range);
            assert_eq!(range.contains(address.parse().expect(address)), expected, "{range} {address}");
        }
    }

    #[test]
    fn what_is_no_range_says_why() {
        for (text, expected) in [
            ("ten", "`ten` is not an IPv4 or IPv6 address"),
            ("10.0.0/8", "`10.0.0` is not an IPv4 or IPv6 address"),
            ("10.0.0.0/33", "`33` is not a number of bits from 0 to 32"),
            ("::/+8", "`+8` is not a number of bits from 0 to 128"),
            ("10.0.0.0/", "`` is not a number of bits from 0 to 32"),
            ("10.1.0.0/8", "`10.1.0.0/8` has bits behind its prefix; the range would be `10.0.0.0/8`"),
            ("fd00::1/8", "`fd00::1/8` has bits behind its prefix; the range would be `fd00::/8`"),
        ] {
            let error = text.parse::<AddressRange>().expect_err(text);
            assert_eq!(error.to_string(), expected);
        }
    }
}
