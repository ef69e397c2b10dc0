//! Answers of the docker engine, from bytes to values.

use serde_json::Value;

/// An answer to a request of HTTP/1.0, whole: its body ends where its head says, else with the connection, and never comes
/// in chunks (RFC 9112, section 6.1).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct EngineAnswer {
    /// Its status.
    pub(super) status: u16,
    /// Its body.
    pub(super) body: Vec<u8>,
}

impl EngineAnswer {
    /// Reads all that came until the connection was closed; `None` when that is not HTTP, or not all of it.
    pub(super) fn read(bytes: &[u8]) -> Option<EngineAnswer> {
        let end = bytes.windows(4).position(|part| part == b"\r\n\r\n")?;
        let head = std::str::from_utf8(bytes.get(..end)?).ok()?;
        let rest = bytes.get(end + 4..)?;
        let mut lines = head.split("\r\n");
        let status = lines.next()?.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
        let mut headers = lines.filter_map(|line| line.split_once(':'));
        let body = match headers.find(|(name, _)| name.eq_ignore_ascii_case("content-length")) {
            Some((_, length)) => rest.get(..length.trim().parse().ok()?)?,
            None => rest,
        };
        Some(EngineAnswer { status, body: body.to_vec() })
    }

    /// Its body as JSON; `None` when it is none.
    pub(super) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// What the engine says of a request that failed (`ErrorResponse` of the Engine API).
    pub(super) fn message(&self) -> Option<String> {
        Some(self.json()?.get("message")?.as_str()?.to_string())
    }
}

/// What a command printed to standard output and standard error: frames of a stream's number, three zeros, the length
/// as a big-endian number and so many bytes (Engine API, "Stream format" of `ContainerAttach`).
pub(super) fn printed(mut frames: &[u8]) -> Option<(String, String)> {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    while !frames.is_empty() {
        let (head, rest) = frames.split_first_chunk::<8>()?;
        let [stream, _, _, _, length @ ..] = *head;
        let (content, rest) = rest.split_at_checked(u32::from_be_bytes(length).try_into().ok()?)?;
        if stream == 2 { &mut stderr } else { &mut stdout }.extend_from_slice(content);
        frames = rest;
    }
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Some((text(stdout), text(stderr)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(answer: &str) -> Option<String> {
        EngineAnswer::read(answer.as_bytes()).map(|answer| String::from_utf8(answer.body).unwrap())
    }

    #[test]
    fn a_body_is_as_long_as_its_head_says() {
        assert_eq!(body("HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\n[1]"), Some("[1]".into()));
        assert_eq!(body("HTTP/1.0 200 OK\r\n\r\nuntil the end"), Some("until the end".into()));
    }

    #[test]
    fn an_answer_that_broke_off_or_is_no_http_is_none() {
        for bytes in [
            "",
            "HTTP/1.0 200 OK\r\n",
            "220 smtp.example.com\r\n\r\n",
            "HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\n[1]",
            "HTTP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n[1]",
        ] {
            assert_eq!(body(bytes), None, "{bytes}");
        }
    }

    #[test]
    fn what_a_command_prints_is_told_apart_by_stream() {
        let frames = b"\x02\0\0\0\0\0\0\x02no\x01\0\0\0\0\0\0\x03yes\x02\0\0\0\0\0\0\x01!";
        assert_eq!(printed(frames), Some(("yes".into(), "no!".into())));
        assert_eq!(printed(b""), Some((String::new(), String::new())));
        for broken in [&frames[..9], &frames[..4], &b"\x02\0\0\0\xff\xff\xff\xff"[..]] {
            assert_eq!(printed(broken), None);
        }
    }
}
