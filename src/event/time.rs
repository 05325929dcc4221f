//! Times of JSON clients: ISO 8601 in its extended form, as the original's library reads it, and UTC when they do not
//! say.

/// Largest distance from UTC that an offset may state, in seconds.
const OFFSET_SECONDS_MAX: i64 = 18 * 3600;

/// Largest year that the original's library knows, either side of 0.
const YEAR_MAX: i64 = 999_999_999;

/// Reads `2020-07-22T16:37:22.286+02:00` as milliseconds since the Unix epoch; digits beyond milliseconds are cut.
///
/// Seconds and fraction are optional; the offset is `Z`, or a sign and `HH`, `HH:MM` or `HH:MM:SS`, in any case; without
/// one the time is taken as UTC. A year outside 0 to 9999 has a sign and up to ten digits.
#[must_use]
pub fn parse_ms(text: &str) -> Option<i64> {
    let mut scanner = Scanner { rest: text.as_bytes() };
    let days = scanner.date()?;
    scanner.one_of(b"Tt")?;
    let (second_of_day, milliseconds) = scanner.time()?;
    let offset = scanner.offset()?;
    if !scanner.rest.is_empty() {
        return None;
    }
    let seconds = days * 86_400 + second_of_day - offset;
    seconds.checked_mul(1000)?.checked_add(milliseconds)
}

struct Scanner<'a> {
    rest: &'a [u8],
}

