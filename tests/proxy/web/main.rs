//! The web server of the sample releases: `web PORT TEXT [listen-after=MS] [die-after=MS] [end-after=MS]` answers every request with
//! its text. `/slow` takes five seconds, `/fail` is answered with status 500, a websocket's bytes are sent back, and a
//! text that is `silent` never listens at all. It says when it listens. It dies with status 3 and ends with 0. `web check PORT PATH` is a health check: it
//! ends with 0 where the server on this port answers with 200.

use std::{
    env,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    process, thread,
    time::Duration,
};

fn main() {
    let arguments: Vec<String> = env::args().collect();
    if arguments[1] == "check" {
        process::exit(i32::from(!answers(&arguments[2], &arguments[3])));
    }
    let (port, text) = (&arguments[1], arguments[2].clone());
    println!("web server {text} begins");
    for (name, status) in [("die-after", 3), ("end-after", 0)] {
        let Some(life) = option(&arguments, name) else { continue };
        thread::spawn(move || {
            thread::sleep(life);
            println!("boom: this server ends with {status}");
            process::exit(status);
        });
    }
    if text == "silent" {
        println!("boom: this server never listens");
        loop {
            thread::sleep(Duration::from_secs(3600));
        }
    }
    thread::sleep(option(&arguments, "listen-after").unwrap_or_default());
    let listener = TcpListener::bind(format!("0.0.0.0:{port}")).expect("the port is free");
    println!("web server {text} listens");
    for stream in listener.incoming().flatten() {
        let text = text.clone();
        thread::spawn(move || serve(stream, &text));
    }
}

/// The time that the argument `NAME=MS` gives.
fn option(arguments: &[String], name: &str) -> Option<Duration> {
    let millis = arguments.iter().find_map(|argument| argument.strip_prefix(name)?.strip_prefix('='))?;
    Some(Duration::from_millis(millis.parse().expect("a number of milliseconds")))
}

/// Whether the server on this port answers with status 200.
fn answers(port: &str, path: &str) -> bool {
    let Ok(mut stream) = TcpStream::connect(format!("127.0.0.1:{port}")) else { return false };
    let mut line = String::new();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").is_ok()
        && BufReader::new(stream).read_line(&mut line).is_ok()
        && line.starts_with("HTTP/1.1 200")
}

/// Answers the requests of one connection until it is closed or asks to be.
fn serve(mut stream: TcpStream, text: &str) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?);
    loop {
        let (mut first, mut close, mut upgrade) = (String::new(), false, false);
        if lines.read_line(&mut first).ok()? == 0 {
            return None;
        }
        loop {
            let mut line = String::new();
            if lines.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let line = line.trim().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            close |= line == "connection: close";
            upgrade |= line == "upgrade: websocket";
        }
        if upgrade {
            let switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";
            stream.write_all(switching.as_bytes()).ok()?;
            loop {
                let bytes = lines.fill_buf().ok().filter(|bytes| !bytes.is_empty())?.to_vec();
                lines.consume(bytes.len());
                stream.write_all(&bytes).ok()?;
            }
        }
        let path = first.split(' ').nth(1).unwrap_or("/");
        if path == "/slow" {
            thread::sleep(Duration::from_secs(5));
        }
        let status = if path == "/fail" { "500 Internal Server Error" } else { "200 OK" };
        let kept = if close { "close" } else { "keep-alive" };
        let length = text.len();
        write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: {kept}\r\n\r\n{text}").ok()?;
        if close {
            return None;
        }
    }
}
