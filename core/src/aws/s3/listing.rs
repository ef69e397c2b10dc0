//! The answers of ListObjectsV2, page by page, into a list of objects; what is not a listing is an error that says so.

use super::{Fault, RefusedRequest, plain_etag};
use crate::aws::xml::{self, Element};
use crate::prelude::*;
use alloc::borrow::Cow;
use alloc::collections::BTreeSet;
use jiff::civil::DateTime;
use percent_encoding::percent_decode_str;

/// Ten million objects under one prefix are not releases but a server that never ends.
const MAX_PAGES: usize = 10_000;

/// An object in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedObject {
    /// The whole key, not only what is below the prefix.
    pub key: String,
    /// When it was written, `YYYY-MM-DDTHH:MM:SS[.fraction]Z`, with as many digits as the server gave.
    pub last_modified: String,
    /// Its length.
    pub bytes: u64,
    /// Its ETag without quotes; empty when the server gave none.
    pub etag: String,
}

/// A listing that grows by a page at a time.
#[derive(Debug)]
pub struct Listing {
    prefix: String,
    objects: Vec<ListedObject>,
    tokens: BTreeSet<String>,
}

impl Listing {
    /// Begins the listing of the keys that start with `prefix`.
    pub fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned(), objects: Vec::new(), tokens: BTreeSet::new() }
    }

    /// Adds the page in `body`, and returns the token to ask for the next one with, if there is one.
    ///
    /// # Errors
    /// [`Fault::Refused`] when S3 put an error behind the success, [`Fault::Implausible`] when this is not a page of this
    /// listing. Nothing is added then, and the same page may be asked for again.
    pub fn add_page(&mut self, body: &[u8]) -> Result<Option<String>, Fault> {
        let page = page(body)?;
        if let Some(object) = page.objects.iter().find(|object| !object.key.starts_with(&self.prefix)) {
            return Err(no_listing(format!("it holds the key {:?}, outside of {:?}", object.key, self.prefix)));
        }
        if let Some(token) = &page.next {
            if self.tokens.len() == MAX_PAGES {
                return Err(no_listing(format!("it has more than {MAX_PAGES} pages")));
            }
            if !self.tokens.insert(token.clone()) {
                return Err(no_listing("the server gave the same continuation token twice".to_owned()));
            }
        }
        self.objects.extend(page.objects);
        Ok(page.next)
    }

    /// All objects so far, in the order of the server.
    pub fn into_objects(self) -> Vec<ListedObject> {
        self.objects
    }
}

struct Page {
    objects: Vec<ListedObject>,
    next: Option<String>,
}

fn no_listing(why: String) -> Fault {
    Fault::Implausible { why: format!("the answer is not a listing: {why}") }
}

fn page(body: &[u8]) -> Result<Page, Fault> {
    if is_html(body) {
        return Err(no_listing(
            "it is an HTML page (does the endpoint lead to S3, or to a proxy or login page?)".to_owned(),
        ));
    }
    let root = xml::parse(body).map_err(|why| no_listing(format!("its XML is {why}")))?;
    if let Some(answer) = RefusedRequest::behind_success(&root) {
        return Err(Fault::Refused(Box::new(answer)));
    }
    if root.name != "ListBucketResult" {
        return Err(no_listing(format!("its root element is <{}>", root.name)));
    }
    let is_encoded = root.child_text("EncodingType") == Some("url");
    let contents = root.children.iter().filter(|child| child.name == "Contents");
    let objects = contents.map(|element| object(element, is_encoded)).collect::<Result<_, _>>().map_err(no_listing)?;
    let next = match (root.child_text("IsTruncated"), root.child_text("NextContinuationToken")) {
        (Some("false"), _) => None,
        (Some("true"), Some(token)) if !token.is_empty() => Some(token.to_owned()),
        (Some("true"), _) => return Err(no_listing("it says that more follows, but not how to ask for it".to_owned())),
        _ => return Err(no_listing("it does not say whether more follows (IsTruncated)".to_owned())),
    };
    Ok(Page { objects, next })
}

fn is_html(body: &[u8]) -> bool {
    let body = body.trim_ascii_start();
    [&b"<!doctype html"[..], b"<html"]
        .iter()
        .any(|start| body.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start)))
}

fn object(element: &Element<'_>, is_encoded: bool) -> Result<ListedObject, String> {
    let field = |name: &str| element.child_text(name).ok_or_else(|| format!("an object in it has no {name}"));
    let raw = field("Key")?;
    let key = if is_encoded { decoded(raw)? } else { raw.to_owned() };
    let last_modified = field("LastModified")?;
    if key.is_empty() {
        return Err("an object in it has an empty key".to_owned());
    }
    if !is_moment(last_modified) {
        return Err(format!("the key {key:?} in it has the time {last_modified:?}"));
    }
    let size = field("Size")?;
    let bytes = size.parse().map_err(|_| format!("the key {key:?} in it has the size {size:?}"))?;
    let etag = plain_etag(element.child_text("ETag").unwrap_or_default()).to_owned();
    Ok(ListedObject { key, last_modified: last_modified.to_owned(), bytes, etag })
}

/// Whether the text is `YYYY-MM-DDTHH:MM:SS[.digits]Z`. A time may be written in other ways that S3 does not.
fn is_moment(text: &str) -> bool {
    text.strip_suffix('Z').is_some_and(|text| text.contains('T') && text.parse::<DateTime>().is_ok())
}

/// Undoes `encoding-type=url`, which is form encoding at AWS: a blank is `+`, a plus `%2B`.
fn decoded(raw: &str) -> Result<String, String> {
    let broken = || format!("the key {raw:?} in it is not URL-encoded");
    // The decoder leaves a lone percent sign as it is.
    let is_byte = |rest: &str| rest.len() >= 2 && rest.bytes().take(2).all(|digit| digit.is_ascii_hexdigit());
    if !raw.split('%').skip(1).all(is_byte) {
        return Err(broken());
    }
    let key = raw.replace('+', " ");
    percent_decode_str(&key).decode_utf8().map(Cow::into_owned).map_err(|_| broken())
}

#[cfg(test)]
#[path = "listing_tests.rs"]
mod tests;
