//! A stand-in for Slack on this machine, so that the examples run without an account.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::{env, fs, io, thread};

use pipeline_notify::{Config, Slack};
use tinyjson::JsonValue;

/// Prints alerts here, with a fresh notify directory, unless `SLACK_ALERTS_WEBHOOK_URL` is set.
///
/// # Errors
///
/// What the machine says where no port, or no folder, can be had.
pub fn receive_alerts_here_unless_slack_is_set_up() -> anyhow::Result<()> {
    if env::var_os("SLACK_ALERTS_WEBHOOK_URL").is_some() {
        return Ok(());
    }
    let directory = directory()?;
    println!(
        "no SLACK_ALERTS_WEBHOOK_URL: alerts are printed here\nstatus files are in {}\n",
        directory.display()
    );
    Config::new()
        .directory(&directory)
        .channel("alerts", receive(directory.clone())?)
        .install()?;
    Ok(())
}

/// Prints the alerts that it is given.
///
/// # Errors
///
/// What the machine says where no port can be had.
pub fn receiver() -> anyhow::Result<Slack> {
    receive(directory()?)
}

/// Returns `NOTIFYDIR`, or a fresh folder of this process.
///
/// # Errors
///
/// What the machine says where no folder can be had.
pub fn directory() -> io::Result<PathBuf> {
    match env::var_os("NOTIFYDIR") {
        Some(directory) => Ok(directory.into()),
        None => fresh_directory(),
    }
}

fn receive(directory: PathBuf) -> anyhow::Result<Slack> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let webhook = format!("http://{}/services/T000/B000/XXXX", listener.local_addr()?);
    thread::spawn(move || {
        let mut shown = BTreeMap::new();
        for connection in listener.incoming().flatten() {
            let _ = print_alert(&connection, &directory, &mut shown);
        }
    });
    Ok(Slack::new(&webhook)?)
}

fn fresh_directory() -> io::Result<PathBuf> {
    let directory = env::temp_dir().join(format!("pipeline-notify-{}", std::process::id()));
    match fs::remove_dir_all(&directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::create_dir_all(&directory)?;
    Ok(directory)
}

/// Answers one POST as Slack does, and prints it with the status files that have changed.
fn print_alert(
    mut connection: &TcpStream,
    directory: &Path,
    shown: &mut BTreeMap<PathBuf, String>,
) -> io::Result<()> {
    let mut reader = BufReader::new(connection.try_clone()?);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        if line.trim().is_empty() {
            break;
        }
        if let Some((_, value)) = line
            .split_once(": ")
            .filter(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let payload = String::from_utf8_lossy(&body).parse();
    let payload = payload.unwrap_or(JsonValue::Null);

    let attachments = field(&payload, "attachments").and_then(JsonValue::get::<Vec<_>>);
    let delivered = attachments
        .into_iter()
        .flatten()
        .map(|one| field(one, "fallback"));
    let texts = [field(&payload, "text")].into_iter().chain(delivered);
    let texts = texts.flatten().filter_map(JsonValue::get::<String>);
    let text = as_shown(&texts.cloned().collect::<Vec<_>>().join("\n\n"));

    let mut screen = io::stdout().lock();
    writeln!(screen, "┌── an alert arrives in Slack")?;
    for line in text.lines() {
        writeln!(screen, "│ {line}")?;
    }
    writeln!(screen, "└──\n")?;
    let files = fs::read_dir(directory)?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_file());
    for path in
        files.filter(|path| text.contains(&*path.file_name().unwrap_or_default().to_string_lossy()))
    {
        let content = fs::read_to_string(&path)?;
        if shown.insert(path.clone(), content.clone()).as_ref() != Some(&content) {
            writeln!(screen, "$ cat {}\n{content}", path.display())?;
        }
    }
    // The answer last: the process may end as soon as it has it.
    connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok")
}

fn field<'a>(object: &'a JsonValue, name: &str) -> Option<&'a JsonValue> {
    object.get::<HashMap<String, _>>()?.get(name)
}

/// Undoes the three escapes of a message, as Slack does when it shows it.
fn as_shown(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}
