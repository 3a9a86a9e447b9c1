use super::*;

impl Default for Tail {
    fn default() -> Self {
        Self::of(Stream::stderr(false))
    }
}

/// Gives out its chunks one by one.
struct Chunks(Vec<Vec<u8>>);

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() {
            return Ok(0);
        }
        let chunk = self.0.remove(0);
        buffer[..chunk.len()].copy_from_slice(&chunk);
        Ok(chunk.len())
    }
}

fn passed(chunks: Vec<Vec<u8>>, is_marked: bool, mark: &[u8; MARK_BYTES]) -> Vec<u8> {
    let mut onward = Onward {
        to: Vec::new(),
        is_stderr: false,
        tail: Arc::new(Mutex::new(Tail::default())),
    };
    pass(
        Chunks(chunks),
        &mut onward,
        &AtomicBool::new(is_marked),
        mark,
    );
    assert_eq!(onward.tail.lock().bytes, onward.to);
    onward.to
}

#[test]
fn all_up_to_the_mark_is_passed_on_however_it_comes() {
    let mark = mark();
    let content = [b"an error\n", &mark[..], b"of another process"].concat();
    for size in 1..content.len() {
        let chunks = content.chunks(size).map(<[u8]>::to_vec).collect();
        assert_eq!(passed(chunks, true, &mark), b"an error\n", "{size}");
    }
    // Before the program has ended there is none, and a part of one is no mark.
    let part = mark[..MARK_BYTES - 1].to_vec();
    assert_eq!(passed(vec![content.clone()], false, &mark), content);
    assert_eq!(passed(vec![part.clone()], true, &mark), part);
}

#[test]
fn a_process_that_holds_the_pipe_open_does_not_keep_the_end_from_coming() {
    let (reader, writer) = io::pipe().unwrap();
    let (passage, mut theirs) =
        Passage::between(Stream::stderr(false), reader, writer, Vec::new()).unwrap();
    theirs.write_all(b"no route to host\n").unwrap();
    let mut rest = passage.end();
    assert_eq!(rest.tail(Duration::from_secs(60)), "no route to host");
    rest.finish();
    drop(theirs);
}

#[test]
fn where_nobody_reads_the_program_cannot_write_either() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let (reader, writer) = io::pipe().unwrap();
    let (passage, mut theirs) =
        Passage::between(Stream::stderr(false), reader, writer, Closed).unwrap();
    // The first write may still find the reader there.
    while theirs.write_all(b"x").is_ok() {}
    let mut rest = passage.end();
    assert!(rest.tail(Duration::from_secs(60)).starts_with('x'));
    rest.finish();
}

#[test]
fn of_much_the_end_is_kept_in_whole_lines_and_said_to_be_the_end() {
    let mut tail = Tail::default();
    for number in 0..100_000 {
        tail.add(format!("line {number}\n").as_bytes());
        assert!(tail.bytes.len() <= 2 * REMEMBERED_BYTES);
    }
    let text = tail.text();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("(the end of standard error)"));
    assert!(lines.all(|line| line.starts_with("line ")));
    assert!(
        text.ends_with("line 99999") && text.len() > KEPT_BYTES / 2 && text.len() < text::LIMIT
    );
    // One line without an end is kept as well.
    let mut tail = Tail::default();
    tail.add(&vec![b'x'; 3 * KEPT_BYTES]);
    assert!(tail.text().ends_with("xxx"));
}

/// Issue 12, point 23.
#[test]
fn no_progress_bar_pushes_the_error_out_however_long_it_runs() {
    let mut tail = Tail::default();
    tail.add("\x1b[31merror:\x1b[0m größe unknown\n".as_bytes());
    for done in 0..20_000 {
        let bar = "#".repeat(done % 100);
        tail.add(format!("\r\x1b[2K{bar} {done}").as_bytes());
        assert!(tail.bytes.len() <= 2 * REMEMBERED_BYTES);
    }
    tail.add(b"\r\x1b[2K100%\n");
    assert_eq!(tail.text(), "error: größe unknown\n100%");
}

/// Issue 12, point 22.
#[test]
fn no_secret_is_cut_in_two_where_one_line_is_longer_than_what_is_kept() {
    // Any URL's password is one.
    let secret = "postgres://etl:hunter2hunter2@db";
    for behind in KEPT_BYTES - secret.len()..=KEPT_BYTES {
        let mut tail = Tail::default();
        tail.add(format!("{}{secret}", "x".repeat(KEPT_BYTES)).as_bytes());
        tail.add("y".repeat(behind).as_bytes());
        let text = redact::hide(tail.text()).into_owned();
        assert!(!text.contains("ter2"), "{behind}: {}", &text[..80]);
        assert!(text.ends_with('y') && text.len() < text::LIMIT);
    }
}

#[test]
fn a_character_that_comes_in_two_parts_is_one() {
    let mut tail = Tail::default();
    let text = "größe\r".repeat(KEPT_BYTES);
    for part in text.as_bytes().chunks(7) {
        tail.add(part);
    }
    assert_eq!(tail.text(), "größe");
}
