//! How many rows a terminal shows.

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
