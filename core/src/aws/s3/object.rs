//! Rules about a single object: which keys a URL can carry, and what its ETag promises.

use super::AddressError;
use crate::prelude::*;

/// The longest key of S3 in bytes of UTF-8.
const MAX_KEY_BYTES: usize = 1024;

/// Refuses a key that a URL cannot carry.
///
/// The segments `.` and `..` are resolved by every URL library, also when percent-encoded, so that the request would be
/// for another object; an empty key would ask for the bucket.
///
/// # Errors
/// [`AddressError::Key`] with the reason.
pub fn check_key(key: &str) -> Result<(), AddressError> {
    let why = if key.is_empty() {
        "it is empty"
    } else if key.len() > MAX_KEY_BYTES {
        "it is longer than 1024 bytes"
    } else if key.split('/').any(|segment| matches!(segment, "." | "..")) {
        "a part of it is '.' or '..'"
    } else {
        return Ok(());
    };
    Err(AddressError::Key { key: key.to_owned(), why })
}

/// The ETag without the quotes that HTTP and the listing put around it.
pub fn plain_etag(etag: &str) -> &str {
    etag.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(etag)
}

/// The version of an object from the header `x-amz-version-id`; none in a bucket that keeps no versions, where S3 leaves
/// the header out or says `null`.
pub fn version(header: Option<&str>) -> Option<&str> {
    header.filter(|id| !id.is_empty() && *id != "null")
}

/// The MD5 of the object's bytes in hex, when the ETag is one.
///
/// It is none for an object uploaded in parts (`<hex>-<parts>`), and none under encryption with a key of KMS or of the
/// customer, whatever it looks like. `encryption` is the header `x-amz-server-side-encryption`, `customer_key` whether
/// `x-amz-server-side-encryption-customer-algorithm` is there. Source: the S3 page "Object", element ETag.
pub fn etag_md5<'a>(etag: &'a str, encryption: Option<&str>, customer_key: bool) -> Option<&'a str> {
    let etag = plain_etag(etag);
    let is_md5 = etag.len() == 32 && etag.bytes().all(|b| b.is_ascii_hexdigit());
    let is_of_bytes = !customer_key && matches!(encryption, None | Some("AES256"));
    (is_md5 && is_of_bytes).then_some(etag)
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn keys_that_would_ask_for_something_else_are_refused() {
        let long = "k".repeat(1025);
        for key in ["", ".", "..", "a/../b", "../other-bucket/b", "a/.", "./a", &long] {
            assert!(matches!(check_key(key), Err(AddressError::Key { .. })), "{key}");
        }
        assert_eq!(
            format!("{}", check_key("a/../b").unwrap_err()),
            "the S3 key \"a/../b\" cannot be asked for: a part of it is '.' or '..'"
        );
    }

    #[test]
    fn odd_keys_are_fine() {
        for key in [
            "a",
            "/a",
            "a//b",
            "a/",
            "...",
            "a/.b/..c",
            "a b+c&d=e?f#g%h\\i",
            "\u{fc}/\u{1f600}",
            "a\u{1}\n",
            &"k".repeat(1024),
        ] {
            assert_eq!(check_key(key), Ok(()));
        }
    }

    #[test]
    fn an_etag_is_an_md5_only_where_s3_says_so() {
        let md5 = "\"D41d8cd98f00b204e9800998ecf8427e\"";
        assert_eq!(etag_md5(md5, None, false), Some("D41d8cd98f00b204e9800998ecf8427e"));
        assert_eq!(etag_md5(md5, Some("AES256"), false), Some("D41d8cd98f00b204e9800998ecf8427e"));
        assert_eq!(etag_md5(md5, Some("aws:kms"), false), None);
        assert_eq!(etag_md5(md5, Some("aws:kms:dsse"), false), None);
        assert_eq!(etag_md5(md5, None, true), None);
        for etag in [
            "\"d41d8cd98f00b204e9800998ecf8427e-3\"",
            "W/\"d41d8cd98f00b204e9800998ecf8427e\"",
            "",
            "\"\"",
            "\"zz1d8cd98f00b204e9800998ecf8427e\"",
        ] {
            assert_eq!(etag_md5(etag, None, false), None, "{etag}");
        }
    }

    #[test]
    fn only_a_bucket_that_keeps_versions_gives_one() {
        assert_eq!(version(Some("3/L4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY")), Some("3/L4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY"));
        for header in [None, Some("null"), Some("")] {
            assert_eq!(version(header), None);
        }
    }

    #[test]
    fn an_etag_loses_only_its_own_quotes() {
        assert_eq!(plain_etag("\"abc-1\""), "abc-1");
        assert_eq!(plain_etag("abc"), "abc");
        assert_eq!(plain_etag("\""), "\"");
    }
}
