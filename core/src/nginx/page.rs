//! What an endpoint in maintenance answers: a page of one line, safe between single quotes in an nginx file.

use crate::prelude::*;

use crate::config::PageText;

/// After how many seconds a client that was answered the page may ask again.
pub(super) const RETRY_AFTER_S: u32 = 120;

/// The page that says this.
pub(super) fn page(message: &PageText) -> String {
    format!(
        "<!DOCTYPE html><html><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>Maintenance</title></head>\
         <body style=\"font-family: sans-serif; max-width: 40em; margin: 20vh auto; padding: 0 1em\">\
         <p>{}</p></body></html>",
        escaped(message.as_str())
    )
}

/// The text in HTML, also without what nginx reads as more than itself: a variable, an escape, the end of the quotes.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '&' | '<' | '>' | '"' | '\'' | '$' | '\\' => escaped.push_str(&format!("&#{};", u32::from(character))),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::page;
    use crate::config::{FromText, PageText};

    #[test]
    fn nothing_in_a_message_is_markup_or_means_anything_to_nginx() {
        let message = PageText::from_text(r#"</p><script>alert('"$host" \ & {};#')</script> süß"#).unwrap();
        let page = page(&message);
        let expected = "<p>&#60;/p&#62;&#60;script&#62;alert(&#39;&#34;&#36;host&#34; &#92; &#38; {};#&#39;)\
                        &#60;/script&#62; süß</p>";
        assert!(page.contains(expected), "{page}");
        assert!(!page.contains(['\'', '$', '\\']), "{page}");
    }

    #[test]
    fn the_longest_page_is_one_parameter_of_nginx() {
        let message = PageText::from_text(&"'".repeat(500)).unwrap();
        assert!(page(&message).len() < 4000, "{}", page(&message).len());
    }
}
