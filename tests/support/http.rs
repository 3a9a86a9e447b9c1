//! As much of HTTP as a stand-in for a service needs, on loopback.

use std::io::{self, BufRead, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Listens until it is dropped.
pub struct Listening {
    pub address: SocketAddr,
    is_over: Arc<AtomicBool>,
}

impl Listening {
    /// Serves each connection in a thread of its own.
    pub fn new(serve: impl Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let listening = Self {
            address: listener.local_addr().unwrap(),
            is_over: Arc::default(),
        };
        let (is_over, serve) = (listening.is_over.clone(), Arc::new(serve));
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                if is_over.load(Ordering::Relaxed) {
                    return;
                }
                let serve = serve.clone();
                thread::spawn(move || {
                    connection.set_read_timeout(Some(Duration::from_secs(30)))?;
                    serve(connection)
                });
            }
        });
        listening
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address);
    }
}

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
    pub at: Instant,
    /// Whether the answer was `ok`.
    pub is_accepted: bool,
}

impl Request {
    /// Reads it; `None` where whoever called was gone before a word was said.
    pub fn read(reader: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let mut words = line.split(' ').map(str::to_owned);
        let mut word = || words.next().unwrap_or_default();
        let mut request = Self {
            method: word(),
            path: word(),
            headers: Vec::new(),
            body: String::new(),
            at: Instant::now(),
            is_accepted: false,
        };
        loop {
            line.clear();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.trim().split_once(": ") else {
                break;
            };
            let header = (name.to_ascii_lowercase(), value.to_owned());
            request.headers.push(header);
        }
        let length = request.header("content-length").unwrap_or("0");
        let mut body = vec![0; length.parse().unwrap_or(0)];
        reader.read_exact(&mut body)?;
        request.body = String::from_utf8_lossy(&body).into_owned();
        Ok(Some(request))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let header = self.headers.iter().find(|(known, _)| known == name);
        header.map(|(_, value)| value.as_str())
    }
}

/// Answers with a status, a header or none, and a body.
pub fn answer(mut to: impl Write, status: u16, header: &str, body: &str) -> io::Result<()> {
    let header = if header.is_empty() { "x: y" } else { header };
    let length = body.len();
    write!(
        to,
        "HTTP/1.1 {status} X\r\n{header}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}
