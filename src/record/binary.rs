//! Integers and lengths of Avro binary: zigzag, then seven bits per byte, lowest first.

/// Bytes that a number takes at most.
pub const NUMBER_BYTES_MAX: usize = 10;

/// Appends an Avro `int` or `long`.
#[inline]
pub fn write_long(out: &mut Vec<u8>, value: i64) {
    let mut rest = (value.cast_unsigned() << 1) ^ (value >> 63).cast_unsigned();
    while rest >= 0x80 {
        out.push(rest.to_le_bytes()[0] | 0x80);
        rest >>= 7;
    }
    out.push(rest.to_le_bytes()[0]);
}

/// Appends the length of something that lies in memory.
#[inline]
pub fn write_length(out: &mut Vec<u8>, length: usize) {
    write_long(out, i64::try_from(length).expect("nothing in memory is longer than i64::MAX bytes"));
}

/// Appends a length and the bytes: Avro `bytes`, or `string` if they are UTF-8.
#[inline]
pub fn write_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    write_length(out, bytes.len());
    out.extend_from_slice(bytes);
}

/// Puts a number together byte by byte, whatever the bytes come from.
#[derive(Debug, Default)]
pub struct NumberReader {
    value: u64,
    bytes: usize,
}

/// What [`NumberReader::push`] knows after a byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    /// Another byte is needed.
    More,
    /// The number.
    Done(i64),
    /// More than 64 bits.
    TooLong,
}

impl Number {
    /// The number, if it is there and not negative.
    pub fn not_negative(self) -> Option<u64> {
        match self {
            Self::Done(value) => u64::try_from(value).ok(),
            Self::More | Self::TooLong => None,
        }
    }
}

impl NumberReader {
    /// Takes the next byte.
    #[inline]
    pub fn push(&mut self, byte: u8) -> Number {
        let bits = u64::from(byte & 0x7f);
        let last = self.bytes + 1 == NUMBER_BYTES_MAX;
        if last && bits > 1 {
            return Number::TooLong;
        }
        self.value |= bits << (7 * self.bytes);
        self.bytes += 1;
        if byte & 0x80 == 0 {
            let magnitude = (self.value >> 1).cast_signed();
            return Number::Done(magnitude ^ -(self.value & 1).cast_signed());
        }
        if last { Number::TooLong } else { Number::More }
    }
}

/// Takes a number off the front of `data`; `None` (and `data` as it was) if there is none.
#[inline]
pub fn read_long(data: &mut &[u8]) -> Option<i64> {
    let mut reader = NumberReader::default();
    for (index, byte) in data.iter().take(NUMBER_BYTES_MAX).enumerate() {
        match reader.push(*byte) {
            Number::More => {}
            Number::Done(value) => {
                *data = &data[index + 1..];
                return Some(value);
            }
            Number::TooLong => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_have_the_bytes_of_the_specification() {
        for (value, bytes) in [
            (0, &[0x00][..]),
            (-1, &[0x01]),
            (1, &[0x02]),
            (-64, &[0x7f]),
            (64, &[0x80, 0x01]),
            (i64::MAX, &[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
            (i64::MIN, &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
        ] {
            let mut out = Vec::new();
            write_long(&mut out, value);
            assert_eq!(out, bytes, "{value}");
        }
    }

    #[test]
    fn broken_numbers_are_refused() {
        for bytes in [&[][..], &[0x80], &[0xff; 9], &[0xff; 10], &[0xff; 11]] {
            let mut rest = bytes;
            assert_eq!(read_long(&mut rest), None, "{bytes:x?}");
            assert_eq!(rest, bytes);
        }
        let beyond_64_bits = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02];
        assert_eq!(read_long(&mut &beyond_64_bits[..]), None);
    }

    proptest! {
        #[test]
        fn numbers_come_back(value: i64, tail: Vec<u8>) {
            let mut out = Vec::new();
            write_long(&mut out, value);
            out.extend_from_slice(&tail);
            let mut rest = out.as_slice();
            prop_assert_eq!(read_long(&mut rest), Some(value));
            prop_assert_eq!(rest, tail.as_slice());
        }
    }
}
