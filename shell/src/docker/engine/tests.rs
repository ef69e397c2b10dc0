//! The engine's socket: which one it is, answers, and what comes when there is no answer.

use std::os::unix::net::UnixListener;

use super::*;

fn environment(variables: &[(&str, &str)]) -> BTreeMap<String, String> {
    variables.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

/// The engine behind a socket that gives these answers, one to a connection, and what it was asked.
fn asked<T>(answers: &[&str], limit: Duration, ask: impl FnOnce(&Engine) -> T) -> (T, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("docker.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let variables = environment(&[("DOCKER_HOST", &format!("unix://{}", path.display()))]);
    let mut engine = Engine::new(&variables, &Log::default(), &Rc::default());
    engine.limit = limit;
    thread::scope(|scope| {
        let serve = || {
            let answer = |answer: &&str| {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = vec![0; 4096];
                let length = stream.read(&mut request).unwrap();
                stream.write_all(answer.as_bytes()).unwrap();
                if answer.is_empty() {
                    // It hangs until the other side has given up.
                    let _ = stream.read(&mut [0]);
                }
                String::from_utf8_lossy(&request[..length]).lines().next().unwrap().to_string()
            };
            answers.iter().map(answer).collect::<Vec<_>>()
        };
        let server = scope.spawn(serve);
        let answer = ask(&engine);
        (answer, server.join().unwrap())
    })
}

fn ok(body: &str) -> String {
    format!("HTTP/1.0 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

const LONG: Duration = Duration::from_secs(20);

#[test]
fn the_socket_is_the_one_that_the_docker_command_would_use() {
    let found = |variables: &[(&str, &str)]| socket(&environment(variables)).ok();
    let usual = Some(PathBuf::from(SOCKET));
    assert_eq!(found(&[]), usual);
    assert_eq!(found(&[("DOCKER_HOST", ""), ("DOCKER_CONTEXT", "default")]), usual);
    assert_eq!(found(&[("DOCKER_HOST", "unix:///run/x.sock"), ("DOCKER_CONTEXT", "far")]), Some("/run/x.sock".into()));
    for other in ["tcp://10.0.0.1:2376", "ssh://far", "unix://", "npipe://x"] {
        assert_eq!(found(&[("DOCKER_HOST", other)]), None);
    }
    assert_eq!(found(&[("DOCKER_CONTEXT", "far")]), None);
}

#[test]
fn a_context_that_was_chosen_for_good_is_no_socket() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join(".docker");
    fs::create_dir(&folder).unwrap();
    let found = |variables: &[(&str, &str)]| socket(&environment(variables)).is_ok();
    let (home, docker) = (home.path().to_str().unwrap(), folder.to_str().unwrap());
    for (config, is_usual) in [(r#"{"currentContext":"far"}"#, false), (r#"{"auths":{}}"#, true), ("{", true)] {
        fs::write(folder.join("config.json"), config).unwrap();
        assert_eq!(found(&[("HOME", home)]), is_usual, "{config}");
        assert_eq!(found(&[("HOME", "/"), ("DOCKER_CONFIG", docker)]), is_usual, "{config}");
    }
    fs::write(folder.join("config.json"), r#"{"currentContext":"far"}"#).unwrap();
    assert!(found(&[("HOME", home), ("DOCKER_CONTEXT", "default")]));
}

#[test]
fn a_container_is_read() {
    let state =
        |flags: &str| ok(&format!(r#"{{"Id":"ab","State":{{{flags},"Pid":7}},"Config":{{"Labels":{{"a":"b"}}}}}}"#));
    let found = |flags: &str| {
        let look = |engine: &Engine| engine.container("proxy").unwrap().unwrap().unwrap();
        asked(&[&state(flags)], LONG, look)
    };
    let (container, requests) = found(r#""Running":true,"Paused":false"#);
    let labels = environment(&[("a", "b")]);
    assert_eq!(container, Inspected { id: "ab".into(), running: true, paused: false, pid: 7, labels });
    assert_eq!(requests, ["GET /containers/proxy/json HTTP/1.0"]);
    assert!(!found(r#""Running":true,"Paused":true"#).0.running);
    assert!(!found(r#""Running":true,"Restarting":true"#).0.running);
    assert!(!found(r#""Running":false"#).0.running);
}

#[test]
fn a_container_that_is_not_there_is_an_answer_and_an_error_is_a_failure() {
    let look = |engine: &Engine| engine.container("proxy");
    let none = "HTTP/1.0 404 Not Found\r\n\r\n{\"message\":\"No such container: proxy\"}";
    assert_eq!(asked(&[none], LONG, look).0, Ok(Some(None)));
    let error = "HTTP/1.0 500 Internal Server Error\r\n\r\n{\"message\":\"no space left\"}";
    let failure = Failure::world("look at the container proxy", "no space left");
    assert_eq!(asked(&[error], LONG, look).0, Err(failure));
}

#[test]
fn the_docker_command_is_asked_when_no_answer_is_understood() {
    let look = |engine: &Engine| engine.container("proxy");
    for answer in [
        "not HTTP",
        "HTTP/1.0 404 Not Found\r\n\r\n{\"message\":\"page not found\"}",
        "HTTP/1.0 502 Bad Gateway\r\n\r\n<html>",
        "HTTP/1.0 200 OK\r\n\r\n{\"Id\":\"ab\"}",
        "HTTP/1.0 200 OK\r\nContent-Length: 9\r\n\r\n{}",
    ] {
        assert_eq!(asked(&[answer], LONG, look).0, Ok(None), "{answer}");
    }
    let nowhere =
        Engine::new(&environment(&[("DOCKER_HOST", "unix:///nowhere/docker.sock")]), &Log::default(), &Rc::default());
    assert_eq!(look(&nowhere), Ok(None));
}

#[test]
fn an_engine_that_hangs_is_a_failure_at_the_limit() {
    let look = |engine: &Engine| engine.container("proxy");
    let failure = asked(&[""], Duration::from_millis(30), look).0.unwrap_err();
    assert!(failure.to_string().contains("no answer of the docker engine"), "{failure}");
}

#[test]
fn what_has_a_label_is_listed_by_it_and_then_looked_at_one_by_one() {
    let found = |engine: &Engine| engine.with_label("a=b", &|labels| labels["a"] == "b");
    let (none, requests) = asked(&[&ok("[]")], LONG, found);
    let listed = "GET /containers/json?all=1&filters=%7B%22label%22%3A%5B%22a%3Db%22%5D%7D HTTP/1.0";
    assert_eq!((none, &requests[..]), (Ok(Some(vec![])), &[listed.to_string()][..]));
    let gone = "HTTP/1.0 404 Not Found\r\n\r\n{\"message\":\"No such container: cd\"}";
    let answers = [
        &ok(r#"[{"Id":"ab","Labels":{"a":"b"}},{"Id":"no"},{"Id":"cd","Labels":{"a":"b"}}]"#),
        &ok(r#"{"Id":"ab"}"#),
        gone,
    ];
    let (some, requests) = asked(&answers, LONG, found);
    assert_eq!(some, Ok(Some(vec![json!({"Id": "ab"})])), "one that was removed meanwhile is not there");
    assert_eq!(requests[1..], ["GET /containers/ab/json HTTP/1.0", "GET /containers/cd/json HTTP/1.0"]);
    assert_eq!(asked(&[&ok("{}")], LONG, found).0, Ok(None));
}

#[test]
fn a_command_is_run_to_its_end() {
    let run = |engine: &Engine| engine.exec("proxy", &["nginx", "-t"]).unwrap().unwrap();
    let (created, printed) = (ok(r#"{"Id":"x1"}"#), "HTTP/1.0 200 OK\r\n\r\n\x02\0\0\0\0\0\0\x03bad");
    let (running, ended) = (ok(r#"{"Running":true,"ExitCode":null}"#), ok(r#"{"Running":false,"ExitCode":1}"#));
    let (called, requests) = asked(&[&created, printed, &running, &ended], LONG, run);
    assert_eq!((called.succeeded, &*called.stdout, &*called.stderr), (false, "", "bad"));
    let looked = "GET /exec/x1/json HTTP/1.0";
    let expected = ["POST /containers/proxy/exec HTTP/1.0", "POST /exec/x1/start HTTP/1.0", looked, looked];
    assert_eq!(requests, expected);
    let good = ok(r#"{"Running":false,"ExitCode":0}"#);
    assert!(asked(&[&created, printed, &good], LONG, run).0.succeeded);
}
