//! Times as audit logs write them.
//!
//! In: the text of a time field. Out: the moment it names, or nothing. It does not know which
//! field it reads, and it never repairs: a 13th month, 31 February or a second 60 is no time.
//!
//! The second 60 is refused and not clamped: no log seen here writes it, and a clamped time
//! would be a time that the record does not state.

use jiff::Timestamp;
use jiff::civil::Date;

/// Reads a time in any form that Azure Monitor records have it:
///
/// * RFC 3339 with up to nine digits of a second, also with a blank for the `T`, an hour of
///   one digit, or no zone (which means UTC);
/// * `M/d/yyyy h:mm:ss`, with or without `AM` or `PM`, and an offset after a blank or not.
pub fn parse(text: &str) -> Option<Timestamp> {
    parse_rfc3339(text).or_else(|| parse_other(text))
}

/// Reads a time that is RFC 3339 to the letter, with at most nine digits of a second.
pub fn parse_rfc3339(text: &str) -> Option<Timestamp> {
    let (head, rest) = text.as_bytes().split_first_chunk::<19>()?;
    let [
        y1,
        y2,
        y3,
        y4,
        b'-',
        o1,
        o2,
        b'-',
        d1,
        d2,
        b'T' | b't',
        h1,
        h2,
        b':',
        m1,
        m2,
        b':',
        s1,
        s2,
    ] = *head
    else {
        return None;
    };
    let two = |tens: u8, ones: u8| Some(digit(tens)? * 10 + digit(ones)?);
    let clock = Clock {
        year: two(y1, y2)? * 100 + two(y3, y4)?,
        month: two(o1, o2)?,
        day: two(d1, d2)?,
        hour: two(h1, h2)?,
        minute: two(m1, m2)?,
        second: two(s1, s2)?,
    };
    let (nanos, rest) = fraction(rest)?;
    let offset = if let b"Z" | b"z" = rest { 0 } else { offset(rest)? };
    clock.moment(nanos, offset)
}

/// The forms that are not RFC 3339. Rare on the hot path, so nothing here is hurried.
fn parse_other(text: &str) -> Option<Timestamp> {
    let (first, mark, rest) = number(text.trim().as_bytes())?;
    let (second, mark_again, rest) = number(rest)?;
    if mark != mark_again {
        return None;
    }
    let american = match mark {
        b'/' => true,
        b'-' => false,
        _ => return None,
    };
    let (third, _, _) = number_at_end(rest)?;
    let rest = rest.get(third.digits..)?;
    let fits = |n: Number, min, max| (min..=max).contains(&n.digits).then_some(n.value);
    let (year, month, day) = if american {
        (fits(third, 4, 4)?, fits(first, 1, 2)?, fits(second, 1, 2)?)
    } else {
        (fits(first, 4, 4)?, fits(second, 2, 2)?, fits(third, 2, 2)?)
    };
    let rest = match rest.split_first()? {
        (b'T' | b't', rest) if !american => rest,
        _ => blanks(rest).filter(|left| left.len() < rest.len())?,
    };
    let (hour, b':', rest) = number(rest)? else { return None };
    let (minute, b':', rest) = number(rest)? else { return None };
    let (second, _, _) = number_at_end(rest)?;
    let rest = rest.get(second.digits..)?;
    let (mut hour, minute, second) = (fits(hour, 1, 2)?, fits(minute, 2, 2)?, fits(second, 2, 2)?);
    let (nanos, rest) = fraction(rest)?;
    let mut rest = blanks(rest)?;
    if american && let Some((half, after)) = rest.split_first_chunk::<2>() {
        let afternoon = match half.to_ascii_uppercase().as_slice() {
            b"AM" => Some(0),
            b"PM" => Some(12),
            _ => None,
        };
        if let Some(later) = afternoon {
            if !(1..=12).contains(&hour) {
                return None;
            }
            hour = hour % 12 + later;
            rest = blanks(after)?;
        }
    }
    let offset = match rest {
        b"" | b"Z" | b"z" => 0,
        zone => offset(zone)?,
    };
    Clock { year, month, day, hour, minute, second }.moment(nanos, offset)
}

/// What a wall clock shows.
struct Clock {
    year: i32,
    month: i32,
    day: i32,
    hour: i32,
    minute: i32,
    second: i32,
}

