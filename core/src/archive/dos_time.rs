//! The times of archives: two numbers of DOS, which say neither a zone nor more than every other second.

use jiff::civil::DateTime;

use crate::time::of_day;

/// 1980-01-01T00:00:00Z, the earliest that such a time can say.
pub(super) const EARLIEST_S: u64 = 315_532_800;

/// A DOS time (APPNOTE 4.4.6), the date in its upper half, read as UTC so that all machines have the same one, in seconds
/// since 1970; an invalid one counts as the earliest.
pub(super) fn seconds(dos: u32) -> u64 {
    let field = |from: u32, bits: u32| ((dos >> from) & ((1 << bits) - 1)) as i8;
    let (month, day, hour, minute, second) = (field(21, 4), field(16, 5), field(11, 5), field(5, 6), 2 * field(0, 5));
    let time = DateTime::new(1980 + i16::from(field(25, 7)), month, day, hour, minute, second, 0);
    time.ok().and_then(of_day).unwrap_or(EARLIEST_S)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::utc;

    #[test]
    fn a_dos_time_is_read_as_utc_and_nonsense_as_the_earliest() {
        let dos = |[year, month, day]: [u32; 3], [hour, minute, second]: [u32; 3]| {
            (year - 1980) << 25 | month << 21 | day << 16 | hour << 11 | minute << 5 | (second / 2)
        };
        for (date, time, expected) in [
            ([1980, 1, 1], [0, 0, 0], "1980-01-01T00:00:00Z"),
            ([2024, 2, 29], [23, 59, 58], "2024-02-29T23:59:58Z"),
            ([2107, 12, 31], [12, 30, 3], "2107-12-31T12:30:02Z"),
            ([2024, 0, 1], [0, 0, 0], "1980-01-01T00:00:00Z"),
            ([2024, 13, 1], [0, 0, 0], "1980-01-01T00:00:00Z"),
            ([2024, 1, 1], [24, 0, 0], "1980-01-01T00:00:00Z"),
            ([2024, 1, 1], [0, 60, 0], "1980-01-01T00:00:00Z"),
        ] {
            assert_eq!(utc(seconds(dos(date, time))), expected);
        }
        assert_eq!((seconds(0), seconds(u32::MAX)), (EARLIEST_S, EARLIEST_S));
    }
}
