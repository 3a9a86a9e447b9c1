#!/usr/bin/env bash
# Guess: two jobs that take the same lock file, one with flock and one with lckdo, do not run at once, as two with flock do not.
# Seen: they do. flock, chpst, setlock, and filelock and portalocker of Python take the kernel's lock of an open file; lckdo, s6-setlock, runlock,
# with-lock-ex and fasteners its lock of a record. Neither sees the other. And a run that finds its lock held exits with 1, 73, 75, 111 or 255.
# Why it matters: the nightly load and the backup of another team share /run/lock/orders, each job tries its own tool twice by hand, and both are
# sure. A lock file needs one tool; what `--skip-codes` is to be given depends on which.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian util-linux=2.38.1-5+deb12u3 runit=2.1.2-54 daemontools=1:0.76-8.1 moreutils=0.67-1 s6=2.11.3.2-1 libs6-2.11=2.11.3.2-1 libskarnet2.13=2.13.1.1-1 \
    libexecline2.9=2.9.3.0-1 cronutils=1.9-3+b1 chiark-utils-bin=7.0.0
python filelock==4.3.1 portalocker==4.4.2 fasteners==0.20
cd "$work"
cat > with_python.py << 'PYTHON'
import sys

tool = sys.argv[1]
try:
    if tool == "filelock":
        import filelock
        filelock.FileLock("lock", timeout=0).acquire()
    elif tool == "portalocker":
        import portalocker
        held = portalocker.Lock("lock", timeout=0)
        held.acquire()
    else:
        import fasteners
        if not fasteners.InterProcessLock("lock").acquire(blocking=False):
            raise BlockingIOError("locked")
except (OSError, *([portalocker.LockException] if tool == "portalocker" else [])) as error:
    sys.exit(f"held: {error!r}")
open("ran", "w").close()
PYTHON
try() { # the title, the command
    local code=0 title=$1
    shift
    rm -f ran
    timeout 20 "$@" > out 2>&1 < /dev/null || code=$?
    if [ -e ran ]; then echo "$title ran"; else echo "$title did not run, exit code $code"; fi
}
all() {
    try flock flock -n lock touch ran
    try chpst chpst -L lock touch ran
    try setlock setlock -n lock touch ran
    try filelock python3 with_python.py filelock
    try portalocker python3 with_python.py portalocker
    try lckdo lckdo lock touch ran
    try s6-setlock s6-setlock -n lock touch ran
    try runlock runlock -f lock touch ran
    try with-lock-ex with-lock-ex -f lock touch ran
    try fasteners python3 with_python.py fasteners
}
held_by() { # a tool and its arguments
    rm -f lock held
    start holder "$@" sh -c 'echo $$ > held; exec sleep 100'
    within 20 test -s held
    echo "held by $1:"
    all
    kill "${started[-1]}"
    wait "${started[-1]}" || true
    kill "$(cat held)" 2> /dev/null || true # lckdo leaves it
}
seen=$(held_by flock -F lock; held_by lckdo lock)
expect 'held by flock:
flock did not run, exit code 1
chpst did not run, exit code 111
setlock did not run, exit code 111
filelock did not run, exit code 1
portalocker did not run, exit code 1
lckdo ran
s6-setlock ran
runlock ran
with-lock-ex ran
fasteners ran
held by lckdo:
flock ran
chpst ran
setlock ran
filelock ran
portalocker ran
lckdo did not run, exit code 75
s6-setlock did not run, exit code 1
runlock did not run, exit code 73
with-lock-ex did not run, exit code 255
fasteners did not run, exit code 1' "$seen"
