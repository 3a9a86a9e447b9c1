#!/usr/bin/env bash
# Guess: `xargs` and `find -exec` run their command for every item, and fail where it failed for one of them.
# Seen: `xargs` goes on after exit code 1, and stops for good after 255, which is what `ssh` says of a host that
# it cannot reach and Perl's `die` of most errors. It also stops where one was killed: the items behind are not worked on.
# `find -exec … \;` goes on, and exits with 0 always; `find -exec … +` tells of the failure.
# Why it matters: one host that is down, and the hosts behind it get no backup; or no backup at all has worked, and the job has.
set -euo pipefail
. "$(dirname "$0")/common.bash"

for package in findutils perl-base; do echo "$package=$(dpkg-query --show --showformat='${Version}' $package)"; done
cd "$work"
cat > step.sh << 'JOB'
echo "$2" >> done
[ "$2" != two ] || case $1 in
    fails) exit 1 ;;
    dies) exec perl -e '$! = 0; die "no such table\n"' ;;
    killed) kill -KILL $$ ;;
esac
JOB
mkdir items
touch items/one items/two items/three items/four
over() { # the name, the command
    local name=$1 code=0
    shift
    rm -f done
    timeout 20 "$@" < list > /dev/null 2>&1 || code=$?
    echo "$name: exit code $code, done $(wc -l < done) of 4"
}
printf '%s\n' one two three four > list
seen=$(
    for end in fails dies killed; do over "xargs, the second $end" xargs -n 1 sh step.sh "$end"; done
    over 'find \;, the second fails' find items -type f -execdir sh -c 'cd .. && sh step.sh fails "${1#./}"' sh {} \;
    over 'find \;, the second killed' find items -type f -execdir sh -c 'cd .. && exec sh step.sh killed "${1#./}"' sh {} \;
    over 'find +, all at once fail' find items -type f -exec sh -c 'printf "%s\n" "$@" >> done; exit 1' sh {} +
)
expect 'xargs, the second fails: exit code 123, done 4 of 4
xargs, the second dies: exit code 124, done 2 of 4
xargs, the second killed: exit code 125, done 2 of 4
find \;, the second fails: exit code 0, done 4 of 4
find \;, the second killed: exit code 0, done 4 of 4
find +, all at once fail: exit code 1, done 4 of 4' "$seen"
