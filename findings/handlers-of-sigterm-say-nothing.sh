#!/usr/bin/env bash
# Guess: a job whose handler of SIGTERM logs "stopped" and ends with 1 does that, in Ruby and in PHP.
# Seen: Ruby's Logger drops the line that a `trap` block logs, and writes "log writing failed. can't be called from trap context" to standard error: no lock
# may be taken there, so a Mutex, a Monitor and most clients raise there, too. PHP's `pcntl_signal` alone never calls the handler: SIGTERM does nothing,
# and the job goes on to its end. In Ruby a thread within the block, or `rescue SignalException` in place of it, logs; in PHP `pcntl_async_signals(true)`.
# Why it matters: the one line that says why the job ended is missing, and a supervisor that stops a PHP job waits until it kills it, in the middle of its work.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian ruby3.1=3.1.7+really3.1.2-0+deb12u1 libruby3.1=3.1.7+really3.1.2-0+deb12u1 php8.2-cli=8.2.36-1~deb12u1
cd "$work"
lib=$work/root/usr/lib
RUBYLIB=$lib/ruby/3.1.0:$lib/$(uname -m)-linux-gnu/ruby/3.1.0
export RUBYLIB
cat > load.rb << 'RUBY'
require "logger"
$log = Logger.new("log")
def stop
  yield
  exit 1
end
case ARGV[0]
when "Logger" then trap("TERM") { stop { $log.error("stopped") } }
when "Mutex" then trap("TERM") { stop { Mutex.new.synchronize { $log.error("stopped") } } }
when "thread" then trap("TERM") { stop { Thread.new { $log.error("stopped") }.join } }
end
begin
  puts "begun"
  $stdout.flush
  sleep 20
rescue SignalException
  stop { $log.error("stopped") }
end
RUBY
cat > load.php << 'PHP'
<?php
pcntl_signal(SIGTERM, function () { file_put_contents("log", "stopped"); exit(1); });
if ($argv[1] == "async") {
    pcntl_async_signals(true);
}
echo "begun\n";
for ($row = 0; $row < 40; $row++) {
    usleep(100000);
    if ($argv[1] == "dispatch") {
        pcntl_signal_dispatch();
    }
}
file_put_contents("log", "loaded");
PHP
stopped() { # the title, the command
    local title=$1 code=0
    shift
    rm -f log
    "$@" > out 2> err < /dev/null &
    started+=("$!")
    within 40 grep -q begun out
    kill -TERM "$!"
    wait "$!" || code=$?
    echo "$title: $(grep -o 'stopped\|loaded' log || echo nothing in the log), exit code $code$(grep -o "can't be called from trap context" err | sed -n '1s/^/, /p')"
}
{
    stopped 'Ruby, Logger in trap' ruby3.1 --disable-gems load.rb Logger
    stopped 'Ruby, Mutex in trap' ruby3.1 --disable-gems load.rb Mutex
    stopped 'Ruby, a thread in trap' ruby3.1 --disable-gems load.rb thread
    stopped 'Ruby, rescue SignalException' ruby3.1 --disable-gems load.rb rescue
    stopped 'PHP, pcntl_signal' php8.2 -n load.php plain
    stopped 'PHP, pcntl_signal_dispatch' php8.2 -n load.php dispatch
    stopped 'PHP, pcntl_async_signals' php8.2 -n load.php async
} > "$work/seen"
expect "Ruby, Logger in trap: nothing in the log, exit code 1, can't be called from trap context
Ruby, Mutex in trap: nothing in the log, exit code 1, can't be called from trap context
Ruby, a thread in trap: stopped, exit code 1
Ruby, rescue SignalException: stopped, exit code 1
PHP, pcntl_signal: loaded, exit code 0
PHP, pcntl_signal_dispatch: stopped, exit code 1
PHP, pcntl_async_signals: stopped, exit code 1" "$(cat "$work/seen")"
