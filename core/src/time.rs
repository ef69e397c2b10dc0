//! Times as texts.

use crate::prelude::*;

use jiff::{Timestamp, civil::DateTime, fmt::rfc2822};

/// The end of the year 9999, which means "never". The last of jiff's timestamps is a day before.
const NEVER: &str = "9999-12-31T23:59:59Z";

/// Seconds since 1970 UTC as `YYYY-MM-DDTHH:MM:SSZ` (ISO 8601). The last day of the year 9999 and all behind it is its
/// last second.
#[must_use]
pub fn utc(seconds: u64) -> String {
    let time = i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    time.map_or_else(|| NEVER.into(), |time| time.to_string())
}

/// A time in ISO 8601 or RFC 3339, `2030-01-02T03:04:05Z` with or without a fraction or with an offset, as seconds
/// since 1970 UTC; `None` when it is none or before that.
#[must_use]
pub fn parse_utc(text: &str) -> Option<u64> {
    let never = || text.strip_suffix('Z')?.parse().ok().filter(|time: &DateTime| time.year() == 9_999);
    let time = text.parse::<Timestamp>().map(|time| time.as_second());
    u64::try_from(time.ok().or_else(|| never().map(since_epoch_s))?).ok()
}

/// The time in an HTTP header, `Thu, 01 Jan 2026 00:05:01 GMT` (RFC 9110, section 5.6.7), as seconds since 1970 UTC;
/// `None` when it is none.
#[must_use]
pub fn http_date(text: &str) -> Option<u64> {
    if !text.ends_with(" GMT") {
        return None;
    }
    let any_weekday = rfc2822::DateTimeParser::new().relaxed_weekday(true);
    u64::try_from(any_weekday.parse_timestamp(text).ok()?.as_second()).ok()
}

/// A day and a time of it in UTC, as seconds since 1970 UTC.
pub(crate) fn of_day(day_and_time: DateTime) -> Option<u64> {
    u64::try_from(since_epoch_s(day_and_time)).ok()
}

fn since_epoch_s(day_and_time: DateTime) -> i64 {
    day_and_time.duration_since(DateTime::constant(1970, 1, 1, 0, 0, 0, 0)).as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_of_http_is_read_and_nothing_else() {
        assert_eq!(http_date("Thu, 01 Jan 2026 00:05:01 GMT"), parse_utc("2026-01-01T00:05:01Z"));
        assert_eq!(http_date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        for text in [
            "",
            "now",
            "Thu, 01 Jan 2026 00:05:01",
            "Thu, 41 Jan 2026 00:05:01 GMT",
            "Thu, 01 Jan 2026 00:05:01 UTC",
            "Thu, 01 Jan 2026 01:05:01 CET",
            "Thu, 01 Jan 2026 01:05:01 +0100",
        ] {
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
            (253_402_300_799, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(utc(seconds), text);
            assert_eq!(parse_utc(text), Some(seconds));
        }
        assert_eq!(parse_utc("9999-12-31T00:00:00.5Z"), Some(253_402_214_400));
        assert_eq!((utc(253_402_300_800), utc(u64::MAX)), (NEVER.into(), NEVER.into()));
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
