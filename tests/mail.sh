#!/usr/bin/env bash
# Letters of a job to real servers of mail: Exim by SMTP and by its `sendmail`, aiosmtpd in clear, with STARTTLS and with TLS
# from the first byte (on port 465 where that is free), and OpenSMTPD.
# What is not installed is passed over with a word (apt-get install exim4-daemon-light; pip install
# aiosmtpd; apt-get download opensmtpd, and its folder of `dpkg -x` in $OPENSMTPD). Must be root, for
# Exim takes another configuration from nobody else.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
servers=()
cleanup() {
    for server in "${servers[@]}"; do kill "$server" 2> /dev/null || true; done
    rm -rf "$work"
}
trap cleanup EXIT
chmod 755 "$work"
passed=0

if [ -z "${PROGRAM:-}" ]; then
    cargo build --quiet --features email --example services
    PROGRAM=${CARGO_TARGET_DIR:-target}/debug/examples/services
fi

# Runs the job to a word: it fails, fails otherwise, and works.
tell() {
    NOTIFY_DISABLE=0 NOTIFYDIR="$work/$1" NOTIFY_EXIT_SECONDS=20 NOTIFY_ALERTS_URL="$2" NOTIFY_CONTEXT='env=test https://wiki.example/etl' \
        "$PROGRAM" "connection to \`größe_db\` refused" 2> "$work/$1.stderr"
    NOTIFY_DISABLE=0 NOTIFYDIR="$work/$1" NOTIFY_EXIT_SECONDS=20 NOTIFY_ALERTS_URL="$2" "$PROGRAM" ok 2>> "$work/$1.stderr"
}

# Reads the letters that a server has kept, as a reader of mail would.
check() {
    python3 - "$1" "$work/$2" << 'PYTHON'
import email, email.policy, pathlib, sys
name, path = sys.argv[1], pathlib.Path(sys.argv[2])
files = sorted(f for f in path.rglob("*") if f.is_file()) if path.is_dir() else [path]
raw = [f.read_bytes() for f in files]
raw = [l for r in raw for l in (r.split(b"\n-- end --\n") if b"\n-- end --\n" in r else [r]) if l.strip()]
letters = [email.message_from_bytes(r.lstrip(), policy=email.policy.default) for r in raw]
assert len(letters) == 2, f"{name}: {len(letters)} letters"
letters.sort(key=lambda l: "recovered" in l["Subject"])
failed, recovered = letters
for letter in letters:
    assert not letter.defects, letter.defects
    assert letter["Auto-Submitted"] == "auto-generated" and letter["From"] and letter["To"]
    assert [part.get_content_type() for part in letter.iter_parts()] == ["text/plain", "text/html"]
assert "connection to `größe_db` refused" in failed["Subject"], failed["Subject"]
for kind in ("plain", "html"):
    assert "größe_db" in failed.get_body((kind,)).get_content(), kind
assert 'href="https://wiki.example/etl"' in failed.get_body(("html",)).get_content()
assert "recovered" in recovered["Subject"], recovered["Subject"]
assert failed["References"] == recovered["References"] == failed["In-Reply-To"]
assert failed["Message-ID"] != recovered["Message-ID"]
print(f"ok: {name}: {failed['Subject']} | {recovered['Subject']}")
PYTHON
    passed=$((passed + 1))
}

# Waits until a port is open, for ten seconds at most.
open_port() {
    for _ in $(seq 100); do
        (exec 3<> "/dev/tcp/127.0.0.1/$1") 2> /dev/null && return
        sleep 0.1
    done
    echo "nobody listens at $1" >&2
    return 1
}

port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

if command -v exim4 > /dev/null && [ "$(id -u)" = 0 ]; then
    user=$(exim4 -C /dev/null -bP exim_user 2> /dev/null | sed 's/.*= *//'); user=${user:-Debian-exim}
    for way in smtp sendmail; do
        mkdir -p "$work/exim-$way"/{spool,log,mail}
        cat > "$work/exim-$way/conf" << CONF
primary_hostname = mail.example.com
spool_directory = $work/exim-$way/spool
log_file_path = $work/exim-$way/log/%s
qualify_domain = example.com
acl_smtp_rcpt = accept_all
acl_smtp_data = accept_all
trusted_users = root
tls_advertise_hosts =
begin acl
accept_all:
  accept
begin routers
all:
  driver = accept
  transport = file
begin transports
file:
  driver = appendfile
  directory = $work/exim-$way/mail
  create_directory
  user = $user
  message_suffix = ""
  message_prefix = ""
CONF
        chown -R "$user" "$work/exim-$way"
        chown root "$work/exim-$way/conf"
        chmod 644 "$work/exim-$way/conf"
    done
    p=$(port)
    exim4 -C "$work/exim-smtp/conf" -bdf -oX "127.0.0.1.$p" -oP "$work/exim.pid" &
    servers+=($!)
    open_port "$p"
    tell a "mailtos://127.0.0.1:$p/?from=jobs@example.com&to=anna@example.com"
    printf '#!/bin/sh\nexec exim4 -C %s -odf "$@"\n' "$work/exim-sendmail/conf" > "$work/sendmail"
    chmod 755 "$work/sendmail"
    tell b "sendmail://$work/sendmail?to=anna@example.com&from=jobs@example.com"
    sleep 2
    check "Exim by SMTP" exim-smtp/mail
    check "Exim by sendmail" exim-sendmail/mail
