//! The text that a terminal would show. Sequences that a terminal obeys are carried out and left out,
//! and a progress bar of many updates is one line.
//!
//! The subset of ECMA-48 and xterm that line-based programs use: <https://invisible-island.net/xterm/ctlseqs/ctlseqs.html>.

use std::borrow::Cow;

/// A cursor that is moved to the right stops here, as at a terminal's edge; what is written goes on.
const WIDTH: usize = 200;

/// A cursor that is moved up stops here, as at a terminal's top.
const HEIGHT: usize = 100;

/// The most cells that are blanked at once: more would let a short text cost much time.
const REACH: usize = 4096;

/// A tab moves to the next column that this divides.
const TAB: usize = 8;

/// Fills the cells of a tab after its first. No text can write it, for it is a control character.
const REST_OF_TAB: char = '\0';

const ESCAPE: char = '\u{1b}';

/// Returns what a terminal would show of `text`, in lines; tabs stay, and no other control character.
///
/// Takes time in proportion to the text's length.
pub(crate) fn shown(text: &str) -> Cow<'_, str> {
    if !text.contains(is_obeyed) {
        return Cow::Borrowed(text);
    }
    let mut screen = Screen::default();
    screen.write(text);
    Cow::Owned(screen.text())
}

/// Returns whether a terminal does something else with a character than to show it in the next cell.
fn is_obeyed(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\t')
}

/// A terminal that is endlessly high: what has left its top can still be read.
pub(crate) struct Screen {
    /// Never empty.
    lines: Vec<Vec<char>>,
    row: usize,
    column: usize,
    saved: (usize, usize),
    within: Sequence,
}

/// The part of a sequence that has come so far.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sequence {
    None,
    Escape,
    /// An escape whose final character is still to come.
    Intermediate,
    Control(Control),
    /// A title, a link, a picture: all up to its terminator.
    Text,
}

/// A control sequence, as far as it has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Control {
    /// The first of its numbers.
    number: Option<usize>,
    /// Whether others follow it, which change nothing.
    has_others: bool,
    /// Whether it is one that some terminals alone know, and that moves nothing.
    is_private: bool,
}

impl Default for Screen {
    fn default() -> Self {
        Self {
            lines: vec![Vec::new()],
            row: 0,
            column: 0,
            saved: (0, 0),
            within: Sequence::None,
        }
    }
}

