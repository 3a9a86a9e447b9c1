#!/usr/bin/env bash
# Guess: `die` ends a Perl job with exit code 255, or 1.
# Seen: with the number of the last system error, whatever that was: 2 after a missing file, and 99 where an
# address cannot be had ("Cannot assign requested address"). 255 comes where there was none.
# Why it matters: 99 is Airflow's `skip_on_exit_code`: the job that failed is skipped, the tasks behind it too, and no
# alert is sent. Any list of codes that are no failure can meet one of these numbers (11: EAGAIN, 75: EOVERFLOW).
# `$! = 0; die …`, or an `eval` around the whole with an `exit(1)`, gives one code.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian perl-base=5.36.0-7+deb12u4
export PERL5LIB=$work/root/usr/lib/x86_64-linux-gnu/perl-base
run() {
    local code=0
    timeout 20 "$work/root/usr/bin/perl" "$@" 2>&1 || code=$?
    echo "exit code $code"
}
# The address is of a network for examples: no host has it.
seen=$(
    run -e 'open(my $rows, "<", "/nowhere/rows.csv") or die "rows: $!\n"'
    run -MIO::Socket::INET -e 'IO::Socket::INET->new(Listen => 1, LocalAddr => "192.0.2.1") or die "status page: $!\n"'
    run -e '$! = 0; die "no rows\n"'
)
expect 'rows: No such file or directory
exit code 2
status page: Cannot assign requested address
exit code 99
no rows
exit code 255' "$seen"
