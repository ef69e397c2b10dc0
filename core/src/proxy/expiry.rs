//! When a certificate expires.

use alloc::{format, string::String};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    seam::Refusal,
    time::{parse_utc, utc},
};

const DAY_S: u64 = 86_400;

/// That the first certificate of a PEM text expires, or has, for a sentence that begins with its name.
pub(super) fn standing(pem: &[u8], now: Result<u64, Refusal>) -> Result<String, Refusal> {
    let now = now?;
    Ok(match not_after(pem) {
        None => "is not a readable certificate".into(),
        Some(end) if end <= now => format!("expired {} days ago, at {}", (now - end) / DAY_S, utc(end)),
        Some(end) => format!("expires in {} days, at {}", (end - now) / DAY_S, utc(end)),
    })
}

/// The end of the validity of the first certificate of a PEM text (RFC 7468), seconds since 1970 UTC; `None` when there
/// is none (RFC 5280, section 4.1).
fn not_after(pem: &[u8]) -> Option<u64> {
    let text = core::str::from_utf8(pem).ok()?;
    let body = text.split_once("-----BEGIN CERTIFICATE-----")?.1.split_once("-----END CERTIFICATE-----")?.0;
    let lines: String = body.split_ascii_whitespace().collect();
    let der = STANDARD.decode(lines).ok()?;
    let certificate = Value::first(&der)?.0;
    let mut fields = Value::first(certificate.inner(0x30)?)?.0.inner(0x30)?;
    let mut next = || {
        let (value, rest) = Value::first(fields)?;
        fields = rest;
        Some(value)
    };
    // The version may be left out; serial number, signature, issuer.
    if next()?.tag == 0xa0 {
        next()?;
    }
    next()?;
    next()?;
    let validity = next()?.inner(0x30)?;
    let (_, rest) = Value::first(validity)?;
    time(&Value::first(rest)?.0)
}

/// A value of DER (X.690, section 8.1).
struct Value<'a> {
    tag: u8,
    content: &'a [u8],
}

impl<'a> Value<'a> {
    /// The first value, and what is behind it.
    fn first(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (&[tag, length], rest) = bytes.split_first_chunk::<2>()?;
        let (length, rest) = match usize::from(length) {
            short @ 0..0x80 => (short, rest),
            // More than four bytes of length are of no certificate.
            long => {
                let (digits, rest) = rest.split_at_checked(long - 0x80).filter(|(digits, _)| digits.len() <= 4)?;
                (digits.iter().fold(0, |sum: usize, digit| sum << 8 | usize::from(*digit)), rest)
            }
        };
        let (content, rest) = rest.split_at_checked(length)?;
        Some((Value { tag, content }, rest))
    }

    /// Its content, if it has this tag.
    fn inner(&self, tag: u8) -> Option<&'a [u8]> {
        (self.tag == tag).then_some(self.content)
    }
}

/// `UTCTime` with years from 1950 to 2049, or `GeneralizedTime` (RFC 5280, section 4.1.2.5).
fn time(value: &Value<'_>) -> Option<u64> {
    let text = core::str::from_utf8(value.content).ok()?.strip_suffix('Z').filter(|text| text.is_ascii())?;
    let (century, rest) = match (value.tag, text.len()) {
        (0x17, 12) if text < "5" => ("20", text),
        (0x17, 12) => ("19", text),
        (0x18, 14) => text.split_at(2),
        _ => return None,
    };
    let two = |at: usize| rest.get(at..at + 2).unwrap_or_default();
    parse_utc(&format!("{century}{}-{}-{}T{}:{}:{}Z", two(0), two(2), two(4), two(6), two(8), two(10)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by `openssl req -x509 -days 3650`, which says of it: notAfter=Nov 25 17:05:39 2036 GMT.
    const PEM: &str = "-----BEGIN CERTIFICATE-----\n\
        MIIBbjCCAROgAwIBAgIUYBaXwaSVGsWnPLuKiCMjvdpzsTMwCgYIKoZIzj0EAwIw\n\
        DDEKMAgGA1UEAwwBdDAeFw0yNjExMjgxNzA1MzlaFw0zNjExMjUxNzA1MzlaMAwx\n\
        CjAIBgNVBAMMAXQwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQQKkKssgXD1VXx\n\
        8Vrp3elTbb/J7+rAJcU+T34Kzv7dcG4g9hdvDBQ51JjWuAMWOU3PjFvMJ0jCfbG3\n\
        aokpyyNno1MwUTAdBgNVHQ4EFgQUjl7PNMifp+mfh8LHl9O306GrMywwHwYDVR0j\n\
        BBgwFoAUjl7PNMifp+mfh8LHl9O306GrMywwDwYDVR0TAQH/BAUwAwEB/zAKBggq\n\
        hkjOPQQDAgNJADBGAiEAnTjRh7zlPvHqLE4OnBwABkWuPBBV311H6S1WoDcm9RoC\n\
        IQDyK5B3u7BN8H6YdAt5IzPZWZuNPgCZUrKaDEQBn0vUrA==\n\
        -----END CERTIFICATE-----\n";

    #[test]
    fn the_end_is_what_openssl_says() {
        assert_eq!(not_after(PEM.as_bytes()).map(utc), Some("2036-11-25T17:05:39Z".into()));
        let two = format!("Subject: t\n{PEM}{}", PEM.replace("MIIB", "MIIC"));
        assert_eq!(not_after(two.as_bytes()), not_after(PEM.as_bytes()));
    }

    #[test]
    fn it_is_told_in_days() {
        let end = not_after(PEM.as_bytes()).unwrap();
        let told = |now| standing(PEM.as_bytes(), Ok(now)).unwrap();
        assert_eq!(told(end - 3 * DAY_S - 5), "expires in 3 days, at 2036-11-25T17:05:39Z");
        assert_eq!(told(end + 2 * DAY_S), "expired 2 days ago, at 2036-11-25T17:05:39Z");
        assert_eq!(standing(b"no", Ok(0)), Ok("is not a readable certificate".into()));
    }

    #[test]
    fn what_is_cut_short_anywhere_is_none() {
        let (begin, end) = (PEM.find("MII").unwrap(), PEM.find("-----END").unwrap());
        for cut in begin..end {
            let text = format!("{}{}", &PEM[..cut], &PEM[end..]);
            // Behind the validity nothing is read.
            assert!(not_after(text.as_bytes()).is_none_or(|_| cut > begin + 100), "{cut}");
            assert_eq!(not_after(&PEM.as_bytes()[..cut]), None);
        }
    }

    #[test]
    fn both_kinds_of_time_are_read() {
        let told = |tag, text: &str| time(&Value { tag, content: text.as_bytes() }).map(utc);
        assert_eq!(told(0x17, "491231235959Z"), Some("2049-12-31T23:59:59Z".into()));
        assert_eq!(told(0x17, "991231235959Z"), Some("1999-12-31T23:59:59Z".into()));
        assert_eq!(told(0x18, "20500102030405Z"), Some("2050-01-02T03:04:05Z".into()));
        for (tag, text) in
            [(0x18, "491231235959Z"), (0x17, "4912312359Z"), (0x17, "49123123595\u{e9}Z"), (0x16, "491231235959Z")]
        {
            assert_eq!(told(tag, text), None, "{text}");
        }
    }
}
