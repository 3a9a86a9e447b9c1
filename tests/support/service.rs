//! A stand-in for a service, on loopback, that holds each request to the service's own rules.

use std::io::BufReader;
use std::net::TcpStream;
use std::sync::{Arc, Mutex};

use serde_json::Value;

use super::receiver::http::{self, Listening, Request};

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
    listening: Listening,
    posts: Arc<Mutex<Vec<Post>>>,
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
        let posts = Arc::new(Mutex::new(Vec::new()));
        let own = posts.clone();
        Self {
            listening: Listening::new(move |connection| serve(&connection, &own, &answer)),
            posts,
        }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.listening.address)
    }

    /// Its host and port, for schemes of their own.
    pub fn address(&self) -> String {
        self.listening.address.to_string()
    }

    pub fn posts(&self) -> Vec<Post> {
        self.posts.lock().unwrap().clone()
    }
}

fn serve(
    connection: &TcpStream,
    posts: &Mutex<Vec<Post>>,
    answer: &impl Fn(Asked<'_>) -> Answer,
) -> std::io::Result<()> {
    let Some(request) = Request::read(&mut BufReader::new(connection))? else {
        return Ok(());
    };
    let is_json = request.header("content-type") == Some("application/json");
    let mut posts = posts.lock().unwrap();
    let (status, header, said) = if request.method == "GET" || is_json {
        answer(Asked {
            number: posts.len(),
            method: &request.method,
            target: &request.path,
            authorization: request.header("authorization").unwrap_or_default(),
            body: &request.body,
        })
    } else {
        (415, "", String::new())
    };
    posts.push(Post {
        body: serde_json::from_str(&request.body).unwrap_or_default(),
        method: request.method,
        target: request.path,
        status,
    });
    http::answer(connection, status, header, &said)
}
