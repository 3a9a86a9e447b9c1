//! What `benches/lints.sh` compiles with and without the attribute: functions that earn findings,
//! and functions that should earn none.

use std::collections::HashMap;
use std::fmt::Display;
use std::future::Future;
use std::io;
use std::pin::Pin;

use pipeline_notify::notify;

pub struct Table {
    rows: Vec<u64>,
}

impl Table {
    #[notify]
    pub fn new() -> Self {
        Self { rows: vec![] }
    }

    #[notify]
    pub fn len(&self) -> usize {
        return self.rows.len();
    }

    #[notify]
    pub fn first(&mut self) -> Result<&mut u64, String> {
        self.rows.first_mut().ok_or_else(|| "empty".to_owned())
    }

    #[notify]
    pub async fn load(&mut self, row: u64) -> Result<(), io::Error> {
        self.rows.push(row);
        Ok(())
    }
}

#[notify]
pub fn nothing() {}

#[notify]
pub fn needless_return(value: u64) -> u64 {
    return value + 1;
}

#[notify]
pub fn prints(value: u64) {
    println!("{}", value);
    eprintln!("{value}");
}

#[notify]
pub fn todo() -> u64 {
    todo!()
}

#[notify]
pub fn unwraps(text: &str) -> u64 {
    text.parse().unwrap()
}

#[notify]
pub fn expects(text: &str) -> Result<u64, std::num::ParseIntError> {
    let number: u64 = text.parse()?;
    let other: u64 = text.parse().expect("a number");
    Ok(number + other)
}

#[notify]
pub fn needless_lifetimes<'a>(text: &'a str) -> &'a str {
    &text[1..]
}

#[notify]
pub fn passes_by_value(text: String) -> usize {
    text.len()
}

#[notify]
pub fn casts(value: u64) -> u8 {
    value as u8
}

#[notify]
pub fn manual(values: &Vec<u64>) -> bool {
    let mut found = false;
    for index in 0..values.len() {
        if values[index] == 1 {
            found = true;
        }
    }
    if found == true { true } else { false }
}

#[notify]
pub fn clones(map: &HashMap<String, String>) -> Option<String> {
    let value = map.get("a").map(|value| value.clone());
    let value = value;
    value
}

#[notify]
pub fn many(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8, h: u8) -> u8 {
    a + b + c + d + e + f + g + h
}

#[notify]
pub fn unit_value() {
    let unit = nothing();
    unit
}

#[notify]
pub fn nested(a: bool, b: bool) -> u8 {
    if a {
        if b {
            return 1;
        }
    }
    match a {
        true => 2,
        false => 3,
    }
}

#[notify]
pub fn floats(value: f64) -> bool {
    let half = value * 0.5;
    half == 1.0
}

#[notify]
pub fn unused(value: u8) {
    let other = 1;
}

#[notify]
pub fn unreachable_end() -> u8 {
    return 1;
    2
}

#[notify]
pub fn never() -> ! {
    panic!("never")
}

#[notify]
pub fn opaque(values: &[u64]) -> impl Iterator<Item = u64> + '_ {
    values.iter().map(|value| value.clone())
}

#[notify]
pub fn shown(value: impl Display) -> String {
    format!("{}", value)
}

#[notify]
pub fn boxed(error: bool) -> Result<u8, Box<dyn std::error::Error>> {
    if error {
        return Err(Box::new(io::Error::new(io::ErrorKind::Other, "no")));
    }
    Ok(1)
}

#[notify]
pub async fn later(text: String) -> Result<usize, std::num::ParseIntError> {
    return text.parse();
}

#[notify]
pub async fn later_prints(value: u64) {
    println!("{}", value);
    std::future::ready(()).await
}

#[notify]
pub fn manual_async() -> impl Future<Output = u8> {
    async { 1 }
}

#[notify]
pub fn boxed_future<'a>(text: &'a str) -> Pin<Box<dyn Future<Output = usize> + Send + 'a>> {
    Box::pin(async move { text.len() })
}

#[notify]
pub fn shadows(value: u8) -> u8 {
    let value = value + 1;
    let value = value * 2;
    value
}

#[notify(channel = "a", silent_seconds = 60, remind_hours = 1.5, errors(io::Error))]
pub fn with_arguments(path: &str) -> io::Result<String> {
    std::fs::read_to_string(path)
}

#[notify(when = is_serious, name = format!("read.{path}"))]
pub fn with_filter(path: &str) -> io::Result<String> {
    std::fs::read_to_string(path)
}

pub fn is_serious(error: &io::Error) -> bool {
    error.kind() != io::ErrorKind::NotFound
}

#[notify]
fn never_used() {}
