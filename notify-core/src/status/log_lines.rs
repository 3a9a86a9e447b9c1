//! The lines that a run has logged last, as people read them.

use std::borrow::Cow;

/// The heading above the lines, in a status file and in an alert.
pub(crate) const HEADING: &str = "last log lines:";

/// Lines that a run has logged, oldest first. Each is one line, without secrets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LogLines(Vec<String>);

impl LogLines {
    /// Takes lines of which none holds the end of a line.
    pub(crate) fn new(lines: Vec<String>) -> Self {
        Self(lines)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    pub(crate) fn below<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.is_empty() {
            return text.into();
        }
        let end = if text.is_empty() || text.ends_with('\n') {
            ""
        } else {
            "\n"
        };
        let lines = self.0.join("\n");
        format!("{text}{end}\n{HEADING}\n{lines}\n").into()
    }

    /// Takes a text apart below which so many lines were written.
    ///
    /// The number is what distinguishes them from the text: an error may say what the heading says.
    pub(crate) fn split(text: String, number: usize) -> (String, Self) {
        let Some((above, lines)) = split(&text, number) else {
            return (text, Self::default());
        };
        let lines = Self(lines.map(str::to_owned).collect());
        (above.to_owned(), lines)
    }

    /// Returns the lines that fit into so much room, by a measure of a line with its end. Where not all do, the
    /// last ones are left and a few of the first; a line between them says how many are missing. None is cut.
    pub(crate) fn within(&self, room: usize, measure: &dyn Fn(&str) -> usize) -> Vec<Cow<'_, str>> {
        let sizes: Vec<_> = self.iter().map(&measure).collect();
        let all: usize = sizes.iter().sum();
        if all <= room {
            return self.iter().map(Cow::from).collect();
        }
        let notice = |missing: usize| {
            let lines = if missing == 1 { "line" } else { "lines" };
            format!("[… {missing} {lines} cut …]")
        };
        let Some(room) = room.checked_sub(measure(&notice(self.len()))) else {
            return Vec::new();
        };
        // What was logged last says most of a failure.
        let mut left = room / 3;
        let is_left = |size: &usize, left: &mut usize| {
            let rest = left.checked_sub(*size);
            *left = rest.unwrap_or(*left);
            rest.is_some()
        };
        let head = sizes.iter().take_while(|size| is_left(size, &mut left));
        let head = head.count();
        left += room - room / 3;
        let tail = sizes[head..].iter().rev();
        let tail = tail.take_while(|size| is_left(size, &mut left)).count();
        let missing = self.len() - head - tail;
        let (first, last) = (self.iter().take(head), self.iter().skip(head + missing));
        let first = first.map(Cow::from);
        let notice = std::iter::once(Cow::from(notice(missing)));
        first.chain(notice).chain(last.map(Cow::from)).collect()
    }
}

/// Finds the text above so many last lines, and those.
fn split(text: &str, number: usize) -> Option<(&str, impl Iterator<Item = &str>)> {
    let body = text.strip_suffix('\n').filter(|_| number > 0)?;
    let mut ends = body.rmatch_indices('\n').map(|(at, _)| at);
    let begin = ends.nth(number - 1)?;
    let above = body[..begin].strip_suffix(HEADING)?;
    let above = above
        .strip_suffix('\n')
        .filter(|above| above.is_empty() || above.ends_with('\n'))?;
    Some((above, body[begin + 1..].split('\n')))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(number: usize, length: usize) -> LogLines {
        let line = |number: usize| format!("{number:<length$}");
        LogLines((0..number).map(line).collect())
    }

    /// Issue 17, point 4: an error that quotes such a list is no list.
    #[test]
    fn an_error_that_says_what_the_heading_says_stays_an_error() {
        let error = format!("it failed\n\n{HEADING}\na\nb\n");
        assert_eq!(
            LogLines::split(error.clone(), 0),
            (error.clone(), LogLines::default())
        );
        let one = lines(1, 3);
        let both = one.below(&error).into_owned();
        assert_eq!(LogLines::split(both, 1), (error, one));
        // Somebody has shortened the file by hand.
        let short = format!("it failed\n\n{HEADING}\na\n");
        assert_eq!(
            LogLines::split(short.clone(), 7),
            (short, LogLines::default())
        );
    }

    /// Issue 17, point 4.
    #[test]
    fn where_not_all_fit_the_last_are_left_and_a_few_of_the_first_and_none_is_cut() {
        let measure = |line: &str| line.chars().count() + 1;
        let ten = lines(10, 9);
        let shown = ten.within(70, &measure);
        assert_eq!(shown.len(), 6);
        assert_eq!(shown[0].trim(), "0");
        assert_eq!(shown[1], "[… 5 lines cut …]");
        assert_eq!(shown[5].trim(), "9");
        // A line alone that does not fit is not shown in part.
        let one = lines(1, 500);
        assert_eq!(one.within(70, &measure), ["[… 1 line cut …]"]);
        assert_eq!(one.within(5, &measure), [""; 0]);
        assert_eq!(one.within(501, &measure), one.0);
    }

    proptest! {
        #[test]
        fn lines_are_read_back_from_below_any_text(
            text in any::<String>(), lines in prop::collection::vec("[^\n]{0,20}", 0..6),
        ) {
            let lines = LogLines(lines);
            let text = if text.is_empty() || text.ends_with('\n') { text } else { text + "\n" };
            let both = lines.below(&text).into_owned();
            prop_assert_eq!(LogLines::split(both, lines.len()), (text, lines));
        }

        #[test]
        fn what_is_shown_is_within_its_room_in_whole_lines(
            lengths in prop::collection::vec(0_usize..60, 0..60), room in 0_usize..900,
        ) {
            let lines = LogLines(lengths.iter().map(|length| "x".repeat(*length)).collect());
            let measure = |line: &str| line.len() + 1;
            let shown = lines.within(room, &measure);
            prop_assert!(shown.iter().map(|line| measure(line)).sum::<usize>() <= room);
            for line in shown {
                prop_assert!(line.contains("cut …]") || lines.iter().any(|whole| whole == line));
            }
        }
    }
}
