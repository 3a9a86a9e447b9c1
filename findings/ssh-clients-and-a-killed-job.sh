#!/usr/bin/env bash
# Guess: an SSH client says of a remote job that was killed what a shell says, 137, or at least no code that means something
# else.
# Seen: the library libssh2 gives exit status 0, as of a job that worked. `ssh` gives 255, as of a host that it cannot
# reach. plink gives 128, paramiko -1; asyncssh and npm's ssh2 give the signal.
# Why it matters: with libssh2 a load that ran out of memory has worked. With `ssh`, whoever tries 255 again, "the
# network", runs the job a second time.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian openssh-client=1:9.2p1-2+deb12u10 putty-tools=0.78-2+deb12u2
python asyncssh==2.24.1 paramiko==5.1.0 ssh2-python==1.2.0.post1
node_modules ssh2@1.17.0
cd "$work"
export HOME=$work PORT
PORT=$(free_port)
cat > server.py << 'PYTHON'
import asyncio, asyncssh, os, signal

async def run(process):
    job = await asyncio.create_subprocess_shell(process.command)
    code = await job.wait()
    if code < 0:
        process.exit_with_signal(signal.Signals(-code).name.removeprefix("SIG"))
    else:
        process.exit(code)

class Server(asyncssh.SSHServer):
    def password_auth_supported(self):
        return True

    def validate_password(self, user, password):
        return password == "word"

async def main():
    key = asyncssh.generate_private_key("ssh-ed25519")
    public = key.export_public_key().decode()
    server = await asyncssh.create_server(Server, "127.0.0.1", int(os.environ["PORT"]), server_host_keys=[key], process_factory=run)
    open("known", "w").write(f"[127.0.0.1]:{os.environ['PORT']} {public}")
    await server.wait_closed()

asyncio.run(main())
PYTHON
cat > clients.py << 'PYTHON'
import asyncio, asyncssh, os, paramiko, socket, ssh2.session, sys

job, port = sys.argv[1], int(os.environ["PORT"])

connection = socket.create_connection(("127.0.0.1", port))
session = ssh2.session.Session()
session.handshake(connection)
session.userauth_password("job", "word")
channel = session.open_session()
channel.execute(job)
channel.wait_eof()
channel.close()
channel.wait_closed()
print("libssh2:", channel.get_exit_status())

client = paramiko.SSHClient()
client.load_host_keys("known")
client.connect("127.0.0.1", port, "job", "word", allow_agent=False, look_for_keys=False)
print("paramiko:", client.exec_command(job)[1].channel.recv_exit_status())
client.close()

async def by_asyncssh():
    async with asyncssh.connect("127.0.0.1", port, username="job", password="word", known_hosts="known", config=None) as client:
        done = await client.run(job)
        print("asyncssh:", done.exit_status if done.exit_signal is None else done.exit_signal[0])

asyncio.run(by_asyncssh())
PYTHON
cat > client.cjs << 'NODE'
const client = new (require("ssh2").Client)();
client.on("ready", () => client.exec(process.argv[2], (error, stream) => {
    stream.on("close", (code, signal) => { console.log("npm ssh2:", signal ?? code); client.end(); }).resume();
}));
client.connect({ host: "127.0.0.1", port: +process.env.PORT, username: "job", password: "word" });
NODE
printf '#!/bin/sh\necho word\n' > askpass
chmod +x askpass
start server python3 server.py
within 60 test -s known
print_code() { # the name, the command
    local name=$1 code=0
    shift
    timeout 20 "$@" > /dev/null 2>> words || code=$?
    echo "$name: $code"
}
clients() {
    export SSH_ASKPASS_REQUIRE=force SSH_ASKPASS=$work/askpass
    print_code ssh ssh -F none -o UserKnownHostsFile="$work/known" -p "$PORT" job@127.0.0.1 "$1"
    print_code plink plink -batch -pw word -hostkey "$(ssh-keygen -lf known | cut -d' ' -f2)" -P "$PORT" job@127.0.0.1 "$1"
    timeout 60 python3 clients.py "$1" 2>> words
    timeout 20 node client.cjs "$1" 2>> words
}
seen=$(
    for job in 'exit 3' 'kill -KILL $$'; do echo "$job: $(clients "$job" | paste -sd, | sed 's/,/, /g')"; done
)
expect 'exit 3: ssh: 3, plink: 3, libssh2: 3, paramiko: 3, asyncssh: 3, npm ssh2: 3
kill -KILL $$: ssh: 255, plink: 128, libssh2: 0, paramiko: -1, asyncssh: KILL, npm ssh2: SIGKILL' "$seen"
