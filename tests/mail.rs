//! Issue 16, point 3: mail by a server, from a job's end to a server on loopback that answers as a
//! test says.
#![cfg(all(unix, feature = "email"))]
#![expect(clippy::unwrap_used, reason = "what a test cannot do fails it")]

mod support;

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use support::{Ended, Folder, Program};

const PASSWORD: &str = "s3cr3tpass";

/// A server of mail: what it answers to the verbs that a test names, and what it was sent.
struct Server {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
    is_over: Arc<AtomicBool>,
}

/// What is said instead of the usual answer to a line that begins so; `drip` never ends its answer, `hang up` gives none.
type Answers = &'static [(&'static str, &'static str)];

impl Server {
    fn new(answers: Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            heard: Arc::default(),
            is_over: Arc::default(),
        };
        let (heard, is_over) = (server.heard.clone(), server.is_over.clone());
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                if is_over.load(Ordering::Relaxed) {
                    return;
                }
                let (heard, is_over) = (heard.clone(), is_over.clone());
                thread::spawn(move || serve(&connection, answers, &heard, &is_over));
            }
        });
        server
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    fn lines_with(&self, begin: &str) -> Vec<String> {
        let mut lines = self.heard();
        lines.retain(|line| line.starts_with(begin));
        lines
    }

    fn word(&self, to: &str) -> String {
        format!(
            "mailtos://me:{PASSWORD}@{}/?from=jobs@example.com&to={to}",
            self.address
        )
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(
    mut connection: &TcpStream,
    answers: Answers,
    heard: &Mutex<Vec<String>>,
    is_over: &AtomicBool,
) -> Option<()> {
    connection
        .set_read_timeout(Some(Duration::from_secs(60)))
        .ok()?;
    let mut reader = BufReader::new(connection);
    let mut is_letter = false;
    let mut line = "GREETING".to_owned();
    loop {
        let special = answers.iter().find(|(begin, _)| line.starts_with(begin));
        let answer = match (special, &*line) {
            (Some((_, answer)), _) => *answer,
            (None, "GREETING") => "220 mail.example ESMTP",
            (None, "DATA") => "354 go on",
            (None, "QUIT") => "221 bye",
            (None, line) if line.starts_with("EHLO") => "250-mail.example\r\n250 AUTH PLAIN",
            (None, line) if line.starts_with("AUTH") => "235 ok",
            _ => "250 ok",
        };
        if answer == "drip" {
            while !is_over.load(Ordering::Relaxed) {
                connection.write_all(b"2").ok()?;
                thread::sleep(Duration::from_millis(100));
            }
            return None;
        }
        if answer == "hang up" && (!is_letter || line == ".") {
            return None;
        }
        // Of a letter, only its end is answered.
        if !is_letter || line == "." {
            write!(connection, "{answer}\r\n").ok()?;
        }
        if line == "DATA" && answer.starts_with("354") {
            is_letter = true;
        } else if line == "." {
            is_letter = false;
        }
        line.clear();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        // Every line ends in both: some servers take no other.
        assert!(line.ends_with("\r\n"), "{line:?}");
        line.truncate(line.len() - 2);
        heard.lock().unwrap().push(line.clone());
    }
}

/// Runs a job once for each outcome, and looks for the password in whatever is left of it.
fn run(word: &str, folder: &Folder, outcomes: &[&str], seconds: &str) -> Ended {
    let program = Program::new("services")
        .env("NOTIFY_ALERTS_URL", word)
        .env("NOTIFY_EXIT_SECONDS", seconds)
        .directory(folder);
    let ended = outcomes.iter().fold(program, Program::arg).run();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let files = folder.hidden_files().into_iter();
    let files = files.chain(folder.status_files());
    for (place, text) in files.chain([("stderr".to_owned(), ended.stderr.clone())]) {
        assert!(!text.contains(PASSWORD), "{place}: {text}");
        assert!(!text.contains("bWUAczNjcjN0"), "{place}: {text}");
    }
    ended
}

#[test]
fn a_letter_reaches_the_server_and_the_incident_is_one_thread() {
    let (server, folder) = (Server::new(&[]), Folder::new());
    let ended = run(
        &server.word("anna@example.com"),
        &folder,
        &["the disk is full", "ok"],
        "20",
    );
    assert!(folder.waiting_alerts().is_empty(), "{ended:?}");
    let heard = server.heard();
    assert!(
        heard.contains(&"MAIL FROM:<jobs@example.com>".to_owned()),
        "{heard:#?}"
    );
    assert!(
        heard.contains(&"RCPT TO:<anna@example.com>".to_owned()),
        "{heard:#?}"
    );
    let name = server.lines_with("EHLO ").remove(0);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-.[]".contains(c);
    assert!(name[5..].chars().all(is_plain), "{name}");
    let threads = server.lines_with("In-Reply-To: ");
    // Both in one letter, or a letter each.
    assert!(
        !threads.is_empty() && threads.iter().all(|id| *id == threads[0]),
        "{threads:?}"
    );
    assert!(
        heard.iter().all(|line| line.is_ascii() && line.len() <= 78),
        "{heard:#?}"
    );
    assert!(server.lines_with("AUTH PLAIN ").len() == server.lines_with("DATA").len());
}

/// The first answer that is no yes, and what becomes of the alert: whether it waits, and whether the
/// channel is said to be broken.
const TABLE: &[(Answers, &str)] = &[
    (&[("GREETING", "421 too busy")], "waits"),
    (&[("GREETING", "554 no service")], "broken"),
    (&[("EHLO", "501 no such name")], "broken"),
    (&[("AUTH", "535 no such user")], "broken"),
    (&[("AUTH", "538 needs TLS")], "broken"),
    (&[("AUTH", "454 not now")], "waits"),
    (
        &[("EHLO", "250 mail.example"), ("MAIL", "530 log in first")],
        "broken",
    ),
    (&[("MAIL", "451 not now")], "waits"),
    (&[("MAIL", "550 who are you")], "broken"),
    (&[("RCPT", "450 grey")], "waits"),
    (&[("RCPT", "452 too many")], "waits"),
    (&[("RCPT", "550 no such mailbox")], "broken"),
    (&[("RCPT", "553 no relay")], "broken"),
    (&[("DATA", "451 not now")], "waits"),
    (&[("DATA", "554 no")], "refused"),
    (&[(".", "451 not now")], "waits"),
    (&[(".", "452 no space")], "waits"),
    (&[(".", "500 line too long")], "refused"),
    (&[(".", "550 spam")], "refused"),
    (&[(".", "552 too large")], "refused"),
    (&[(".", "554 no")], "refused"),
];

#[test]
fn every_answer_decides_what_becomes_of_the_alert() {
    for (answers, expected) in TABLE {
        let (server, folder) = (Server::new(answers), Folder::new());
        let ended = run(
            &server.word("anna@example.com"),
            &folder,
            &["the disk is full"],
            "2",
        );
        let became = if folder
            .hidden_files()
            .keys()
            .any(|path| path.contains("/rejected/"))
        {
            "refused"
        } else if ended.stderr.contains("is broken") {
            "broken"
        } else if folder.waiting_alerts().len() == 1 {
            "waits"
        } else {
            "sent"
        };
        assert_eq!(became, *expected, "{answers:?}: {}", ended.stderr);
    }
}

#[test]
fn those_whom_the_server_knows_get_the_letter_and_the_others_are_named() {
    let server = Server::new(&[("RCPT TO:<bert", "550 no such mailbox")]);
    let folder = Folder::new();
    let to = "anna@example.com,bert@example.com,carl@example.com";
    let ended = run(&server.word(to), &folder, &["the disk is full"], "20");
    assert!(folder.waiting_alerts().is_empty(), "{ended:?}");
    assert_eq!(server.lines_with("DATA").len(), 1);
    let said = "mail is not sent to 1 of the 3 addresses in `to=`: answered 550 no such mailbox";
    assert!(ended.stderr.contains(said), "{}", ended.stderr);
}

#[test]
fn a_server_that_drips_or_hangs_up_keeps_the_job_no_longer_than_it_may() {
    for answers in [
        &[("GREETING", "drip")][..],
        &[("RCPT", "drip")],
        &[(".", "drip")],
        &[("EHLO", "what?")],
    ] {
        let (server, folder) = (Server::new(answers), Folder::new());
        let ended = run(
            &server.word("anna@example.com"),
            &folder,
            &["the disk is full"],
            "2",
        );
        assert_eq!(folder.waiting_alerts().len(), 1, "{answers:?}: {ended:?}");
    }
}

#[test]
fn a_server_that_offers_no_login_and_wants_none_gets_no_password() {
    let (server, folder) = (Server::new(&[("EHLO", "250 mail.example")]), Folder::new());
    run(
        &server.word("anna@example.com"),
        &folder,
        &["the disk is full"],
        "20",
    );
    assert!(folder.waiting_alerts().is_empty());
    assert!(server.lines_with("AUTH").is_empty());
}

/// Who gets a letter twice is to know why; of what was said before it nobody has one.
#[test]
fn of_a_server_that_hangs_up_after_the_letter_the_reason_says_that_it_may_have_arrived() {
    for (answers, may_be) in [
        (&[(".", "hang up")][..], true),
        (&[("RCPT", "hang up")], false),
    ] {
        let (server, folder) = (Server::new(answers), Folder::new());
        let word = server.word("anna@example.com");
        let ended = run(&word, &folder, &["the disk is full"], "2");
        assert_eq!(folder.waiting_alerts().len(), 1, "{answers:?}: {ended:?}");
        let says = ended.stderr.contains("the letter may have arrived");
        assert_eq!(says, may_be, "{answers:?}: {}", ended.stderr);
        assert!(
            !ended.stderr.contains("speaks no SMTP"),
            "{answers:?}: {}",
            ended.stderr
        );
    }
}
