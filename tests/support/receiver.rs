//! A stand-in for a webhook's server, on loopback.

#[path = "http.rs"]
pub mod http;

use std::io::{BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

pub use http::Request;

use http::Listening;
use serde_json::Value;

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

impl Request {
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

    pub fn payload(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The alerts of a message that came as JSON.
    pub fn alerts(&self) -> Vec<Value> {
        let alerts = self.payload()["alerts"].as_array().cloned();
        alerts.unwrap_or_default()
    }
}

/// Listens until it is dropped.
pub struct Receiver {
    listening: Listening,
    requests: Arc<Mutex<Vec<Request>>>,
    is_down: Arc<AtomicBool>,
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
        let requests = Arc::new(Mutex::new(Vec::new()));
        let received = requests.clone();
        Self {
            listening: Listening::new(move |connection| serve(connection, &received, &answer)),
            requests,
            is_down: Arc::default(),
        }
    }

    pub fn webhook(&self) -> String {
        format!("http://{}/services/{SECRET}", self.listening.address)
    }

    /// The same for alerts as JSON, which can be read back.
    pub fn json_webhook(&self) -> String {
        self.webhook().replace("http://", "json://")
    }

    /// A host and its port, for schemes of their own.
    pub fn address(&self) -> String {
        self.listening.address.to_string()
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// The alerts that came as JSON, in the order in which they came.
    pub fn alerts(&self) -> Vec<Value> {
        self.requests().iter().flat_map(Request::alerts).collect()
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

fn serve(
    mut connection: TcpStream,
    received: &Mutex<Vec<Request>>,
    answer: &dyn Fn(usize) -> Answer,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(connection.try_clone()?);
    let Some(request) = Request::read(&mut reader)? else {
        return Ok(());
    };
    let answer = {
        let mut received = received.lock().unwrap();
        let answer = answer(received.len());
        received.push(Request {
            at: Instant::now(),
            is_accepted: matches!(answer, Answer::Ok | Answer::Late(_)),
            ..request
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
    http::answer(connection, status, header, body)
}
