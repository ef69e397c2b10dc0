//! The web server of the sample releases: `web PORT TEXT` answers every request with its text. `/slow` takes five
//! seconds, `/fail` is answered with status 500, a websocket's bytes are sent back, and a text that is `silent` never
//! listens at all.

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
