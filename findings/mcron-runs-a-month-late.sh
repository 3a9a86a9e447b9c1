#!/usr/bin/env bash
# Guess: mcron, GNU's cron in Guile, reads the month of a crontab's line as cron does: 1 is January.
# Seen: 1 is February, and 12 is January: a line for 31 December runs on 31 January, one for each quarter in its second month. A name, `jan`, and `*` or `*/3`
# are read as cron does. It says nothing of it.
# Why it matters: the yearly and quarterly jobs, which nobody watches from day to day, run a month late; `mcron --schedule=4 FILE` shows it beforehand.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian mcron=1.0.8-1.1 guile-3.0-libs=3.0.8-2 libgc1=1:8.2.2-3 libfaketime=0.9.10-2.1
cd "$work"
# mcron looks for its own parts in /usr/share and in ./scm.
mkdir scm
ln -s "$work/root/usr/share/mcron" scm/mcron
export GUILE_SYSTEM_PATH=$work/root/usr/share/guile/3.0 GUILE_AUTO_COMPILE=0
GUILE_SYSTEM_COMPILED_PATH=$work/root/usr/lib/$(uname -m)-linux-gnu/guile/3.0/ccache
export GUILE_SYSTEM_COMPILED_PATH
seen=$(
    for line in '0 3 1 1 *' '0 3 1 jan *' '0 3 31 12 *' '0 3 1 1,4,7,10 *' '0 3 1 */3 *' '0 3 31 * *' '0 3 13 * fri'; do
        echo "$line /bin/true" > line.vixie
        days=$(TZ=UTC FAKETIME='@2026-02-02 00:00:00' LD_PRELOAD="$work/root/usr/lib/$(uname -m)-linux-gnu/faketime/libfaketime.so.1" \
            timeout 20 mcron --stdin=vixie --schedule=4 - < line.vixie | awk '/ 20[0-9][0-9] /{ print $3, $2, $5 }' | head -n 4)
        echo "$line: $(paste -sd, <<< "$days")"
    done
)
expect '0 3 1 1 *: 1 Feb 2027,1 Feb 2028,1 Feb 2029,1 Feb 2030
0 3 1 jan *: 1 Jan 2027,1 Jan 2028,1 Jan 2029,1 Jan 2030
0 3 31 12 *: 31 Jan 2027,31 Jan 2028,31 Jan 2029,31 Jan 2030
0 3 1 1,4,7,10 *: 1 May 2026,1 Aug 2026,1 Nov 2026,1 Feb 2027
0 3 1 */3 *: 1 Apr 2026,1 Jul 2026,1 Oct 2026,1 Jan 2027
0 3 31 * *: 31 Mar 2026,31 May 2026,31 Jul 2026,31 Aug 2026
0 3 13 * fri: 6 Feb 2026,13 Feb 2026,20 Feb 2026,27 Feb 2026' "$seen"
