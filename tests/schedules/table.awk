# Writes tests/schedules/observed.tsv as the tables of docs/schedules-table.md.
BEGIN {
    FS = "\t"
    print "# What is due on days of clock change\n"
    print "Each line of a crontab from midnight to five o'clock by the clock on the wall; the times are UTC, and one that stands there twice is due twice."
    print "Written by `tests/schedules.sh --write` from what Debian's cron 3.0pl1-162 (under a clock that the script moves), `systemd-analyze calendar` 252 and the"
    print "cron library of Kubernetes (robfig/cron 3.0.1) really did. What `pipeline-notify` expects is for each of them the same, which a test of it holds to, but where"
    print "the last column says D or E. The letters are explained in [schedules.md](schedules.md#what-is-due-when-clocks-change)."
}
function brief(list,    times, count) {
    count = split(list, times, " ")
    if (count == 0) return "–"
    if (count <= 10) return list
    return times[1] " " times[2] " " times[3] " … " times[count - 1] " " times[count] " (" count ")"
}
function why(gap,    letters) {
    letters = ""
    if ($4 != $5) letters = gap ? "A" : "B"
    if ($6 == "refused") return letters " F"
    if ($6 != $4) {
        if ($3 ~ /25 \* \*\/2$/) letters = letters " E"
        else if ($1 == "Australia/Lord_Howe") letters = letters " D"
        else if (!gap) letters = letters " C"
    }
    sub(/^ /, "", letters)
    return letters
}
NR > 1 {
    if ($1 $2 != day) {
        day = $1 $2
        gap = day ~ /03-29|03-08|10-04/
        printf "\n## %s, %s: %s\n\n", $1, $2, gap ? "clocks leave some time out" : "clocks show some time twice"
        print "| line | here and cron | systemd | Kubernetes | why they differ |\n|---|---|---|---|---|"
    }
    line = $3
    gsub(/\|/, "\\|", line)
    printf "| `%s` | %s | %s | %s | %s |\n", line, brief($4), brief($5), $6 == "refused" ? "refused" : brief($6), why(gap)
}
