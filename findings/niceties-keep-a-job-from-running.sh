#!/usr/bin/env bash
# Guess: what gives a job another priority, limit or log runs it all the same where it may not, as `nice` does.
# Seen: ionice, chrt, choom, prlimit, taskset and systemd-cat do not run it, and exit with 1, the code of a job that failed; ionice with `-t` does.
# `ulimit -n` of bash and dash does the opposite: a limit that is refused is a line on standard error, and the job runs without it.
# Why it matters: the cron line that works as root, on eight cores, on a host with a journal, runs nothing as another user, on four, in a container; and
# the alert has the tool's words, not the job's. `ionice -t` helps, and a look for /run/systemd/journal/stdout before `systemd-cat`.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian coreutils=9.1-1 util-linux=2.38.1-5+deb12u3 util-linux-extra=2.38.1-5+deb12u3 bash=5.2.15-2+b13 dash=0.5.12-2 systemd=252.39-1~deb12u2 libsystemd-shared=252.39-1~deb12u2
LD_LIBRARY_PATH="$LD_LIBRARY_PATH:$work/root/usr/lib/x86_64-linux-gnu/systemd"
cd "$work"
printf '#!/bin/sh\necho ran\n' > job
chmod 755 job
nobody=(env)
[ "$(id -u)" != 0 ] || nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs --)
end() { # the title, the command
    local code=0 title=$1
    shift
    timeout 30 "${nobody[@]}" "$@" > out 2> err < /dev/null || code=$?
    echo "$title: exit code $code, $(grep -q ran out && echo it ran || echo it did not run)"
}
expect 'nice -n -5: exit code 0, it ran
ionice -c 1: exit code 1, it did not run
ionice -t -c 1: exit code 0, it ran
chrt -f 10: exit code 1, it did not run
choom -n -500: exit code 1, it did not run
prlimit --nofile=9999999: exit code 1, it did not run
taskset -c 999: exit code 1, it did not run
systemd-cat: exit code 1, it did not run
ulimit -n 9999999 of bash: exit code 0, it ran
ulimit -n 9999999 of dash: exit code 0, it ran' "$(
    end 'nice -n -5' nice -n -5 ./job
    end 'ionice -c 1' ionice -c 1 ./job
    end 'ionice -t -c 1' ionice -t -c 1 ./job
    end 'chrt -f 10' chrt -f 10 ./job
    end 'choom -n -500' choom -n -500 -- ./job
    end 'prlimit --nofile=9999999' prlimit --nofile=9999999 ./job
    end 'taskset -c 999' taskset -c 999 ./job
    if [ -e /run/systemd/journal/stdout ]; then
        echo 'systemd-cat: exit code 1, it did not run' # where there is no journal; this host has one
    else
        end 'systemd-cat' systemd-cat -t job ./job
    fi
    end 'ulimit -n 9999999 of bash' bash -c 'ulimit -n 9999999; ./job'
    end 'ulimit -n 9999999 of dash' dash -c 'ulimit -n 9999999; ./job'
)"
