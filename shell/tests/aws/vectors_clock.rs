//! The cases of wrong clocks that AWS ships, played against the client: what it signs with, how often it asks, what it
//! has learned.

use super::support::{Reply, Request, Server};
use super::vectors::{RUNTIME, cases, fetched};
use super::{stopped_clock, variables};
use c2_core::time::parse_utc;
use c2_shell::aws::Tuning;
use c2_shell::s3::S3;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// The client with a clock that the server sets.
struct Client {
    server: Server,
    now_s: Arc<AtomicU64>,
    coming: Arc<Mutex<VecDeque<Value>>>,
    /// What requests were signed with.
    signed: Arc<Mutex<Vec<String>>>,
    s3: S3,
    asks_s3: bool,
}

impl Client {
    fn new(asks_s3: bool, max_attempts: u64) -> Self {
        let (now_s, coming) = (Arc::new(AtomicU64::new(0)), Arc::new(Mutex::new(VecDeque::<Value>::new())));
        let signed = Arc::new(Mutex::new(Vec::new()));
        let server = Server::new({
            let (now_s, coming, signed) = (Arc::clone(&now_s), Arc::clone(&coming), Arc::clone(&signed));
            move |_, request| {
                signed.lock().unwrap().push(signing_time(request));
                let Some(attempt) = coming.lock().unwrap().pop_front() else { return Reply::new(404, &[], "") };
                now_s.store(time(&attempt, "clientTimeAtReceive"), Ordering::SeqCst);
                reply(&attempt["response"], asks_s3)
            }
        });
        let (url, most) = (server.url(), max_attempts.to_string());
        let env = [
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "SECRETKEY"),
            ("AWS_ENDPOINT_URL", url.as_str()),
            ("AWS_MAX_ATTEMPTS", most.as_str()),
        ];
        let tuning = Tuning { pause: Box::new(|_| ()), ..stopped_clock(&now_s) };
        Self { s3: S3::tuned(&variables(&env), tuning), server, now_s, coming, signed, asks_s3 }
    }

    /// One operation; `None` when it succeeds, else the error.
    fn operate(&self, attempts: &[Value]) -> Option<String> {
        self.coming.lock().unwrap().extend(attempts.iter().cloned());
        self.signed.lock().unwrap().clear();
        self.now_s.store(time(&attempts[0], "clientTimeAtSend"), Ordering::SeqCst);
        match self.asks_s3 {
            true => self.s3.get_small("bucket", "k", 100).err().map(|error| error.to_string()),
            false => self.s3.aws().secret("db").err().map(|error| error.to_string()),
        }
    }

    /// What the next request would be signed with, less the time of the machine: asked for by a request without a date.
    fn skew_s(&self) -> i64 {
        let now = json!({
            "clientTimeAtSend": "2026-02-01T00:00:00Z",
            "clientTimeAtReceive": "2026-02-01T00:00:00Z",
            "response": {"statusCode": 200, "headers": {}},
        });
        assert_eq!(self.operate(std::slice::from_ref(&now)), None);
        let signed = self.signed.lock().unwrap()[0].clone();
        let (date, clock) = signed.split_once('T').unwrap();
        let part = |text: &str, from: usize| text[from..from + 2].to_owned();
        let date = format!("{}-{}-{}", &date[..4], part(date, 4), part(date, 6));
        let signed = format!("{date}T{}:{}:{}Z", part(clock, 0), part(clock, 2), part(clock, 4));
        parse_utc(&signed).unwrap().cast_signed() - time(&now, "clientTimeAtSend").cast_signed()
    }

    /// Makes the client learn, when this attempt is to be made, that the service's clock is so far ahead.
    fn learn(&self, skew_s: i64, attempt: &Value) {
        let at = &attempt["clientTimeAtSend"];
        assert_eq!(at, "2026-01-01T00:00:00Z");
        let date = format!("Thu, 01 Jan 2026 00:{:02}:00 GMT", skew_s / 60);
        let learnt = json!({
            "clientTimeAtSend": at,
            "clientTimeAtReceive": at,
            "response": {"statusCode": 200, "headers": {"Date": date}},
        });
        assert_eq!(self.operate(&[learnt]), None);
        assert_eq!(self.skew_s(), skew_s);
    }
}

fn time(attempt: &Value, name: &str) -> u64 {
    parse_utc(attempt[name].as_str().unwrap()).unwrap()
}

fn signing_time(request: &Request) -> String {
    let header = || request.headers.iter().find_map(|line| line.strip_prefix("x-amz-date: "));
    request.query("X-Amz-Date").or_else(header).unwrap().to_uppercase()
}

fn reply(response: &Value, is_s3: bool) -> Reply {
    let headers = response["headers"].as_object().unwrap().iter();
    let headers: Vec<_> = headers.map(|(name, value)| (name.as_str(), value.as_str().unwrap())).collect();
    let body = match (response["errorCode"].as_str(), is_s3) {
        (Some(code), true) => format!("<Error><Code>{code}</Code></Error>"),
        (Some(code), false) => json!({"__type": code}).to_string(),
        (None, _) => json!({"SecretString": "{}"}).to_string(),
    };
    Reply::new(u16::try_from(response["statusCode"].as_u64().unwrap()).unwrap(), &headers, body)
}

/// Whether the client does in a case what AWS's own does; else what it does.
fn play(case: &Value, asks_s3: bool) -> Result<(), String> {
    let operations = case["operations"].as_array().unwrap();
    let client = Client::new(asks_s3, operations[0]["maxAttempts"].as_u64().unwrap_or(3));
    if let Some(skew_s @ 1..) = operations[0]["initialClientSkew"].as_i64() {
        client.learn(skew_s, &operations[0]["attempts"][0]);
    }
    for (n, operation) in operations.iter().enumerate() {
        let differs = |what: &str| Err(format!("{}, operation {n}, S3 {asks_s3}: {what}", case["description"]));
        let attempts = operation["attempts"].as_array().unwrap();
        let error = client.operate(attempts);
        let expected = attempts.iter().map(|attempt| attempt["expectedSigningTime"].as_str().unwrap());
        let expected: Vec<_> = expected.map(|time| time.replace(['-', ':'], "")).collect();
        let signed = client.signed.lock().unwrap().clone();
        if signed != expected {
            return differs(&format!("signed with {signed:?}, not {expected:?}"));
        }
        if error.is_some() != (operation["expectedOutcome"] == "error") {
            return differs(&format!("ended with {error:?}"));
        }
        let skew_s = client.skew_s();
        if Some(skew_s) != operation["expectedClientSkew"].as_i64() {
            return differs(&format!("learned {skew_s} s"));
        }
    }
    assert!(!client.server.requests().is_empty());
    Ok(())
}

#[test]
fn the_client_corrects_its_clock_as_that_of_aws_does() {
    let Some(folder) = fetched(RUNTIME) else { return };
    let all = cases(&folder.join("test-data/clock-skew-test-cases.json"));
    let played = all.iter().flat_map(|case| [play(case, false), play(case, true)]);
    let differing: Vec<String> = played.filter_map(Result::err).collect();
    println!("{} cases, each with a service of JSON and S3", all.len());
    assert!(all.len() >= 10);
    assert_eq!(differing, [""; 0]);
}
