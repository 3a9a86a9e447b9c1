#!/usr/bin/env bash
# Guess: a check fails where there is damage.
# Seen: `mariadb-check` says "error: Corrupt" and ends with 0. So does sqlite3 after the lines of `PRAGMA integrity_check` and `foreign_key_check`. `restic check`
# does not look at the data of the backup: "no errors were found", with 0; `--read-data` finds the damage.
# borg, duplicity, rdiff-backup, unzip, 7zz and sha256sum fail.
# Why it matters: the nightly check is a job of its own so that somebody hears of damage before the backups that are whole have been deleted; nobody does. Look
# for the word: `mariadb-check … | tee report`, then `! grep -q '^error' report`; of sqlite3 for a line that is not `ok`.
set -euo pipefail
. "$(dirname "$0")/common.bash"
. "$(dirname "$0")/mariadb.bash"

mariadb_server
debian sqlite3=3.40.1-2+deb12u2 libsqlite3-0=3.40.1-2+deb12u2 libreadline8=8.2-1.3 restic=0.14.0-1+b5 borgbackup=1.2.4-1 python3-packaging=23.0-1 python3-msgpack=1.0.3-2+b1 \
    duplicity=0.8.22-1+b3 librsync2=2.3.2-1+b1 libb2-1=0.98.1-1.1 python3-fasteners=0.17.3-2 python3-future=0.18.2-6 python3-lockfile=1:0.12.2-2.2 \
    rdiff-backup=2.2.2-1 python3-setuptools=66.1.1-1+deb12u2 python3-yaml=6.0-3+b2 libyaml-0-2=0.2.5-1 unzip=6.0-28+deb12u1 zip=3.0-13+deb12u1 \
    7zip=22.01+really26.02+dfsg-0+deb12u1
cd "$work"
export HOME=$work RESTIC_PASSWORD=word BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes
with_modules borg duplicity rdiff-backup
damage() { # the file: changes ten bytes in its middle
    local size
    size=$(stat -c %s "$1")
    chmod u+w "$1"
    printf 'XXXXXXXXXX' | dd of="$1" bs=1 seek=$((size / 2)) conv=notrunc status=none
}
mkdir data
head -c 300000 /dev/urandom > data/orders
sqlite3 shop.db "CREATE TABLE customer (id INTEGER PRIMARY KEY); CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customer, name TEXT);
    INSERT INTO orders SELECT value, 1, 'order-' || value FROM generate_series(1001, 3000); CREATE INDEX by_name ON orders (name)"
sed '0,/order-2000/s//order-XXXX/' shop.db > damaged.db # in the table alone
restic init --repo by-restic > log 2>&1
restic backup --repo by-restic data >> log 2>&1
borg init --encryption none by-borg >> log 2>&1
borg create by-borg::one data >> log 2>&1
duplicity --no-encryption data "file://$PWD/by-duplicity" >> log 2>&1
rdiff-backup data by-rdiff >> log 2>&1
zip -0 -q -r by.zip data
7zz a by.7z data >> log
sha256sum data/orders > sums
damage "$(find by-restic/data -type f -size +100k)"
damage "$(find by-borg/data -type f -size +100k)"
damage by-rdiff/orders
damage by.zip
damage by.7z
damage data/orders
mariadb "${maria[@]}" --execute="CREATE DATABASE shop; CREATE TABLE shop.orders (id INT PRIMARY KEY, text VARCHAR(100)) ENGINE=MyISAM;
    INSERT INTO shop.orders VALUES (1, REPEAT('x', 90)), (2, REPEAT('x', 90)), (3, REPEAT('x', 90)), (4, REPEAT('x', 90)); FLUSH TABLES"
damage maria/shop/orders.MYD
end() { # the title, the command
    local code=0 title=$1
    shift
    timeout 60 "$@" > out 2>&1 < /dev/null || code=$?
    echo "$title: exit code $code"
}
seen=$(
    end mariadb-check mariadb-check "${maria[@]}" shop
    grep -o 'error *: Corrupt' out | tr -s ' '
    end 'sqlite3, integrity_check' sqlite3 damaged.db 'PRAGMA integrity_check'
    cat out
    end 'sqlite3, foreign_key_check' sqlite3 shop.db 'PRAGMA foreign_key_check'
    sed -n '1p' out
    end 'restic check' restic check --repo by-restic
    tail -n 1 out
    end 'restic check --read-data' restic check --read-data --repo by-restic
    end 'borg check' borg check by-borg
    end 'duplicity verify' duplicity verify --compare-data --no-encryption "file://$PWD/by-duplicity" data
    end 'rdiff-backup --verify' rdiff-backup --verify by-rdiff
    end 'unzip -t' unzip -t by.zip
    end '7zz t' 7zz t by.7z
    end 'sha256sum --check' sha256sum --check sums
)
expect 'mariadb-check: exit code 0
error : Corrupt
sqlite3, integrity_check: exit code 0
row 1000 missing from index by_name
sqlite3, foreign_key_check: exit code 0
orders|1001|customer|0
restic check: exit code 0
no errors were found
restic check --read-data: exit code 1
borg check: exit code 1
duplicity verify: exit code 1
rdiff-backup --verify: exit code 2
unzip -t: exit code 2
7zz t: exit code 2
sha256sum --check: exit code 1' "$seen"
