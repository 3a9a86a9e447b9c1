#!/usr/bin/env bash
# Guess: a program that runs a command and exits with its code, `process.exit(result.exitCode)`, fails where the command was killed.
# Seen: with 0. A command that a signal ended has no code: Node, cross-spawn and zx give null, execa, nano-spawn and tinyexec undefined, and `process.exit` of either is
# the good end. pexpect gives None, and so does `sys.exit`. Perl's `$? >> 8` and Python's `os.WEXITSTATUS` are 0 themselves. All hand on
# a code of 3. `subprocess` of Python gives -9, which makes 247; shelljs, by its own shell, 137.
# Why it matters: out of memory is a SIGKILL. The wrapper that hands each failure on calls this one a success, and nobody alerts.
set -euo pipefail
. "$(dirname "$0")/common.bash"

node_modules execa@9.6.1 zx@8.8.5 tinyexec@1.4.0 nano-spawn@2.1.0 cross-spawn@7.0.6 shelljs@0.10.0
python pexpect==4.9.0
perl -e 'printf "Perl %vd\n", $^V'
cd "$work"
printf '#!/bin/sh\nexit 3\n' > failed
printf '#!/bin/sh\nkill -KILL $$\n' > killed
chmod +x failed killed
ends() { # the title, the file's name, the text with JOB in it, the command
    local title=$1 file=$2 text=$3 job code seen=''
    shift 3
    for job in failed killed; do
        printf '%s\n' "${text//JOB/$work/$job}" > "$file"
        code=0
        timeout 30 "$@" "$file" > out 2>&1 < /dev/null || code=$?
        seen+=" $job $code"
    done
    echo "$title:$seen"
}
node_ends() { ends "$1" job.mjs "$2" node; }
{
    node_ends 'spawn, exit' 'import { spawn } from "child_process"; spawn("JOB").on("exit", (code) => process.exit(code))'
    node_ends 'spawn, exitCode' 'import { spawn } from "child_process"; spawn("JOB").on("close", (code) => { process.exitCode = code })'
    node_ends spawnSync 'import { spawnSync } from "child_process"; process.exit(spawnSync("JOB").status)'
    node_ends execFile 'import { execFile } from "child_process"; execFile("JOB", (error) => process.exit(error ? error.code : 0))'
    node_ends cross-spawn 'import spawn from "cross-spawn"; process.exit(spawn.sync("JOB").status)'
    node_ends 'execa, reject: false' 'import { execa } from "execa"; process.exit((await execa("JOB", { reject: false })).exitCode)'
    node_ends 'execa, catch' 'import { execa } from "execa"; try { await execa("JOB") } catch (error) { process.exit(error.exitCode) }'
    node_ends 'zx, nothrow' 'import { $ } from "zx"; process.exit((await $`exec JOB`.nothrow()).exitCode)'
    node_ends tinyexec 'import { x } from "tinyexec"; process.exit((await x("JOB")).exitCode)'
    node_ends 'nano-spawn, catch' 'import spawn from "nano-spawn"; try { await spawn("JOB") } catch (error) { process.exit(error.exitCode) }'
    node_ends shelljs 'import shell from "shelljs"; process.exit(shell.exec("JOB").code)'
    ends pexpect job.py 'import pexpect, sys; sys.exit(pexpect.run("JOB", withexitstatus=True)[1])' python3
    ends os.WEXITSTATUS job.py 'import os, sys; sys.exit(os.WEXITSTATUS(os.spawnv(os.P_NOWAIT, "JOB", ["JOB"]) and os.wait()[1]))' python3
    ends subprocess job.py 'import subprocess, sys; sys.exit(subprocess.run(["JOB"]).returncode)' python3
    # shellcheck disable=SC2016 # Perl's own
    ends 'Perl, $? >> 8' job.pl 'system("JOB"); exit $? >> 8;' perl
} > seen
expect 'spawn, exit: failed 3 killed 0
spawn, exitCode: failed 3 killed 0
spawnSync: failed 3 killed 0
execFile: failed 3 killed 0
cross-spawn: failed 3 killed 0
execa, reject: false: failed 3 killed 0
execa, catch: failed 3 killed 0
zx, nothrow: failed 3 killed 0
tinyexec: failed 3 killed 0
nano-spawn, catch: failed 3 killed 0
shelljs: failed 3 killed 137
pexpect: failed 3 killed 0
os.WEXITSTATUS: failed 3 killed 0
subprocess: failed 3 killed 247
Perl, $? >> 8: failed 3 killed 0' "$(cat seen)"
