//! A stand-in for a webhook's server, on loopback.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// The secret part of every webhook here: it must turn up nowhere.
pub const SECRET: &str = "T000/B000/s3cr3t";

/// What the receiver answers.
#[derive(Debug, Clone)]
pub enum Answer {
    Ok,
    Status(u16, &'static str),
    /// With a header, such as `Retry-After: 1`.
    With(u16, &'static str, &'static str),
    /// Breaks off after this, though its length announced more.
    Cut(u16, &'static str),
    /// `ok`, but only after this time.
    Late(Duration),
    /// Accepts the request and never answers.
    Hang,
    /// Answers a byte at a time.
    Drip,
    /// Closes the connection without an answer.
    Close,
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
    pub fn header(&self, name: &str) -> Option<&str> {
        let header = self.headers.iter().find(|(known, _)| known == name);
        header.map(|(_, value)| value.as_str())
    }

    /// The message as text: each alert where there are a few, and the digest of more.
    pub fn text(&self) -> String {
        let payload = self.payload();
        let Some(attachments) = payload["attachments"].as_array() else {
            return payload["text"].as_str().unwrap().to_owned();
        };
        let mut texts = Vec::new();
        for attachment in attachments {
            let fallback = attachment["fallback"].as_str().unwrap();
            if fallback.starts_with("--- ") {
                texts.push(fallback.to_owned());
                continue;
            }
            let sections = attachment["blocks"].as_array();
            let parts = match sections {
                Some(sections) => sections
                    .iter()
                    .map(|block| &block["elements"][0]["elements"][0]["text"])
                    .collect(),
                None => vec![&attachment["text"]],
            };
            texts.extend(parts.iter().map(|part| part.as_str().unwrap().to_owned()));
        }
        texts.join("\n")
    }

    pub fn payload(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// Listens until it is dropped.
pub struct Receiver {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    is_down: Arc<AtomicBool>,
    is_over: Arc<AtomicBool>,
}

impl Receiver {
    /// Answers every request with `ok`.
    pub fn new() -> Self {
        Self::answering(|_| Answer::Ok)
    }

    /// Answers every request like this until it is [mended](Self::mend), and then with `ok`.
    pub fn down(while_down: Answer) -> Self {
        Self::down_then(while_down, |_| Answer::Ok)
    }

    /// The same, but for what it answers once it is mended.
    pub fn down_then(
        while_down: Answer,
        once_mended: impl Fn(usize) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let is_down = Arc::new(AtomicBool::new(true));
        let down = is_down.clone();
        let mut receiver = Self::answering(move |number| {
            if down.load(Ordering::SeqCst) {
                while_down.clone()
            } else {
                once_mended(number)
            }
        });
        receiver.is_down = is_down;
        receiver
    }

    pub fn mend(&self) {
        self.is_down.store(false, Ordering::SeqCst);
    }

    pub fn take_down(&self) {
        self.is_down.store(true, Ordering::SeqCst);
    }

    /// Answers the n-th request, from 0, as `answer` says.
    pub fn answering(answer: impl Fn(usize) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let is_over = Arc::new(AtomicBool::new(false));
        let (received, over, answer) = (requests.clone(), is_over.clone(), Arc::new(answer));
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                if over.load(Ordering::Relaxed) {
                    return;
                }
                let (received, answer) = (received.clone(), answer.clone());
                thread::spawn(move || {
                    let _ = serve(connection, &received, &*answer);
                });
            }
        });
        Self {
            address,
            requests,
            is_down: Arc::default(),
            is_over,
        }
    }

    pub fn webhook(&self) -> String {
        format!("http://{}/services/{SECRET}", self.address)
    }

    /// The same for alerts as JSON, which can be read back.
    pub fn json_webhook(&self) -> String {
        self.webhook().replace("http://", "json://")
    }

    /// A host and its port, for schemes of their own.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// The texts of all messages, in the order in which they came.
    pub fn texts(&self) -> Vec<String> {
        self.requests().iter().map(Request::text).collect()
    }

    /// The texts of those that were accepted, as far as the receiver knows.
    pub fn accepted(&self) -> Vec<String> {
        let accepted = self.accepted_requests().into_iter();
        accepted.map(|request| request.text()).collect()
    }

    pub fn accepted_requests(&self) -> Vec<Request> {
        let requests = self.requests().into_iter();
        requests.filter(|request| request.is_accepted).collect()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(
    mut connection: TcpStream,
    received: &Mutex<Vec<Request>>,
    answer: &dyn Fn(usize) -> Answer,
) -> std::io::Result<()> {
    connection.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut reader = BufReader::new(connection.try_clone()?);
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        // Whoever called was gone before a word was said.
        return Ok(());
    }
    let mut words = line.split(' ').map(str::to_owned);
    let method = words.next().unwrap_or_default();
    let path = words.next().unwrap_or_default();
    let mut headers = Vec::new();
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim().split_once(": ") else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let length = headers
        .iter()
        .find(|(name, _)| name == "content-length")
        .map_or("0", |(_, value)| value);
    let mut body = vec![0; length.parse().unwrap_or(0)];
    reader.read_exact(&mut body)?;
    let answer = {
        let mut received = received.lock().unwrap();
        let body = String::from_utf8_lossy(&body).into_owned();
        let answer = answer(received.len());
        received.push(Request {
            method,
            path,
            headers,
            body,
            at: Instant::now(),
            is_accepted: matches!(answer, Answer::Ok | Answer::Late(_)),
        });
        answer
    };
    let (status, header, body) = match answer {
        Answer::Ok => (200, "", "ok"),
        Answer::Status(status, body) => (status, "", body),
        Answer::With(status, header, body) => (status, header, body),
        Answer::Cut(status, body) => {
            let length = body.len() + 1;
            return write!(
                connection,
                "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n\r\n{body}"
            );
        }
        Answer::Late(time) => {
            thread::sleep(time);
            (200, "", "ok")
        }
        Answer::Hang => {
            // Until the other side closes, or the read times out.
            let _ = reader.read(&mut [0]);
            return Ok(());
        }
        Answer::Drip => {
            for byte in b"HTTP/1.1 200 OK\r\n".iter().chain(&[b'x'; 10_000]) {
                connection.write_all(&[*byte])?;
                thread::sleep(Duration::from_millis(50));
            }
            return Ok(());
        }
        Answer::Close => return Ok(()),
    };
    let header = if header.is_empty() {
        String::new()
    } else {
        format!("{header}\r\n")
    };
    let length = body.len();
    write!(
        connection,
        "HTTP/1.1 {status} X\r\n{header}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}
