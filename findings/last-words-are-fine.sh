#!/usr/bin/env bash
# Guess: a script that gives up, or whose error is printed, exits with a code that is not 0.
# Seen: PHP's `die("no connection")` prints its text and exits with 0; only a number, or an error that nobody catches, gives a code.
# An expect script whose `expect` waited in vain, or whose job failed, goes on and exits with 0. bc exits with 0 after a division
# by zero and after a syntax error.
# Why it matters: `die`, in Perl the word for a failure, is in PHP a success; a dialogue that never came to its end, too. A
# wrapper that goes by the exit code sends nothing.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian php8.2-cli=8.2.36-1~deb12u1 expect=5.45.4-2+b1 tcl-expect=5.45.4-2+b1 libtcl8.6=8.6.13+dfsg-2 bc=1.07.1-3+b1
end() { # the title, the command
    local code=0 title=$1
    shift
    timeout 30 "$@" > "$work/out" 2>&1 < /dev/null || code=$?
    echo "$title: $code"
}
seen=$(
    end 'PHP, die("no connection")' php8.2 -n -r 'die("no connection\n");'
    end 'PHP, exit(1)' php8.2 -n -r 'exit(1);'
    end 'PHP, an error that nobody catches' php8.2 -n -r 'throw new Exception("no connection");'
    end 'expect, in vain' expect -c 'set timeout 1; spawn sleep 5; expect "ready"; send_user "go on\n"'
    end 'expect, of a job that failed' expect -c 'spawn sh -c "exit 3"; expect eof'
    echo nonsense > "$work/dialogue"
    end 'expect, an error in its own text' expect -f "$work/dialogue"
    echo '1/0' > "$work/sum"
    end 'bc, 1/0' bc "$work/sum" -q
    echo '1+/2' > "$work/sum"
    end 'bc, 1+/2' bc "$work/sum" -q
)
expect 'PHP, die("no connection"): 0
PHP, exit(1): 1
PHP, an error that nobody catches: 255
expect, in vain: 0
expect, of a job that failed: 0
expect, an error in its own text: 1
bc, 1/0: 0
bc, 1+/2: 0' "$seen"
