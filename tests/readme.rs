//! The README shows what really comes out.
#![cfg(unix)]

mod support;

use std::fs;

use support::{Folder, Program, Receiver};

/// Returns the code block that follows `mark`.
fn block(readme: &str, mark: &str) -> String {
    let (_, after) = readme
        .split_once(mark)
        .unwrap_or_else(|| panic!("the README has no `{mark}`"));
    let (_, code) = after.split_once("```").unwrap();
    let (_, code) = code.split_once('\n').unwrap();
    code.split_once("\n```").unwrap().0.to_owned() + "\n"
}

/// Puts the README's values in the place of those that differ from run to run.
fn settled(text: &str, readme: &str) -> String {
    let value = |text: &str, before: &str| {
        let (_, rest) = text.split_once(before)?;
        Some(rest.split(['\n', ' ']).next()?.to_owned())
    };
    let mut settled = text.replace("pipeline-notify.orders", "shop.orders");
    for key in [
        "\nhost: ", "\npid: ", "\nexe: ", "\nincident: ", "\nsource: ", " host ", " incident ",
        " alert ", "took: ", "took ",
    ] {
        if let (Some(real), Some(shown)) = (value(&settled, key), value(readme, key)) {
            settled = settled.replace(&format!("{key}{real}"), &format!("{key}{shown}"));
        }
    }
    let time = |text: &str| text.lines().nth(1).unwrap_or_default().to_owned();
    let shown = time(readme);
    let mut lines: Vec<_> = settled.lines().map(str::to_owned).collect();
    for line in &mut lines {
        if let Some(at) = line.find(" UTC").and_then(|end| end.checked_sub(26)) {
            line.replace_range(at..at + 30, &shown);
        }
    }
    lines.retain(|line| line != "debug build");
    // The times of log lines, one after the other.
    let mut times = readme.lines().filter_map(log_time);
    for line in &mut lines {
        if log_time(line).is_some()
            && let Some(time) = times.next()
        {
            line.replace_range(..time.len(), time);
        }
    }
    lines.join("\n") + "\n"
}

/// Returns the time that a log line begins with.
fn log_time(line: &str) -> Option<&str> {
    let (time, _) = line.split_once(' ')?;
    let signs = time.replace(|c: char| c.is_ascii_digit(), "0");
    (signs == "00:00:00.000").then_some(time)
}

#[test]
fn the_first_screen_shows_a_real_status_file_and_a_real_alert() {
    let readme = fs::read_to_string("README.md").unwrap();
    let program = fs::read_to_string("tests/programs/orders.rs").unwrap();
    assert!(
        program.contains(block(&readme, "when it recovers.").trim_end()),
        "the README's code is not the program's"
    );

    let (folder, receiver) = (Folder::new(), Receiver::new());
    let mut prices = vec!["9.50"; 60];
    (prices[43], prices[44]) = ("0.00", "n/a");
    let orders = folder.path().join(".orders");
    fs::create_dir(&orders).unwrap();
    fs::write(orders.join("orders.csv"), prices.join("\n")).unwrap();
    let mut command = Program::new("orders")
        .directory(&folder)
        .alerts_to(&receiver)
        .command();
    assert_eq!(
        command.current_dir(orders).status().unwrap().code(),
        Some(1)
    );

    let status = block(&readme, "checked by tests/readme.rs: status");
    assert_eq!(
        settled(&folder.status_file("pipeline-notify.orders.main"), &status),
        status
    );
    let alert = block(&readme, "checked by tests/readme.rs: alert");
    let texts = receiver.texts();
    assert_eq!(texts.len(), 1);
    assert_eq!(settled(&texts[0], &alert), alert);
}
