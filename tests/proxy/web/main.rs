//! The web server of the sample releases: `web PORT TEXT` answers every request with its text. `/slow` takes five
//! seconds, `/fail` is answered with status 500, and a text that is `silent` never listens at all.

use std::{
    env,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    thread,
    time::Duration,
};

fn main() {
    let arguments: Vec<String> = env::args().collect();
    let (port, text) = (&arguments[1], arguments[2].clone());
    println!("web server {text} begins");
    if text == "silent" {
        println!("boom: this server never listens");
        loop {
            thread::sleep(Duration::from_secs(3600));
        }
    }
    let listener = TcpListener::bind(format!("0.0.0.0:{port}")).expect("the port is free");
    for stream in listener.incoming().flatten() {
        let text = text.clone();
        thread::spawn(move || serve(stream, &text));
    }
}

/// Answers the requests of one connection until it is closed or asks to be.
fn serve(mut stream: TcpStream, text: &str) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?);
    loop {
        let (mut first, mut close) = (String::new(), false);
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