else
    echo "passed over: Exim (exim4-daemon-light, as root)"
fi

if python3 -c 'import aiosmtpd' 2> /dev/null; then
    p=$(port)
    python3 - "$p" "$work/aiosmtpd" << 'PYTHON' &
import asyncio, pathlib, sys
from aiosmtpd.controller import Controller
folder = pathlib.Path(sys.argv[2]); folder.mkdir()
class Handler:
    async def handle_DATA(self, server, session, envelope):
        (folder / str(len(list(folder.iterdir())))).write_bytes(envelope.content.replace(b"\r\n", b"\n"))
        return "250 OK"
Controller(Handler(), hostname="127.0.0.1", port=int(sys.argv[1])).start()
asyncio.new_event_loop().run_forever()
PYTHON
    servers+=($!)
    open_port "$p"
    tell c "mailtos://me:password@127.0.0.1:$p/?from=jobs@example.com&to=anna@example.com"
    check aiosmtpd aiosmtpd

    # An authority of this script's own, which the job is told to trust.
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout "$work/ca.key" -out "$work/ca.pem" 2> /dev/null
    openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout "$work/key.pem" -out "$work/request" 2> /dev/null
    openssl x509 -req -in "$work/request" -CA "$work/ca.pem" -CAkey "$work/ca.key" -CAcreateserial -days 2 \
        -extfile <(echo 'subjectAltName=DNS:localhost') -out "$work/cert.pem" 2> /dev/null
    export SSL_CERT_FILE=$work/ca.pem
    for way in starttls implicit; do
        p=$(port)
        if [ $way = implicit ] && python3 -c 'import socket; socket.socket().bind(("127.0.0.1", 465))' 2> /dev/null; then p=465; fi
        python3 - "$p" "$work/$way" "$work" $way << 'PYTHON' &
import asyncio, pathlib, ssl, sys
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
port, folder, work, way = sys.argv[1:]
folder = pathlib.Path(folder); folder.mkdir()
context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(f"{work}/cert.pem", f"{work}/key.pem")
class Handler:
    async def handle_DATA(self, server, session, envelope):
        # Only who has logged in, and nobody did so in clear.
        assert session.authenticated and (session.ssl or way == "implicit")
        (folder / str(len(list(folder.iterdir())))).write_bytes(envelope.content.replace(b"\r\n", b"\n"))
        return "250 OK"
def login(server, session, envelope, mechanism, data):
    return AuthResult(success=(data.login, data.password) == (b"me", b"password"))
more = dict(tls_context=context, require_starttls=True) if way == "starttls" else dict(ssl_context=context, auth_require_tls=False)
Controller(Handler(), hostname="127.0.0.1", port=int(port), authenticator=login, auth_required=True, **more).start()
asyncio.new_event_loop().run_forever()
PYTHON
        servers+=($!)
        open_port "$p"
        mode=''
        if [ $way = implicit ] && [ "$p" != 465 ]; then mode='&mode=ssl'; fi
        tell "job-$way" "mailtos://me:password@localhost:$p/?from=jobs@example.com&to=anna@example.com$mode"
        check "aiosmtpd, $way at port $p" $way
    done
    unset SSL_CERT_FILE
else
    echo "passed over: aiosmtpd"
fi

if [ -n "${OPENSMTPD:-}" ]; then
    p=$(port)
    mkdir -p "$work/opensmtpd"
    cat > "$work/opensmtpd.conf" << CONF
listen on 127.0.0.1 port $p
action keep mda "cat >> $work/opensmtpd/letters; printf '\n-- end --\n' >> $work/opensmtpd/letters" user nobody virtual { "@" = nobody }
match from any for any action keep
CONF
    chmod 777 "$work/opensmtpd"
    # It needs users, places and programs of its own: those of this server alone, where it is not installed.
    cat > "$work/opensmtpd.start" << START
set -e
for table in passwd group; do cp /etc/\$table $work/\$table; done
for user in opensmtpd:64901 opensmtpq:64902; do
    echo "\${user%:*}:x:\${user#*:}:\${user#*:}::/var/lib/opensmtpd/empty:/bin/false" >> $work/passwd
    echo "\${user%:*}:x:\${user#*:}:" >> $work/group
done
for table in passwd group; do mount --bind $work/\$table /etc/\$table; done
for folder in /var/spool /var/lib /run; do mount -t tmpfs tmpfs \$folder; done
mkdir -p /var/lib/opensmtpd/empty /var/spool/smtpd
chmod 711 /var/spool/smtpd
mkdir -p $work/libexec
cp -r $OPENSMTPD/usr/libexec/opensmtpd $work/libexec/
mkdir -p /usr/libexec
mount --bind $work/libexec /usr/libexec
exec $OPENSMTPD/usr/sbin/smtpd -d -f $work/opensmtpd.conf
START
    PATH="$OPENSMTPD/usr/sbin:$PATH" unshare --mount bash "$work/opensmtpd.start" > "$work/opensmtpd.log" 2>&1 &
    servers+=($!)
    open_port "$p"
    tell d "mailtos://127.0.0.1:$p/?from=jobs@example.com&to=anna@example.com"
    sleep 3
    check OpenSMTPD opensmtpd/letters
else
    echo "passed over: OpenSMTPD (a folder of its package in \$OPENSMTPD)"
fi

echo "$passed passed, 0 failed"
