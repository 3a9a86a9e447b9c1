#!/usr/bin/env bash
# Guess: a job that gets SIGTERM, and has no handler for it, does not end with 0, whatever language it is written in.
# Seen: in Erlang, Elixir and Common Lisp (SBCL) it ends with 0: their runtime takes the signal for the wish to stop in order. Elixir's `try … after`
# does not run then, SBCL's `unwind-protect` does. In Ruby, PHP, Perl, Tcl and Guile the signal ends it.
# Why it matters: a deploy or a shutdown stops the nightly load in the middle, and systemd, Kubernetes and whoever alerts on the exit code
# call it a success. `:os.set_signal(:sigterm, :default)` in Elixir, and `(sb-sys:enable-interrupt sb-unix:sigterm :default)` in SBCL, let the signal end the job.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian erlang-base=1:25.2.3+dfsg-1+deb12u4 elixir=1.14.0.dfsg-2 sbcl=2:2.2.9-1 ruby3.1=3.1.7+really3.1.2-0+deb12u1 libruby3.1=3.1.7+really3.1.2-0+deb12u1 \
    php8.2-cli=8.2.36-1~deb12u1 tcl8.6=8.6.13+dfsg-2 libtcl8.6=8.6.13+dfsg-2 guile-3.0=3.0.8-2 guile-3.0-libs=3.0.8-2 libgc1=1:8.2.2-3
cd "$work"
sed -i "s#^\( *ROOTDIR=\)/usr#\1$work/root/usr#" root/usr/lib/erlang/bin/erl
export PATH="$work/root/usr/lib/erlang/bin:$PATH" SBCL_HOME=$work/root/usr/lib/sbcl GUILE_AUTO_COMPILE=0
GUILE_LOAD_COMPILED_PATH=$work/root/usr/lib/$(uname -m)-linux-gnu/guile/3.0/ccache
export GUILE_LOAD_COMPILED_PATH GUILE_LOAD_PATH=$work/root/usr/share/guile/3.0 TCL_LIBRARY=$work/root/usr/share/tcltk/tcl8.6
echo 'try do IO.puts("begun"); Process.sleep(30_000) after IO.puts("undone") end' > load.exs
echo '(unwind-protect (progn (format t "begun~%") (finish-output) (sleep 30)) (format t "undone~%"))' > load.lisp
{ echo ':os.set_signal(:sigterm, :default)'; cat load.exs; } > set.exs
{ echo '(sb-sys:enable-interrupt sb-unix:sigterm :default)'; cat load.lisp; } > set.lisp
echo '(display "begun\n") (force-output) (sleep 30)' > load.scm
echo 'puts begun; flush stdout; after 30000' > load.tcl
stopped() { # the language, the command
    local name=$1 code=0
    shift
    "$@" > "$name.log" 2> "$name.err" < /dev/null &
    started+=("$!")
    within 40 grep -q begun "$name.log"
    kill -TERM "$!"
    wait "$!" || code=$?
    echo "$name: exit code $code$(grep -qx undone "$name.log" && echo ', undone')"
}
{
    stopped Erlang erl -noshell -eval 'io:format("begun~n"), timer:sleep(30000), halt(1).'
    stopped Elixir elixir load.exs
    stopped SBCL sbcl --script load.lisp
    stopped 'Erlang, set_signal' erl -noshell -eval 'os:set_signal(sigterm, default), io:format("begun~n"), timer:sleep(30000), halt(1).'
    stopped 'Elixir, set_signal' elixir set.exs
    stopped 'SBCL, enable-interrupt' sbcl --script set.lisp
    stopped Ruby ruby3.1 --disable-gems -e 'puts "begun"; $stdout.flush; sleep 30'
    stopped PHP php8.2 -n -r 'echo "begun\n"; sleep(30);'
    stopped Perl perl -e '$| = 1; print "begun\n"; sleep 30'
    stopped Tcl tclsh8.6 load.tcl
    stopped Guile guile-3.0 load.scm 2> /dev/null
} > "$work/seen"
expect 'Erlang: exit code 0
Elixir: exit code 0
SBCL: exit code 0, undone
Erlang, set_signal: exit code 143
Elixir, set_signal: exit code 143
SBCL, enable-interrupt: exit code 143
Ruby: exit code 143
PHP: exit code 143
Perl: exit code 143
Tcl: exit code 143
Guile: exit code 143' "$(cat "$work/seen")"
