#!/usr/bin/env bash
# Guess: a lock is held for as long as its holder lives and has not given it back.
# Seen: proper-lockfile gives it to another after 10 seconds in which the holder computes and so does not come to renew it: both are at work, and the first is
# told when it is done. lockfile-create and dotlockfile take a lock that is five minutes old, though its holder lives, unless both say `--use-pid`, or `-p`.
# Why it matters: the lock that keeps two runs apart holds for the short ones and opens in the long one, which is the one that the next run meets.
set -euo pipefail
. "$(dirname "$0")/common.bash"

node_modules proper-lockfile@4.1.2
debian lockfile-progs=0.1.19 liblockfile1=1.17-1+b1 liblockfile-bin=1.17-1+b1
cd "$work"
touch file
cat > job.cjs << 'NODE'
const { lock } = require("proper-lockfile");
const name = process.argv[2], seconds = +process.argv[3];
const say = (what) => console.log(`${name}: ${what}`);

const work = async () => {
    await lock("file", { retries: { retries: 100, factor: 1, minTimeout: 200 }, onCompromised: () => say("told that it has lost the lock") });
    say("has the lock");
    for (const end = Date.now() + seconds * 1000; Date.now() < end;); // it parses a large file
    say("is done");
};
work().then(() => setTimeout(process.exit, 100));
NODE
start jobs node job.cjs first 16
within 20 grep -q 'first: has' jobs.log
start jobs node job.cjs second 8
within 60 grep -q 'second: is done' jobs.log

of_file() { # the title, the command
    local title=$1 code=0
    shift
    rm -f a.lock
    "$@"
    touch --date='6 minutes ago' a.lock
    timeout 60 "$@" 2> complaints || code=$?
    echo "$title: $([ "$code" = 0 ] && echo 'given to another' || echo held)"
}
seen=$(
    sed 's/^/proper-lockfile, /' jobs.log
    of_file 'lockfile-create, after 6 minutes' lockfile-create --retry 2 --lock-name a.lock
    of_file 'dotlockfile, after 6 minutes' dotlockfile -l -r 2 a.lock
    of_file 'dotlockfile -p, after 6 minutes' dotlockfile -l -p -r 2 a.lock
    of_file 'lockfile-create --use-pid, after 6 minutes' lockfile-create --use-pid --retry 2 --lock-name a.lock
)
expect 'proper-lockfile, first: has the lock
proper-lockfile, second: has the lock
proper-lockfile, first: is done
proper-lockfile, first: told that it has lost the lock
proper-lockfile, second: is done
lockfile-create, after 6 minutes: given to another
dotlockfile, after 6 minutes: given to another
dotlockfile -p, after 6 minutes: held
lockfile-create --use-pid, after 6 minutes: held' "$seen"
