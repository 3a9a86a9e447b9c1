//! A stand-in for a service, on loopback, that holds each request to the service's own rules.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// A status, a header or none, and a body.
pub type Answer = (u16, &'static str, String);

/// What is asked of it.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// How many requests were before it.
    pub number: usize,
    pub method: &'a str,
    pub target: &'a str,
    pub authorization: &'a str,
    pub body: &'a str,
}

/// A request, and the status of what was answered.
#[derive(Debug, Clone)]
pub struct Post {
    pub method: String,
    pub target: String,
    pub body: Value,
    pub status: u16,
}

/// Listens until it is dropped.
pub struct Service {
    address: SocketAddr,
    posts: Arc<Mutex<Vec<Post>>>,
    is_over: Arc<AtomicBool>,
}

impl Service {
    /// Answers as `answer` says of the number of the request, from 0, its target and its body; nothing but a
    /// POST is taken.
    pub fn new(answer: impl Fn(usize, &str, &str) -> Answer + Send + Sync + 'static) -> Self {
        Self::of(move |asked| match asked.method {
            "POST" => answer(asked.number, asked.target, asked.body),
            _ => (405, "", String::new()),
        })
    }

    /// Answers whatever is asked.
    pub fn of(answer: impl Fn(Asked<'_>) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let service = Self {
            address: listener.local_addr().unwrap(),
            posts: Arc::default(),
            is_over: Arc::default(),
        };
        let (posts, is_over) = (service.posts.clone(), service.is_over.clone());
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                if is_over.load(Ordering::Relaxed) {
                    return;
                }
                let _ = serve(&connection, &posts, &answer);
            }
        });
        service
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Its host and port, for schemes of their own.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    pub fn posts(&self) -> Vec<Post> {
        self.posts.lock().unwrap().clone()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(
    mut connection: &TcpStream,
    posts: &Mutex<Vec<Post>>,
    answer: &impl Fn(Asked<'_>) -> Answer,
) -> std::io::Result<()> {
    connection.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut reader = BufReader::new(connection);
    let (mut first, mut length, mut is_json) = (String::new(), 0, false);
    let mut authorization = String::new();
    reader.read_line(&mut first)?;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim().split_once(": ") else {
            break;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap_or(0),
            "authorization" => value.clone_into(&mut authorization),
            "content-type" => is_json = value == "application/json",
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let body = String::from_utf8_lossy(&body).into_owned();
    let mut words = first.split(' ');
    let mut word = || words.next().unwrap_or_default().to_owned();
    let (method, target) = (word(), word());
    let mut posts = posts.lock().unwrap();
    let (status, header, said) = if method == "GET" || is_json {
        answer(Asked {
            number: posts.len(),
            method: &method,
            target: &target,
            authorization: &authorization,
            body: &body,
        })
    } else {
        (415, "", String::new())
    };
    posts.push(Post {
        method,
        target,
        body: serde_json::from_str(&body).unwrap_or_default(),
        status,
    });
    let header = if header.is_empty() { "x: y" } else { header };
    let length = said.len();
    write!(
        connection,
        "HTTP/1.1 {status} X\r\n{header}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{said}"
    )
}