impl Scanner<'_> {
    fn one_of(&mut self, bytes: &[u8]) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        bytes.contains(first).then(|| {
            self.rest = rest;
            *first
        })
    }

    /// Between `least` and `most` digits: their value and number.
    fn digits(&mut self, least: usize, most: usize) -> Option<(i64, usize)> {
        let count = self.rest.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
        if count < least {
            return None;
        }
        let (digits, rest) = self.rest.split_at(count);
        self.rest = rest;
        Some((digits.iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0')), count))
    }

    fn two_digits(&mut self, most: i64) -> Option<i64> {
        self.digits(2, 2).map(|(value, _)| value).filter(|value| *value <= most)
    }

    /// Days since the epoch.
    fn date(&mut self) -> Option<i64> {
        let year = self.year()?;
        self.one_of(b"-")?;
        let month = self.two_digits(12).filter(|month| *month > 0)?;
        self.one_of(b"-")?;
        let day = self.two_digits(days_of_month(year, month)).filter(|day| *day > 0)?;
        Some(days_since_epoch(year, month, day))
    }

    fn year(&mut self) -> Option<i64> {
        let sign = self.one_of(b"+-");
        let (year, count) = self.digits(4, 10)?;
        // A plus sign goes with more than four digits and only with them; there is no year minus zero.
        let well_formed = match sign {
            Some(b'-') => year != 0,
            Some(_) => count > 4,
            None => count == 4,
        };
        let year = if sign == Some(b'-') { -year } else { year };
        Some(year).filter(|year| well_formed && year.abs() <= YEAR_MAX)
    }

    /// Second of the day and milliseconds.
    fn time(&mut self) -> Option<(i64, i64)> {
        let hour = self.two_digits(23)?;
        self.one_of(b":")?;
        let minute = self.two_digits(59)?;
        let (mut second, mut milliseconds) = (0, 0);
        if self.one_of(b":").is_some() {
            second = self.two_digits(59)?;
            if self.one_of(b".").is_some() {
                let (fraction, count) = self.digits(0, 9)?;
                let nanoseconds = (count..9).fold(fraction, |value, _| value * 10);
                milliseconds = nanoseconds / 1_000_000;
            }
        }
        Some((hour * 3600 + minute * 60 + second, milliseconds))
    }

    /// Seconds ahead of UTC.
    fn offset(&mut self) -> Option<i64> {
        if self.rest.is_empty() || self.one_of(b"Zz").is_some() {
            return Some(0);
        }
        let sign = self.one_of(b"+-")?;
        let mut seconds = self.two_digits(23)? * 3600;
        for unit in [60, 1] {
            if self.one_of(b":").is_none() {
                break;
            }
            seconds += self.two_digits(59)? * unit;
        }
        let seconds = if sign == b'-' { -seconds } else { seconds };
        Some(seconds).filter(|seconds| seconds.abs() <= OFFSET_SECONDS_MAX)
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_of_month(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a date of the proleptic Gregorian calendar.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    // Years that begin in March have their leap day at the end; 400 of them always have 146,097 days.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_are_read_as_recorded() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2020-07-22T16:37:22.286+02:00", Some(1_595_428_642_286)),
            ("2020-07-22T16:37:22Z", Some(1_595_435_842_000)),
            ("2020-07-22T16:37:22.123456789Z", Some(1_595_435_842_123)),
            ("2020-07-22T16:37:22.Z", Some(1_595_435_842_000)),
            ("2020-07-22T16:37:22.5Z", Some(1_595_435_842_500)),
            ("2020-07-22T16:37Z", Some(1_595_435_820_000)),
            ("2020-07-22T16:37", Some(1_595_435_820_000)),
            ("2020-07-22T16:37:22+00:00", Some(1_595_435_842_000)),
            ("2020-07-22T16:37:22+02", Some(1_595_428_642_000)),
            ("2020-07-22T16:37:22", Some(1_595_435_842_000)),
            ("2020-07-22t16:37:22z", Some(1_595_435_842_000)),
            ("0001-01-01T00:00:00Z", Some(-62_135_596_800_000)),
            ("0000-01-01T00:00:00Z", Some(-62_167_219_200_000)),
            ("-0001-01-01T00:00:00Z", Some(-62_198_755_200_000)),
            ("+12345-01-01T00:00:00Z", Some(327_403_382_400_000)),
            ("9999-12-31T23:59:59Z", Some(253_402_300_799_000)),
            ("2020-07-22T16:37:22.286+18:00", Some(1_595_371_042_286)),
            ("2020-07-22T16:37:22.286-05:30:15", Some(1_595_455_657_286)),
            ("1969-12-31T23:59:59.999999Z", Some(-1)),
            ("2020-07-22T16:37:22+0200", None),
            ("2020-07-22T16:37:22+2", None),
            ("2020-07-22T16:37:22.286+18:01", None),
            ("2020-07-22T16:37:22.1234567891Z", None),
            ("2020-07-22", None),
            ("2020-07-22 16:37:22Z", None),
            ("2020-02-30T00:00:00Z", None),
            ("2019-02-29T00:00:00Z", None),
            ("2020-00-10T00:00:00Z", None),
            ("2020-13-10T00:00:00Z", None),
            ("2020-07-22T24:00:00Z", None),
            ("2020-07-22T16:37:60Z", None),
            ("1595428642286", None),
            ("7", None),
            ("2020-7-2T6:7:2Z", None),
            ("2020-07-22T16:37:22,286Z", None),
            ("2020-W30-3T16:37:22Z", None),
            ("2020-07-22T16:37:22Z ", None),
            ("+2020-07-22T16:37:22Z", None),
            ("12345-01-01T00:00:00Z", None),
            ("-0000-01-01T00:00:00Z", None),
            ("+9999999999-01-01T00:00:00Z", None),
            // Beyond 64 bits of milliseconds.
            ("+999999999-01-01T00:00:00Z", None),
            ("", None),
        ] {
            assert_eq!(parse_ms(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn times_agree_with_another_library(ms in -60_000_000_000_000_i64..250_000_000_000_000) {
            let text = jiff::Timestamp::from_millisecond(ms).unwrap().to_string();
            prop_assert_eq!(parse_ms(&text), Some(ms));
        }

        #[test]
        fn no_text_makes_it_panic(text in "[-+0-9]{0,12}[-T0-9:.Z+]{0,30}") {
            let _ = parse_ms(&text);
        }
    }
}
