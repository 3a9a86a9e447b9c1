#!/usr/bin/env bash
# Guess: a backup of two folders, of which one is not there, fails.
# Seen: zip and restic exit with 0. restic names the folder in one line of its output, zip with `-q` in none. tar, bsdtar,
# Borg, and cpio of a list of names fail, with 1 or 2; `find | cpio` exits with 0, as pipes do.
# Why it matters: on the day when a disk is not mounted, or a folder has a new name, the backup has worked, and lacks what
# counts.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian zip=3.0-13+deb12u1 restic=0.14.0-1+b5 libarchive-tools=3.6.2-1+deb12u5 libarchive13=3.6.2-1+deb12u5 cpio=2.13+dfsg-7.1 \
    borgbackup=1.2.4-1 python3-packaging=23.0-1 python3-msgpack=1.0.3-2+b1
tar --version | sed 1q
cd "$work"
mkdir orders
echo 1 > orders/today
export HOME=$work RESTIC_PASSWORD=word BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes
borg() { PYTHONPATH=$work/root/usr/lib/python3/dist-packages /usr/bin/python3 "$work/root/usr/bin/borg" "$@"; }
of_both() { # the name, the command
    local name=$1 code=0
    shift
    "$@" orders invoices > "$name.words" 2>&1 || code=$?
    echo "$name: exit code $code, $(grep -c invoices "$name.words" || true) lines that name it"
}
restic init --repo by-restic > /dev/null
borg init --encryption none by-borg 2> /dev/null
seen=$(
    of_both tar tar -cf by.tar
    of_both bsdtar bsdtar -cf by-bsd.tar
    of_both 'cpio of a list' sh -c 'printf "%s\n" "$@" | cpio --create > by.cpio' sh
    of_both borg borg create by-borg::today
    of_both 'find, cpio' sh -c 'find "$@" -type f | cpio --create > by.cpio' sh
    of_both zip zip -r by.zip
    of_both 'zip -q' zip -qr by-q.zip
    of_both restic restic backup --repo by-restic
)
expect 'tar: exit code 2, 1 lines that name it
bsdtar: exit code 1, 1 lines that name it
cpio of a list: exit code 2, 1 lines that name it
borg: exit code 1, 1 lines that name it
find, cpio: exit code 0, 1 lines that name it
zip: exit code 0, 1 lines that name it
zip -q: exit code 0, 0 lines that name it
restic: exit code 0, 1 lines that name it' "$seen"
