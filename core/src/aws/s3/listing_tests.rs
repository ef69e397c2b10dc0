//! Tests of the listing parser: what it reads, and that nothing else passes for a listing.

use super::*;

fn entry(key: &str) -> String {
    format!(
        "<Contents><Key>{key}</Key><LastModified>2024-05-06T07:08:09.000Z</LastModified><ETag>&quot;e-{key}&quot;</ETag>\
         <Size>12</Size><StorageClass>STANDARD</StorageClass></Contents>"
    )
}

fn page_of(entries: &str, next: Option<&str>) -> String {
    let more = next.map_or_else(
        || "<IsTruncated>false</IsTruncated>".to_owned(),
        |token| format!("<IsTruncated>true</IsTruncated><NextContinuationToken>{token}</NextContinuationToken>"),
    );
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
         <Name>b</Name><Prefix>p/</Prefix><KeyCount>1</KeyCount><MaxKeys>1000</MaxKeys>{more}{entries}\
         <EncodingType>url</EncodingType></ListBucketResult>"
    )
}

fn why(body: &str) -> String {
    Listing::new("p/").add_page(body.as_bytes()).unwrap_err().to_string()
}

#[test]
fn pages_are_followed_by_their_tokens_and_joined_in_order() {
    let mut listing = Listing::new("p/");
    assert_eq!(listing.add_page(page_of(&entry("p/a"), Some("t/1&amp;")).as_bytes()), Ok(Some("t/1&".into())));
    assert_eq!(listing.add_page(page_of("", Some("t2")).as_bytes()), Ok(Some("t2".into())));
    assert_eq!(listing.add_page(page_of(&(entry("p/b") + &entry("p/c")), None).as_bytes()), Ok(None));
    let objects = listing.into_objects();
    assert_eq!(objects.iter().map(|object| object.key.as_str()).collect::<Vec<_>>(), ["p/a", "p/b", "p/c"]);
    assert_eq!(
        objects[0],
        ListedObject {
            key: "p/a".into(),
            last_modified: "2024-05-06T07:08:09.000Z".into(),
            bytes: 12,
            etag: "e-p/a".into()
        }
    );
}

#[test]
fn keys_are_decoded_as_forms_are() {
    let mut listing = Listing::new("p/");
    let body = page_of(&entry("p/a+b%2Bc%26%C3%BC%01%25%2f"), None);
    listing.add_page(body.as_bytes()).unwrap();
    let raw = body.replace("<EncodingType>url</EncodingType>", "").replace("%01", "");
    listing.add_page(raw.as_bytes()).unwrap();
    let keys: Vec<_> = listing.into_objects().into_iter().map(|object| object.key).collect();
    assert_eq!(keys, ["p/a b+c&\u{fc}\u{1}%/", "p/a+b%2Bc%26%C3%BC%25%2f"]);
    assert!(why(&page_of(&entry("p/%zz"), None)).contains("the key \"p/%zz\" in it is not URL-encoded"));
    assert!(why(&page_of(&entry("p/%f"), None)).contains("not URL-encoded"));
    assert!(why(&page_of(&entry("p/%ff"), None)).contains("not URL-encoded"));
}

#[test]
fn the_same_token_for_ever_is_an_error() {
    let mut listing = Listing::new("p/");
    listing.add_page(page_of(&entry("p/a"), Some("t1")).as_bytes()).unwrap();
    listing.add_page(page_of(&entry("p/b"), Some("t2")).as_bytes()).unwrap();
    let error = listing.add_page(page_of(&entry("p/c"), Some("t1")).as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), "the answer is not a listing: the server gave the same continuation token twice");
}

#[test]
fn new_tokens_for_ever_are_an_error() {
    let mut listing = Listing::new("p/");
    let error = (0..).find_map(|n| listing.add_page(page_of("", Some(&format!("t{n}"))).as_bytes()).err()).unwrap();
    assert_eq!(error.to_string(), "the answer is not a listing: it has more than 10000 pages");
}

#[test]
fn an_error_behind_a_success_is_that_error() {
    let body = "<Error><Code>InternalError</Code><Message>Try again.</Message><RequestId>R</RequestId></Error>";
    assert_eq!(why(body), "answered 200 with an error inside, InternalError: Try again. (request id R)");
}

