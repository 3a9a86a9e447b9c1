//! How many rows a terminal shows, and which lines.

use std::io;

use crate::output::{Colour, Output};

/// Returns how many rows a terminal of that height shows, of rows with so many lines each, those of
/// jobs that fail first: those of jobs that work must not push the others off it.
pub(super) fn shown(rows: &[usize], failing: usize, others: usize, height: usize) -> usize {
    let lines = |rows: &[usize]| rows.iter().sum::<usize>();
    if lines(rows) + others <= height {
        return rows.len();
    }
    // A line says how many are hidden.
    let mut room = height.saturating_sub(lines(&rows[..failing]) + others + 1);
    let fits = rows[failing..].iter().take_while(|lines| {
        let fits = **lines <= room;
        room = room.saturating_sub(**lines);
        fits
    });
    failing + fits.count()
}

/// Writes the lines, over those before where they are drawn anew.
pub(super) fn draw(lines: &[String], anew: bool, output: &mut Output) -> io::Result<()> {
    if !anew || !output.is_terminal() {
        return lines.iter().try_for_each(|line| output.line(line));
    }
    // The last lines count, and the first ones; those that work stand between.
    let room = output.height().unwrap_or(usize::MAX).saturating_sub(1);
    let (shown, hidden) = if lines.len() > room {
        let kept = room.saturating_sub(2);
        (kept, lines.len() - kept - 1)
    } else {
        (lines.len(), 0)
    };
    output.raw("\x1b[H")?;
    for line in &lines[..shown] {
        output.raw(&format!("{line}\x1b[K\n"))?;
    }
    if hidden > 0 {
        let more = output.paint(&format!("… {hidden} more lines"), Colour::Dim);
        output.raw(&format!("{more}\x1b[K\n"))?;
        let last = lines.last().map_or("", String::as_str);
        output.raw(&format!("{last}\x1b[K\n"))?;
    }
    output.raw("\x1b[J")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_that_work_do_not_push_those_that_fail_off_a_terminal() {
        let (failing, working) = ([2; 3], [1; 100]);
        let all = [&failing[..], &working].concat();
        assert_eq!(shown(&all, 3, 3, 109), 103, "all fit");
        assert_eq!(shown(&all, 3, 3, 24), 3 + 14, "two, six, fourteen, two");
        assert_eq!(shown(&all, 3, 3, 10), 3, "none has room");
        assert_eq!(shown(&all, 3, 3, 5), 3, "those that fail are all shown");
        assert_eq!(shown(&[1, 2, 1, 2], 0, 3, 7), 2);
        assert_eq!(shown(&[], 0, 3, 1), 0);
    }
}
