#!/usr/bin/env bash
# Guess: a list of transfers that is given to a client, the way of jobs, fails where one of the files is not there.
# Seen: lftp, with `-c`, `-e`, `-f` or from standard input, goes on and ends as its last command did: with 0, unless that one failed. `set cmd:fail-exit yes`
# makes it stop and fail. `sftp` with its list on standard input ends with 0 whichever file is missing; with `-b` it stops and fails. `tnftp`, Debian's
# `ftp`, and that of inetutils end with 0 also where they never reached the server.
# Why it matters: the job that fetches the files of the day is green on the day when one of them was not written, and what reads it goes
# on with yesterday's.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian lftp=4.9.2-2+b1 openssh-client=1:9.2p1-2+deb12u10 openssh-sftp-server=1:9.2p1-2+deb12u10 \
    tnftp=20210827-4+b1 inetutils-ftp=2:2.4-2+deb12u3
python pyftpdlib==2.0.1
cd "$work"
export HOME=$work
mkdir served fetched
echo 1 > served/orders
echo 2 > served/prices
port=$(free_port) nobody=$(free_port)
start ftpd python3 -m pyftpdlib --interface 127.0.0.1 --port "$port" --directory "$work/served"
within 10 curl --silent --output page "ftp://127.0.0.1:$port/"
url=ftp://127.0.0.1:$port
by() { # the title, what the client reads, the client
    local title=$1 input=$2 code=0
    shift 2
    cd fetched
    timeout 20 "$@" > ../words 2>&1 <<< "$input" || code=$?
    echo "$title: code $code, got $(find . -type f -printf '%f\n' | sort | paste -sd' ')"
    rm -f -- *
    cd ..
}
for list in 'get orders;get missing;get prices' 'get orders;get prices;get missing'; do
    lines=${list//;/$'\n'} of_server=${list//get /get $work/served/}
    echo "$list"
    printf '%s\n' "open $url" "$lines" > transfers
    printf '%s\n' "${of_server//;/$'\n'}" > sftp-transfers
    by 'lftp -c' '' lftp -c "open $url; $list"
    by 'lftp -f' '' lftp -f "$work/transfers"
    by 'lftp -e, bye' '' lftp -e "$list; bye" "$url"
    by 'lftp, standard input' "$lines" lftp "$url"
    by 'lftp, fail-exit' '' lftp -c "set cmd:fail-exit yes; open $url; $list"
    by 'sftp, standard input' "$(cat sftp-transfers)" sftp -D "$work/root/usr/lib/openssh/sftp-server"
    by 'sftp -b' '' sftp -b "$work/sftp-transfers" -D "$work/root/usr/lib/openssh/sftp-server"
    by 'tnftp' "user anonymous job"$'\n'"$lines" tnftp -n 127.0.0.1 "$port"
    by 'inetutils-ftp' "user anonymous job"$'\n'"$lines" inetutils-ftp -n 127.0.0.1 "$port"
done > seen
{
    echo 'no server'
    by lftp '' lftp -c "set net:max-retries 1; open ftp://127.0.0.1:$nobody; get orders"
    by 'sftp, standard input' 'get orders' sftp -P "$nobody" 127.0.0.1
    by tnftp "user anonymous job"$'\n''get orders' tnftp -n 127.0.0.1 "$nobody"
    by inetutils-ftp "user anonymous job"$'\n''get orders' inetutils-ftp -n 127.0.0.1 "$nobody"
} >> seen
expect 'get orders;get missing;get prices
lftp -c: code 0, got orders prices
lftp -f: code 0, got orders prices
lftp -e, bye: code 0, got orders prices
lftp, standard input: code 0, got orders prices
lftp, fail-exit: code 1, got orders
sftp, standard input: code 0, got orders prices
sftp -b: code 1, got orders
tnftp: code 0, got orders prices
inetutils-ftp: code 0, got orders prices
get orders;get prices;get missing
lftp -c: code 1, got orders prices
lftp -f: code 1, got orders prices
lftp -e, bye: code 1, got orders prices
lftp, standard input: code 1, got orders prices
lftp, fail-exit: code 1, got orders prices
sftp, standard input: code 0, got orders prices
sftp -b: code 1, got orders prices
tnftp: code 0, got orders prices
inetutils-ftp: code 0, got orders prices
no server
lftp: code 1, got 
sftp, standard input: code 255, got 
tnftp: code 0, got 
inetutils-ftp: code 0, got ' "$(cat seen)"
