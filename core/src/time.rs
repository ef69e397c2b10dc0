//! Times as texts.

use alloc::{format, string::String};

/// Seconds since 1970 UTC as `YYYY-MM-DDTHH:MM:SSZ` (ISO 8601). The calendar is the proleptic Gregorian one.
#[must_use]
pub fn utc(seconds: u64) -> String {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Civil date from a day count: years are taken to begin in March, eras have 146,097 days.
    let day = days + 719_468;
    let (era, of_era) = (day / 146_097, day % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day_of_month = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day_of_month:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// A time in ISO 8601 or RFC 3339, `2030-01-02T03:04:05Z` with or without a fraction or with an offset, as seconds
/// since 1970 UTC; `None` when it is none or before that.
#[must_use]
pub fn parse_utc(text: &str) -> Option<u64> {
    let (date, time) = text.split_once(['T', 't'])?;
    let (time, offset_s) = match time.find(['Z', 'z', '+', '-']).map(|at| time.split_at(at))? {
        (time, "Z" | "z") => (time, 0),
        (time, offset) => {
            let (hours, minutes) = offset.get(1..)?.split_once(':')?;
            let offset_s = number(hours, 23)? * 3_600 + number(minutes, 59)? * 60;
            (time, if offset.starts_with('-') { -offset_s } else { offset_s })
        }
    };
    let time = time.split_once('.').map_or(time, |(whole, _)| whole);
    let mut date = date.split('-');
    let (year, month, day) = (number(date.next()?, 9_999)?, number(date.next()?, 12)?, number(date.next()?, 31)?);
    let mut time = time.split(':');
    let (hour, minute, second) = (number(time.next()?, 23)?, number(time.next()?, 59)?, number(time.next()?, 60)?);
    if month == 0 || day == 0 || date.next().is_some() || time.next().is_some() {
        return None;
    }
    // The inverse of `utc`, years beginning in March.
    let (year, from_march) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year.div_euclid(4) - year.div_euclid(100)
        + year.div_euclid(400)
        + (153 * from_march + 2) / 5
        + day
        - 719_469;
    u64::try_from(days * 86_400 + hour * 3_600 + minute * 60 + second - offset_s).ok()
}

/// The time in an HTTP header, `Thu, 01 Jan 2026 00:05:01 GMT` (RFC 9110, section 5.6.7), as seconds since 1970 UTC;
/// `None` when it is none.
#[must_use]
pub fn http_date(text: &str) -> Option<u64> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut words = text.split_once(", ")?.1.split(' ');
    let (day, month, year) = (words.next()?, words.next()?, words.next()?);
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    let (time, zone) = (words.next()?, words.next()?);
    (zone == "GMT" && words.next().is_none()).then(|| parse_utc(&format!("{year}-{month:02}-{day}T{time}Z")))?
}

fn number(text: &str, most: i64) -> Option<i64> {
    let is_number = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| is_number && *number <= most)
}

#[cfg(test)]
mod tests {
    use super::{http_date, parse_utc, utc};

    #[test]
    fn a_date_of_http_is_read_and_nothing_else() {
        assert_eq!(http_date("Thu, 01 Jan 2026 00:05:01 GMT"), parse_utc("2026-01-01T00:05:01Z"));
        assert_eq!(http_date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        for text in
            ["", "now", "Thu, 01 Jan 2026 00:05:01", "Thu, 01 Jan 2026 00:05:01 UTC", "Thu, 41 Jan 2026 00:05:01 GMT"]
        {
            assert_eq!(http_date(text), None, "{text}");
        }
    }

    #[test]
    fn known_seconds_give_their_dates() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_614_837_967, "2021-03-04T06:06:07Z"),
            (4_102_444_799, "2099-12-31T23:59:59Z"),
        ] {
            assert_eq!(utc(seconds), text);
            assert_eq!(parse_utc(text), Some(seconds));
        }
    }

    #[test]
    fn fractions_and_offsets_are_understood_and_nonsense_is_not() {
        for text in ["2021-03-04T06:06:07.123456Z", "2021-03-04T07:06:07+01:00", "2021-03-03t22:36:07.9-07:30"] {
            assert_eq!(parse_utc(text), Some(1_614_837_967), "{text}");
        }
        for text in
            ["", "2021-03-04", "2021-03-04T06:06:07", "2021-13-04T06:06:07Z", "2021-03-04T6:6:7:1Z", "x-y-zT1:2:3Z"]
        {
            assert_eq!(parse_utc(text), None, "{text}");
        }
        assert_eq!(parse_utc("1969-12-31T23:59:59Z"), None);
    }
}