impl Clock {
    /// The moment, where there is such a day and such a time of it.
    fn moment(self, nanos: i32, offset: i32) -> Option<Timestamp> {
        if self.hour > 23 || self.minute > 59 || self.second > 59 {
            return None;
        }
        let [month, day] = [self.month, self.day].map(|n| i8::try_from(n).ok());
        let date = Date::new(i16::try_from(self.year).ok()?, month?, day?).ok()?;
        let seconds = days_since_1970(date) * 86_400
            + i64::from(self.hour * 3600 + self.minute * 60 + self.second)
            - i64::from(offset);
        Timestamp::new(seconds, nanos).ok()
    }
}

/// Days from 1 January 1970 (Howard Hinnant's `days_from_civil`).
fn days_since_1970(date: Date) -> i64 {
    let (year, month, day) =
        (i64::from(date.year()), i64::from(date.month()), i64::from(date.day()));
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn digit(byte: u8) -> Option<i32> {
    byte.is_ascii_digit().then(|| i32::from(byte - b'0'))
}

/// A fraction of a second of one to nine digits, if one is there: nanoseconds, and the rest.
fn fraction(text: &[u8]) -> Option<(i32, &[u8])> {
    let Some((b'.', mut rest)) = text.split_first() else {
        return Some((0, text));
    };
    let mut nanos = 0;
    let mut unit = 1_000_000_000;
    while let Some((byte, after)) = rest.split_first()
        && let Some(digit) = digit(*byte)
    {
        unit /= 10;
        if unit == 0 {
            return None;
        }
        nanos += digit * unit;
        rest = after;
    }
    (unit < 1_000_000_000).then_some((nanos, rest))
}

/// `+hh:mm` or `-hh:mm`, in seconds.
fn offset(text: &[u8]) -> Option<i32> {
    let &[sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] = text else { return None };
    let hours = digit(h1)? * 10 + digit(h2)?;
    let minutes = digit(m1)? * 10 + digit(m2)?;
    if hours > 23 || minutes > 59 {
        return None;
    }
    let seconds = hours * 3600 + minutes * 60;
    Some(if sign == b'-' { -seconds } else { seconds })
}

#[derive(Clone, Copy)]
struct Number {
    value: i32,
    digits: usize,
}

/// A number of one to four digits, the byte after it and the rest.
fn number(text: &[u8]) -> Option<(Number, u8, &[u8])> {
    let (number, mark, rest) = number_at_end(text)?;
    Some((number, mark?, rest))
}

/// As [`number`], where the text may end behind it.
fn number_at_end(text: &[u8]) -> Option<(Number, Option<u8>, &[u8])> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !(1..=4).contains(&digits) {
        return None;
    }
    let (figures, rest) = text.split_at_checked(digits)?;
    let value = figures.iter().try_fold(0, |value, byte| Some(value * 10 + digit(*byte)?))?;
    let (mark, rest) = rest.split_first().map_or((None, rest), |(mark, rest)| (Some(*mark), rest));
    Some((Number { value, digits }, mark, rest))
}

