#!/usr/bin/env bash
# Guess: a lock that a Python program holds is held until the program lets go of it, or ends.
# Seen: pid and tendo lose it when a child that was forked from the program ends by `sys.exit`, for what lets go of it at the end runs there, too. fasteners and
# tendo lose it when the program reads the lock's file, to show who holds it, say: the kernel takes a lock of a record back when the process closes the
# file, however it was opened. filelock, portalocker and zc.lockfile keep it.
# Why it matters: the program goes on, sure that it is alone, and the next run begins beside it. A job that forks its own helper, or looks into the file,
# is enough; nothing is said.
set -euo pipefail
. "$(dirname "$0")/common.bash"

python pid==3.0.4 tendo==0.3.0 fasteners==0.20 filelock==4.3.1 portalocker==4.4.2 zc.lockfile==4.0
cd "$work"
cat > program.py << 'PYTHON'
import os, sys

tool, then, file = sys.argv[1:]
if tool == "pid":
    import pid
    lock = pid.PidFile(file, piddir=".")
    lock.create()
elif tool == "tendo":
    from tendo import singleton
    lock = singleton.SingleInstance(lockfile=file)
elif tool == "fasteners":
    import fasteners
    lock = fasteners.InterProcessLock(file)
    if not lock.acquire(blocking=False):
        sys.exit("locked")
elif tool == "filelock":
    import filelock
    lock = filelock.FileLock(file, timeout=0)
    lock.acquire()
elif tool == "portalocker":
    import portalocker
    lock = portalocker.Lock(file, timeout=0)
    lock.acquire()
else:
    import zc.lockfile
    lock = zc.lockfile.LockFile(file)
if then == "forks":
    if (child := os.fork()) == 0:
        sys.exit(0)
    os.waitpid(child, 0)
elif then == "reads":
    open(file).read()
open(f"{file}.{then}", "w").close()
if then != "second":
    sys.stdin.read() # it goes on
PYTHON
for tool in pid tendo fasteners filelock portalocker zc.lockfile; do
    lost=
    for then in waits forks reads; do
        file=$tool-$then.pid # with the ending that pid gives to its file itself
        mkfifo "$file.in"
        start "$tool-$then" bash -c 'exec python3 program.py "$@" <> "$3.in"' program "$tool" "$then" "$file"
        within 20 test -e "$file.$then"
        if timeout 20 python3 program.py "$tool" second "$file" > second.log 2>&1; then lost+=${lost:+ and}" when it $then"; fi
        kill -0 "${started[-1]}" # the first goes on
    done
    echo "$tool: the second runs beside the first${lost:- never}"
done > seen
expect 'pid: the second runs beside the first when it forks
tendo: the second runs beside the first when it forks and when it reads
fasteners: the second runs beside the first when it reads
filelock: the second runs beside the first never
portalocker: the second runs beside the first never
zc.lockfile: the second runs beside the first never' "$(cat seen)"
