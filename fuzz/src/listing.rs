//! The documents of S3: listings, page by page, and errors.

use c2_core::s3::{Fault, ListedObject, Listing, Needs, RefusedRequest, check_key, etag_md5, redact};

/// Stands between two pages of the input.
const NEXT_PAGE: &[u8] = b"\n===\n";

/// Reads the input as pages of a listing and as an error.
pub fn check(input: &[u8]) {
    let mut listing = Listing::new("r/");
    let mut all = Listing::new("");
    for page in pages(input) {
        check_added(&listing.add_page(page));
        check_added(&all.add_page(page));
        let answer = RefusedRequest::new(404, None, None, page);
        let _ = answer.hint("us-east-1", Needs::Get);
        check_shown(Fault::Refused(Box::new(answer)));
    }
    let objects = listing.into_objects();
    assert!(objects.iter().all(|object| object.key.starts_with("r/")), "no key from elsewhere is listed");
    check_objects(all.into_objects());
}

fn pages(input: &[u8]) -> Vec<&[u8]> {
    let mut pages = Vec::new();
    let mut rest = input;
    while let Some(at) = rest.windows(NEXT_PAGE.len()).position(|window| window == NEXT_PAGE) {
        pages.push(&rest[..at]);
        rest = &rest[at + NEXT_PAGE.len()..];
    }
    pages.push(rest);
    pages
}

fn check_added(added: &Result<Option<String>, Fault>) {
    match added {
        Ok(next) => assert_ne!(next.as_deref(), Some(""), "more is asked for with a token"),
        Err(fault) => check_shown(fault.clone()),
    }
}

fn check_shown(fault: Fault) {
    let shown = fault.redacted(&["secret"]).to_string();
    let is_fit = !shown.is_empty() && !shown.contains("secret") && !shown.contains(char::is_control);
    assert!(is_fit, "{shown:?} is not fit to be shown");
}

/// What was listed, told by another server in the same way, is listed as the same.
fn check_objects(objects: Vec<ListedObject>) {
    let mut listing = Listing::new("");
    assert_eq!(listing.add_page(document(&objects).as_bytes()), Ok(None));
    assert_eq!(listing.into_objects(), objects, "a listing that is told again is the same");

    for object in &objects {
        let _ = (check_key(&object.key), redact(&object.key, &[]));
        assert!(etag_md5(&object.etag, None, false).is_none_or(|md5| md5.len() == 32));
    }
}

fn document(objects: &[ListedObject]) -> String {
    let mut document = String::from("<ListBucketResult><IsTruncated>false</IsTruncated>");
    for object in objects {
        let ListedObject { key, last_modified, bytes, etag } = object;
        let (key, etag) = (escaped(key), escaped(etag));
        document += &format!(
            "<Contents><Key>{key}</Key><LastModified>{last_modified}</LastModified><Size>{bytes}</Size>\
             <ETag>&quot;{etag}&quot;</ETag></Contents>"
        );
    }
    document + "</ListBucketResult>"
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
