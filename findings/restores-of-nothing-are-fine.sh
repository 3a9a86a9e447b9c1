#!/usr/bin/env bash
# Guess: to restore one file that the backup does not have fails.
# Seen: cpio, 7zz, dar, unsquashfs, restic and rdiff-backup restore nothing, and end with 0. None of them names the file, and rdiff-backup says nothing at all.
# tar, bsdtar, pax, unzip, Borg, duplicity and bup name it, and fail.
# Why it matters: the nightly trial that restores one file of the last backup passes, though the backup lost that file long ago, or the path was
# written wrong from the first. So look whether the file is there.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian cpio=2.13+dfsg-7.1 7zip=22.01+really26.02+dfsg-0+deb12u1 dar=2.7.8-2+b9 libdar64-6000=2.7.8-2+b9 libargon2-1=0~20171227-0.3+deb12u1 \
    libgpgme11=1.18.0-3+deb12u1 libassuan0=2.5.5-5 liblzo2-2=2.10-2 squashfs-tools=1:4.5.1-1 restic=0.14.0-1+b5 rdiff-backup=2.2.2-1 \
    librsync2=2.3.2-1+b1 libb2-1=0.98.1-1.1 python3-setuptools=66.1.1-1+deb12u2 python3-yaml=6.0-3+b2 libyaml-0-2=0.2.5-1 \
    libarchive-tools=3.6.2-1+deb12u5 libarchive13=3.6.2-1+deb12u5 pax=1:20201030-1 zip=3.0-13+deb12u1 unzip=6.0-28+deb12u1 \
    borgbackup=1.2.4-1 python3-packaging=23.0-1 python3-msgpack=1.0.3-2+b1 duplicity=0.8.22-1+b3 python3-fasteners=0.17.3-2 \
    python3-future=0.18.2-6 python3-lockfile=1:0.12.2-2.2 bup=0.33.7-1~deb12u1 python3-pylibacl=0.7.0-2 python3-pyxattr=0.8.1-1
tar --version | sed 1q
cd "$work"
mkdir data
echo 1 > data/orders
export HOME=$work RESTIC_PASSWORD=word BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes
with_modules borg duplicity rdiff-backup
cat > backups << 'SH'
tar -cf by.tar data
bsdtar -cf by-bsd.tar data
find data | cpio --create > by.cpio
pax -w data > by.pax
zip -r by.zip data
7zz a by.7z data
dar -c by -R . -g data
mksquashfs data by.squashfs
restic init --repo by-restic
restic backup --repo by-restic data
borg init --encryption none by-borg
borg create by-borg::one data
duplicity --no-encryption data "file://$PWD/by-duplicity"
rdiff-backup backup data by-rdiff
bup init
bup index data
bup save -n one data
SH
install_by 200 sh -e backups
restore() { # the title, what restores FILE: one that is there, and one that is not
    local title=$1 name code seen=''
    shift
    for name in orders prices; do
        mkdir restored
        cd restored
        code=0
        timeout 60 "${@//FILE/$name}" > ../words 2>&1 < /dev/null || code=$?
        cd ..
        seen+="; $name: code $code, files $(find restored -type f | wc -l)"
        rm -rf restored
    done
    echo "$title$seen, $(grep -q prices words && echo named || echo 'not named')"
}
{
    restore tar tar -xf ../by.tar data/FILE
    restore bsdtar bsdtar -xf ../by-bsd.tar data/FILE
    restore pax pax -r -f ../by.pax data/FILE
    restore unzip unzip ../by.zip data/FILE
    restore Borg borg extract ../by-borg::one data/FILE
    restore duplicity duplicity restore --no-encryption --file-to-restore FILE "file://$work/by-duplicity" out
    restore bup bup restore -C . "/one/latest$work/data/FILE"
    restore cpio cpio --extract --make-directories --file ../by.cpio data/FILE
    restore 7zz 7zz x ../by.7z data/FILE
    restore dar dar -x ../by -g data/FILE
    restore unsquashfs unsquashfs -d out ../by.squashfs FILE
    restore restic restic restore --repo ../by-restic latest --target . --include /data/FILE
    restore rdiff-backup rdiff-backup restore ../by-rdiff/FILE out
} > seen
expect 'tar; orders: code 0, files 1; prices: code 2, files 0, named
bsdtar; orders: code 0, files 1; prices: code 1, files 0, named
pax; orders: code 0, files 1; prices: code 1, files 0, named
unzip; orders: code 0, files 1; prices: code 11, files 0, named
Borg; orders: code 0, files 1; prices: code 1, files 0, named
duplicity; orders: code 0, files 1; prices: code 19, files 0, named
bup; orders: code 0, files 1; prices: code 1, files 0, named
cpio; orders: code 0, files 1; prices: code 0, files 0, not named
7zz; orders: code 0, files 1; prices: code 0, files 0, not named
dar; orders: code 0, files 1; prices: code 0, files 0, not named
unsquashfs; orders: code 0, files 1; prices: code 0, files 0, not named
restic; orders: code 0, files 1; prices: code 0, files 0, not named
rdiff-backup; orders: code 0, files 1; prices: code 0, files 0, not named' "$(cat seen)"
