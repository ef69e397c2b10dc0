//! When a certificate expires.

use crate::prelude::*;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use der::{
    Decode as _, SliceReader, Tag, Tagged as _,
    asn1::{AnyRef, GeneralizedTime, UtcTime},
};

use crate::{seam::Refusal, time::utc};

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
    end_of_validity(&der).ok()
}

fn end_of_validity(der: &[u8]) -> der::Result<u64> {
    let mut certificate = sequence(&mut SliceReader::new(der)?)?;
    let mut fields = sequence(&mut certificate)?;
    // The version may be left out; serial number, signature, issuer.
    if Tag::peek(&fields)?.is_context_specific() {
        AnyRef::decode(&mut fields)?;
    }
    for _ in 0..3 {
        AnyRef::decode(&mut fields)?;
    }
    let mut validity = sequence(&mut fields)?;
    AnyRef::decode(&mut validity)?;
    time(AnyRef::decode(&mut validity)?)
}

/// The inside of the sequence that comes next.
fn sequence<'a>(reader: &mut SliceReader<'a>) -> der::Result<SliceReader<'a>> {
    let value = AnyRef::decode(reader)?;
    value.tag().assert_eq(Tag::Sequence)?;
    SliceReader::new(value.value())
}

fn time(value: AnyRef<'_>) -> der::Result<u64> {
    let time = match value.tag() {
        Tag::UtcTime => value.decode_as::<UtcTime>()?.to_unix_duration(),
        _ => value.decode_as::<GeneralizedTime>()?.to_unix_duration(),
    };
    Ok(time.as_secs())
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
        let told = |tag, text: &str| time(AnyRef::new(tag, text.as_bytes()).unwrap()).ok().map(utc);
        assert_eq!(told(Tag::UtcTime, "491231235959Z"), Some("2049-12-31T23:59:59Z".into()));
        assert_eq!(told(Tag::UtcTime, "991231235959Z"), Some("1999-12-31T23:59:59Z".into()));
        assert_eq!(told(Tag::GeneralizedTime, "20500102030405Z"), Some("2050-01-02T03:04:05Z".into()));
        assert_eq!(told(Tag::GeneralizedTime, "99991231235959Z"), Some("9999-12-31T23:59:59Z".into()));
        for (tag, text) in [
            (Tag::GeneralizedTime, "491231235959Z"),
            (Tag::UtcTime, "4912312359Z"),
            (Tag::UtcTime, "49123123595\u{e9}Z"),
            (Tag::Ia5String, "491231235959Z"),
        ] {
            assert_eq!(told(tag, text), None, "{text}");
        }
    }
}