#[test]
fn what_is_no_listing_is_called_so() {
    let good = page_of(&entry("p/a"), Some("t"));
    for (body, expected) in [
        ("<!DOCTYPE html>\n<html></html>".to_owned(), "it is an HTML page"),
        (" \n<HTML lang=en>".to_owned(), "it is an HTML page"),
        ("<ListAllMyBucketsResult/>".to_owned(), "its root element is <ListAllMyBucketsResult>"),
        (String::new(), "its XML is empty"),
        ("{}".to_owned(), "its XML is text outside of an element at byte 0"),
        (good.replace("<NextContinuationToken>t</NextContinuationToken>", ""), "but not how to ask for it"),
        (good.replace(">t</Next", "></Next"), "but not how to ask for it"),
        (good.replace("<IsTruncated>true</IsTruncated>", ""), "it does not say whether more follows"),
        (good.replace(">true<", ">TRUE<"), "it does not say whether more follows"),
        (good.replace("p/a<", "q/a<"), "it holds the key \"q/a\", outside of \"p/\""),
        (good.replace("<Key>p/a</Key>", "<Key/>"), "an empty key"),
        (good.replace("<Key>p/a</Key>", ""), "an object in it has no Key"),
        (good.replace("<Size>12</Size>", ""), "an object in it has no Size"),
        (good.replace("<Size>12<", "<Size>-1<"), "has the size \"-1\""),
        (good.replace("<Size>12<", "<Size>99999999999999999999<"), "has the size \"99999999999999999999\""),
        (good.replace("T07:08", " 07:08"), "has the time \"2024-05-06 07:08:09.000Z\""),
        (good.replace(".000Z", ".Z"), "has the time"),
        (good.replace("09.000Z", "09+02:00"), "has the time"),
        (good.replace("2024-05-06", "2024-13-06"), "has the time"),
    ] {
        let text = why(&body);
        assert!(text.starts_with("the answer is not a listing: ") && text.contains(expected), "{text}");
    }
}

#[test]
fn a_listing_cut_off_anywhere_is_an_error() {
    let body = page_of(&(entry("p/a") + &entry("p/b")), None);
    for length in 0..body.len() {
        let text = why(&body[..length]);
        assert!(text.starts_with("the answer is not a listing: its XML is "), "{length}: {text}");
    }
}

#[test]
fn a_page_that_failed_can_be_asked_for_again() {
    let mut listing = Listing::new("p/");
    let good = page_of(&entry("p/a"), Some("t"));
    for bad in [&good[..good.len() - 3], &good.replace("p/a<", "q/a<")] {
        listing.add_page(bad.as_bytes()).unwrap_err();
    }
    assert_eq!(listing.add_page(good.as_bytes()), Ok(Some("t".into())));
    assert_eq!(listing.into_objects().len(), 1);
}

/// A fixed sequence, so that a failure can be looked at again. Source: Marsaglia, "Xorshift RNGs".
struct Xorshift(u64);

impl Xorshift {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }
}

#[test]
fn random_bytes_never_panic() {
    const PIECES: [&str; 20] = [
        "<",
        ">",
        "/",
        "</",
        "<!--",
        "-->",
        "<?",
        "&",
        ";",
        "&#x",
        "=\"",
        "'",
        "%",
        "<Contents>",
        "<Key>",
        "</Key>",
        "<ListBucketResult>",
        "<IsTruncated>true",
        "<Error>",
        "\u{fc}",
    ];
    let mut random = Xorshift(0x9e37_79b9_7f4a_7c15);
    let good = page_of(&(entry("p/a%20b") + &entry("p/&amp;&#x62;")), Some("t"));
    let mut accepted = 0_u32;
    for round in 0..100_000 {
        let mut body = if round % 2 == 0 { good.clone().into_bytes() } else { Vec::new() };
        for _ in 0..=random.below(8) {
            let at = random.below(body.len() + 1);
            match random.below(3) {
                0 => drop(body.splice(at..at, PIECES[random.below(PIECES.len())].bytes())),
                1 => body.insert(at, u8::try_from(random.below(256)).unwrap()),
                _ => drop(body.drain(at..(at + random.below(20)).min(body.len()))),
            }
        }
        let mut listing = Listing::new("");
        accepted += u32::from(listing.add_page(&body).is_ok());
        RefusedRequest::new(500, None, None, &body);
    }
    assert!(accepted > 100, "the changes are too big to reach beyond the parser: {accepted}");
}