impl Screen {
    /// Writes a text, which may begin and end anywhere in a sequence.
    pub(crate) fn write(&mut self, text: &str) {
        text.chars().for_each(|c| self.take(c));
    }

    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for (number, line) in self.lines.iter().enumerate() {
            if number > 0 {
                text.push('\n');
            }
            text.extend(line.iter().filter(|c| **c != REST_OF_TAB));
            text.truncate(text.trim_end_matches(' ').len());
        }
        text
    }

    /// Forgets the oldest cells beyond so many; returns whether there were any.
    pub(crate) fn forget_all_but(&mut self, cells: usize) -> bool {
        let mut kept = 0;
        let oldest = self.lines.iter().rposition(|line| {
            kept += line.len() + 1;
            kept > cells
        });
        let Some(oldest) = oldest else {
            return false;
        };
        // The last line stays, and its end.
        let last = self.lines.len() - 1;
        let forgotten = (oldest + 1).min(last);
        self.lines.drain(..forgotten);
        self.row = self.row.saturating_sub(forgotten);
        self.saved.0 = self.saved.0.saturating_sub(forgotten);
        if let [line] = &mut *self.lines {
            let excess = line.len().saturating_sub(cells);
            line.drain(..excess);
            self.column = self.column.saturating_sub(excess);
        }
        true
    }

    fn take(&mut self, c: char) {
        match self.within {
            Sequence::None => self.obey(c),
            Sequence::Escape => self.escape(c),
            Sequence::Intermediate => match c {
                ' '..='/' => {}
                '0'..='~' => self.within = Sequence::None,
                _ => self.obey(c),
            },
            Sequence::Control(control) => self.control(c, control),
            Sequence::Text => match c {
                // A line feed ends one whose terminator is missing: it must not hide what follows.
                '\n' | ESCAPE => self.obey(c),
                '\u{07}' | '\u{18}' | '\u{1a}' | '\u{9c}' => self.within = Sequence::None,
                _ => {}
            },
        }
    }

    /// Takes a character outside of a sequence, or one that breaks it off.
    fn obey(&mut self, c: char) {
        self.within = Sequence::None;
        match c {
            // The terminal's driver adds the carriage return, so each of them begins a new line.
            '\n' | '\u{0b}' | '\u{0c}' | '\u{85}' => self.next_line(),
            '\r' => self.column = 0,
            '\u{08}' => self.column = self.column.saturating_sub(1),
            '\t' => self.tab(),
            ESCAPE => self.within = Sequence::Escape,
            '\u{84}' => self.down(1),
            '\u{8d}' => self.up(1),
            '\u{9b}' => self.within = Sequence::Control(Control::default()),
            '\u{90}' | '\u{98}' | '\u{9d}' | '\u{9e}' | '\u{9f}' => self.within = Sequence::Text,
            c if c.is_control() => {}
            c => self.put(c),
        }
    }

    fn escape(&mut self, c: char) {
        self.within = Sequence::None;
        match c {
            '[' => self.within = Sequence::Control(Control::default()),
            ']' | 'P' | 'X' | '^' | '_' => self.within = Sequence::Text,
            ' '..='/' => self.within = Sequence::Intermediate,
            '7' => self.saved = (self.row, self.column),
            '8' => self.restore(),
            'D' => self.down(1),
            'E' => self.next_line(),
            'M' => self.up(1),
            'c' => self.fresh_line(),
            '0'..='~' => {}
            c => self.obey(c),
        }
    }

    fn control(&mut self, c: char, mut control: Control) {
        match c {
            '0'..='9' if control.has_others => {}
            '0'..='9' => {
                let before = control.number.unwrap_or(0).saturating_mul(10);
                control.number = Some(before.saturating_add(usize::from(c as u8 - b'0')));
            }
            ':' | ';' => control.has_others = true,
            ' '..='?' => control.is_private = true,
            '@'..='~' => {
                self.within = Sequence::None;
                if !control.is_private {
                    self.act(c, control.number);
                }
                return;
            }
            _ => return self.obey(c),
        }
        self.within = Sequence::Control(control);
    }

    fn act(&mut self, action: char, number: Option<usize>) {
        // For a movement no number and 0 are 1.
        let many = number.unwrap_or(1).max(1);
        match action {
            'A' => self.up(many),
            'B' | 'e' => self.down(many),
            'C' | 'a' => self.right_to(self.column.saturating_add(many)),
            'D' => self.column = self.column.saturating_sub(many),
            'E' => {
                self.down(many);
                self.column = 0;
            }
            'F' => {
                self.up(many);
                self.column = 0;
            }
            'G' | '`' => {
                self.column = 0;
                self.right_to(many - 1);
            }
            // The top of the screen is not known. A fresh line keeps all that was written.
            'H' | 'f' | 'd' => self.fresh_line(),
            'J' => match number.unwrap_or(0) {
                0 => {
                    self.erase_rest();
                    self.lines.truncate(self.row + 1);
                }
                1 => self.blank(0, self.column + 1),
                _ => self.fresh_line(),
            },
            'K' => match number.unwrap_or(0) {
                0 => self.erase_rest(),
                1 => self.blank(0, self.column + 1),
                _ => self.lines[self.row].clear(),
            },
            'X' => self.blank(self.column, self.column.saturating_add(many)),
            's' => self.saved = (self.row, self.column),
            'u' => self.restore(),
            _ => {}
        }
    }

    fn put(&mut self, c: char) {
        let column = self.column;
        self.split_tab(column);
        let line = &mut self.lines[self.row];
        if let Some(cell) = line.get_mut(column) {
            *cell = c;
        } else {
            line.resize(column, ' ');
            line.push(c);
        }
        self.column += 1;
    }

    /// At the end of a line a tab is text; before it the cursor moves over what is there.
    fn tab(&mut self) {
        let stop = (self.column / TAB + 1) * TAB;
        let line = &mut self.lines[self.row];
        if self.column >= line.len() {
            line.resize(self.column, ' ');
            line.push('\t');
            line.resize(stop, REST_OF_TAB);
        }
        self.column = stop;
    }

    /// Makes a tab that reaches over a cell one of blanks, which can be overwritten one by one.
    fn split_tab(&mut self, column: usize) {
        let line = &mut self.lines[self.row];
        if !matches!(line.get(column), Some(&('\t' | REST_OF_TAB))) {
            return;
        }
        let begin = line[..=column].iter().rposition(|c| *c == '\t');
        // The tab's first cell may be lost with a beginning of the line that is forgotten.
        let mut at = begin.unwrap_or(0);
        line[at] = ' ';
        at += 1;
        while line.get(at) == Some(&REST_OF_TAB) {
            line[at] = ' ';
            at += 1;
        }
    }

    fn erase_rest(&mut self) {
        self.split_tab(self.column);
        self.lines[self.row].truncate(self.column);
    }

    fn blank(&mut self, from: usize, to: usize) {
        let length = self.lines[self.row].len();
        let (from, to) = (from.min(length), to.min(length));
        let from = from.max(to.saturating_sub(REACH));
        if from < to {
            self.split_tab(from);
            self.split_tab(to - 1);
            self.lines[self.row][from..to].fill(' ');
        }
    }

    fn next_line(&mut self) {
        self.row += 1;
        if self.row == self.lines.len() {
            self.lines.push(Vec::new());
        }
        self.column = 0;
    }

    /// Goes below all that there is.
    fn fresh_line(&mut self) {
        self.row = self.lines.len() - 1;
        self.column = 0;
        if !self.lines[self.row].is_empty() {
            self.next_line();
        }
    }

    fn up(&mut self, many: usize) {
        let top = self.lines.len().saturating_sub(HEIGHT);
        self.row = self.row.saturating_sub(many).max(top.min(self.row));
    }

    fn down(&mut self, many: usize) {
        self.row = self.row.saturating_add(many).min(self.lines.len() - 1);
    }

    fn right_to(&mut self, column: usize) {
        let edge = self.lines[self.row].len().max(WIDTH).max(self.column);
        self.column = column.min(edge);
    }

    fn restore(&mut self) {
        self.row = self.saved.0.min(self.lines.len() - 1);
        self.column = 0;
        self.right_to(self.saved.1);
    }
}

#[cfg(test)]
mod tests;