/// The text behind its leading blanks; newer .NET writes a narrow no-break one before `AM`.
fn blanks(text: &[u8]) -> Option<&[u8]> {
    let text = std::str::from_utf8(text).ok()?;
    Some(text.trim_start_matches([' ', '\u{a0}', '\u{202f}']).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn moment(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn every_form_of_the_azure_logs_is_read() {
        for (text, same) in [
            ("2025-01-29T17:07:02.5863957Z", "2025-01-29T17:07:02.5863957Z"),
            ("2025-01-29T17:07:02Z", "2025-01-29T17:07:02Z"),
            ("2025-01-29T17:07:02.5863957+00:00", "2025-01-29T17:07:02.5863957Z"),
            ("2025-01-29T17:07:02.123456789-02:30", "2025-01-29T19:37:02.123456789Z"),
            ("2025-01-29T17:07:02.5", "2025-01-29T17:07:02.5Z"),
            ("2025-01-29T17:07:02", "2025-01-29T17:07:02Z"),
            ("2025-01-29T7:07:02.958Z", "2025-01-29T07:07:02.958Z"),
            ("2025-01-29 17:07:02.1234567", "2025-01-29T17:07:02.1234567Z"),
            ("2025-01-29 17:07:02 +01:00", "2025-01-29T16:07:02Z"),
            ("1/9/2025 9:41:00 AM", "2025-01-09T09:41:00Z"),
            ("01/09/2025 09:41:00", "2025-01-09T09:41:00Z"),
            ("1/9/2025 21:41:00", "2025-01-09T21:41:00Z"),
            ("1/9/2025 9:41:00 pm", "2025-01-09T21:41:00Z"),
            ("1/9/2025 12:00:01 AM", "2025-01-09T00:00:01Z"),
            ("1/9/2025 12:00:01 PM", "2025-01-09T12:00:01Z"),
            ("1/9/2025 9:41:00\u{202f}PM", "2025-01-09T21:41:00Z"),
            ("01/09/2025 09:41:00 AM +01:00", "2025-01-09T08:41:00Z"),
            ("01/09/2025 09:41:00 +01:00", "2025-01-09T08:41:00Z"),
        ] {
            assert_eq!(parse(text), Some(moment(same)), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_not_repaired() {
        for text in [
            "",
            "now",
            "2025",
            "2025-01-29",
            "2025-13-01T00:00:00Z",
            "2025-00-01T00:00:00Z",
            "2025-02-29T00:00:00Z",
            "2025-02-31T00:00:00Z",
            "2025-01-01T24:00:00Z",
            "2025-01-01T00:60:00Z",
            "2025-01-01T23:59:60Z",
            "2025-01-01T00:00:00.Z",
            "2025-01-01T00:00:00.1234567890Z",
            "2025-01-01T00:00:00+24:00",
            "2025-01-01T00:00:00+0100",
            "2025-01-01T00:00:00 Z tail",
            "2025-1-1T00:00:00Z",
            "2025-01-01T00:00",
            "13/1/2025 1:00:00 AM",
            "2/30/2025 1:00:00 AM",
            "1/9/2025 0:41:00 AM",
            "1/9/2025 13:41:00 PM",
            "1/9/25 1:00:00 AM",
            "1/9/2025",
            "1/9/2025T1:00:00",
            "1-9/2025 1:00:00",
            "9999-12-31T23:59:59.9999999Z",
            "２０２５-01-01T00:00:00Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn native_times_are_rfc_3339_and_nothing_else() {
        for text in ["2025-01-29T17:07:02Z", "2025-01-29t17:07:02.1z", "2025-01-29T17:07:02+01:00"]
        {
            assert!(parse_rfc3339(text).is_some(), "{text}");
        }
        for text in [
            "2025-01-29T17:07:02",
            "2025-01-29 17:07:02Z",
            "2025-01-29T7:07:02Z",
            "1/9/2025 9:41:00 AM",
            " 2025-01-29T17:07:02Z",
            "2025-01-29T17:07:02Z ",
        ] {
            assert_eq!(parse_rfc3339(text), None, "{text}");
        }
    }

    #[test]
    fn times_before_1970_keep_their_fraction() {
        assert_eq!(parse("1969-12-31T23:59:59.25Z"), Some(moment("1969-12-31T23:59:59.25Z")));
        assert_eq!(parse("0000-01-01T00:00:00Z"), Some(moment("0000-01-01T00:00:00Z")));
    }

    proptest! {
        #[test]
        fn it_agrees_with_jiff_on_whatever_looks_like_rfc_3339(
            year in 0..=9999, month in 0..=13, day in 0..=32, hour in 0..=24, minute in 0..=60,
            second in 0..=59, fraction in "(\\.[0-9]{1,9})?", zone in "Z|[+-][0-2][0-9]:[0-6][0-9]",
        ) {
            let text = format!(
                "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}{zone}"
            );
            // RFC 3339 has neither an hour 24 nor an offset of a whole day; jiff is laxer.
            let strict = hour < 24 && zone.get(1..3).is_none_or(|hours| hours <= "23");
            let expected = strict.then(|| text.parse::<Timestamp>().ok()).flatten();
            prop_assert_eq!(parse_rfc3339(&text), expected);
            prop_assert_eq!(parse(&text), expected);
        }

        #[test]
        fn any_moment_survives_being_written_and_read(
            seconds in -62_167_219_200i64..=253_402_207_199, nanos in 0..=999_999_999,
        ) {
            let moment = Timestamp::new(seconds, nanos).unwrap();
            prop_assert_eq!(parse(&moment.to_string()), Some(moment));
        }

        #[test]
        fn no_text_makes_it_fail(text in ".{0,40}", tail in "[0-9TZ:/ .+AMP-]{0,40}") {
            let _ = (parse(&text), parse(&tail));
        }
    }
}
