#!/usr/bin/env bash
# Guess: an alert for two addresses, of which the server refuses one, reaches the other; the exit code or an
# error says that one is missing.
# Seen: curl, msmtp and ssmtp fail, and nobody gets the alert. Python's smtplib and nodemailer send it to the
# other one and do not fail: the refused address is in what they return, which few look at. smtplib fails
# where all are refused.
# Why it matters: a colleague leaves, the mailbox is closed, and either nobody gets any alert, or the one who is on
# call does not, and the job says that all is sent.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian curl=7.88.1-10+deb12u15 libcurl4=7.88.1-10+deb12u15 msmtp=1.8.23-1 libgsasl18=2.2.0-1+deb12u2 libgssglue1=0.7-1.1 libntlm0=1.6-4 \
    libsecret-1-0=0.20.5-3 ssmtp=2.64-11
python aiosmtpd==1.4.6
node_modules nodemailer@7.0.13
port=$(free_port)
cat > "$work/server.py" << 'PYTHON'
import sys, time
from aiosmtpd.controller import Controller

class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("gone@"):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        print(*envelope.rcpt_tos, flush=True)
        return "250 OK"

Controller(Handler(), hostname="127.0.0.1", port=int(sys.argv[1])).start()
time.sleep(300)
PYTHON
cat > "$work/smtplib.job" << 'PYTHON'
import smtplib, sys
smtplib.SMTP("127.0.0.1", int(sys.argv[1])).sendmail("job@example.com", sys.argv[2:], "Subject: failed\n\nload")
PYTHON
cat > "$work/nodemailer.js" << 'JS'
const [port, ...to] = process.argv.slice(2);
require("nodemailer").createTransport({ host: "127.0.0.1", port })
  .sendMail({ from: "job@example.com", to, subject: "failed", text: "load" });
JS
printf 'mailhub=127.0.0.1:%s\n' "$port" > "$work/ssmtp.conf"
start server python3 "$work/server.py" "$port"
within 30 bash -c "exec 3<> /dev/tcp/127.0.0.1/$port"
send() { # the title, the command
    local code=0 title=$1
    shift
    : > "$work/server.log"
    printf 'Subject: failed\n\nload\n' | timeout 30 "$@" > /dev/null 2>&1 || code=$?
    echo "$title: exit code $code, delivered to: $(grep . "$work/server.log" || echo nobody)"
}
both=(gone@example.com ops@example.com)
seen=$(
    send curl curl --silent "smtp://127.0.0.1:$port" --mail-from job@example.com \
        --mail-rcpt "${both[0]}" --mail-rcpt "${both[1]}" --upload-file -
    send msmtp msmtp --host=127.0.0.1 --port="$port" --from=job@example.com "${both[@]}"
    send ssmtp ssmtp -C"$work/ssmtp.conf" "${both[@]}"
    send smtplib python3 "$work/smtplib.job" "$port" "${both[@]}"
    send nodemailer node "$work/nodemailer.js" "$port" "${both[@]}"
)
expect 'curl: exit code 55, delivered to: nobody
msmtp: exit code 65, delivered to: nobody
ssmtp: exit code 1, delivered to: nobody
smtplib: exit code 0, delivered to: ops@example.com
nodemailer: exit code 0, delivered to: ops@example.com' "$seen"
