#!/usr/bin/env bash
# Guess: `pexpect.run("load")` is over when the command is, or raises an error where a limit of its own is over.
# Seen: after 30 seconds it ends the command, and returns what that had said, without an error; the exit code is None. `timeout=None` lets it finish.
# `pexpect.spawn(…).expect(EOF)` has the same limit, and raises an error; `pty.spawn` and `sh` have none.
# Why it matters: the load was quick when it was written. The first night on which it takes longer it is cut off in the middle, the program goes on with
# half an answer, and exits with 0; so does `sys.exit(code)`.
set -euo pipefail
. "$(dirname "$0")/common.bash"

python pexpect==4.9.0 sh==2.4.0
cd "$work"
cat > load << 'SH'
#!/bin/sh
echo begun
sleep 33
echo done
touch "$1.done"
SH
chmod +x load
cat > program.py << 'PYTHON'
import sys
import pexpect

which = sys.argv[1]
command = f"./load {which}"
if which == "run":
    print(pexpect.run(command))
elif which == "code":
    said, code = pexpect.run(command, withexitstatus=True)
    print(said, code)
    sys.exit(code)
elif which == "no-limit":
    print(pexpect.run(command, timeout=None))
elif which == "expect":
    try:
        pexpect.spawn(command).expect(pexpect.EOF)
    except pexpect.TIMEOUT:
        sys.exit("TIMEOUT")
elif which == "pty":
    import pty
    pty.spawn(["./load", which])
else:
    import sh
    print(sh.Command("./load")(which))
PYTHON
each="run code no-limit expect pty sh"
for which in $each; do
    start "$which" bash -c 'timeout 100 python3 program.py "$1"; echo "exit code $?"' program "$which"
done
for which in $each; do within 90 grep -q 'exit code' "$which.log"; done
sleep 5 # a command that was left alone would be done by now
seen=$(
    for which in $each; do
        echo "$which: $(tr -d '\r' < "$which.log" | paste -sd' '), $([ -e "$which.done" ] && echo the load was done || echo the load was not done)"
    done
)
expect "run: b'begun\\r\\n' exit code 0, the load was not done
code: b'begun\\r\\n' None exit code 0, the load was not done
no-limit: b'begun\\r\\ndone\\r\\n' exit code 0, the load was done
expect: TIMEOUT exit code 1, the load was not done
pty: begun done exit code 0, the load was done
sh: begun done  exit code 0, the load was done" "$seen"
