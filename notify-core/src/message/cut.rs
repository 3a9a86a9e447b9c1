//! Texts of a message, cut to the room that they have once they are escaped.

use crate::format::order;
use crate::format::text;

const ELLIPSIS: &str = "…";

/// Returns how much of a message a text takes up, in bytes, when it is escaped.
#[inline(never)]
pub(super) fn width(text: &str) -> usize {
    text.chars().map(width_of).sum()
}

fn width_of(c: char) -> usize {
    match c {
        '&' => "&amp;".len(),
        '<' | '>' => "&lt;".len(),
        // It is shown as a space.
        c if c.is_control() => 1,
        c => c.len_utf8(),
    }
}

/// Returns the most that each of these may take up so that all are within `room`: the short ones
/// leave what they do not need to the long ones.
pub(super) fn share(widths: impl Iterator<Item = usize>, room: usize) -> usize {
    let mut widths: Vec<_> = widths.collect();
    order::sort(&mut widths);
    let (mut room, mut left) = (room, widths.len());
    for width in widths {
        if width > room / left {
            return room / left;
        }
        room -= width;
        left -= 1;
    }
    usize::MAX
}

/// Returns the beginning of a line, with an ellipsis where more follows.
pub(super) fn shown(line: &str, most: usize) -> String {
    if width(line) <= most {
        return one_line(line);
    }
    let Some(room) = most.checked_sub(ELLIPSIS.len()) else {
        return String::new();
    };
    one_line(beginning(line, room)) + ELLIPSIS
}

/// Cuts a name in its middle: its end distinguishes it from its neighbours.
pub(super) fn cut_name(name: &str, most: usize) -> String {
    cut_out(&one_line(name), most, |room| room / 3)
}

/// Cuts an error in its middle: it begins with what went wrong, and ends with what that comes from.
pub(super) fn cut_error(error: &str, most: usize) -> String {
    cut_out(error, most, |room| room - room / 3)
}

/// Leaves out what is in the middle of a text, and shows so much of its head.
fn cut_out(text: &str, most: usize, head: impl Fn(usize) -> usize) -> String {
    if width(text) <= most {
        return text.to_owned();
    }
    let Some(room) = most.checked_sub(ELLIPSIS.len()) else {
        return String::new();
    };
    let head = beginning(text, head(room));
    let mut room = room - width(head);
    let mut begin = text.len();
    for (at, c) in text.char_indices().rev() {
        let Some(left) = room.checked_sub(width_of(c)) else {
            break;
        };
        (room, begin) = (left, at);
    }
    format!("{head}{ELLIPSIS}{}", &text[begin..])
}

fn beginning(line: &str, room: usize) -> &str {
    let mut room = room;
    for (at, c) in line.char_indices() {
        let Some(left) = room.checked_sub(width_of(c)) else {
            return &line[..at];
        };
        room = left;
    }
    line
}

/// A name with a line break in it would look like two alerts.
pub(super) fn one_line(text: &str) -> String {
    text::readable(text).replace(char::is_control, " ")
}

/// Cuts an alert's text so that it takes up no more than that; its end, with its id, stays.
pub(super) fn cut_in_the_middle(text: &str, most: usize) -> String {
    text::shrink(most, most, &width, &|room| {
        text::cut(text, room).into_owned()
    })
}
