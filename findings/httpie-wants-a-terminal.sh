#!/usr/bin/env bash
# Guess: an alert by `http POST URL text=failed` that works by hand works from cron.
# Seen: where standard input is no terminal HTTPie refuses the line with a usage error: it takes its input, though empty, for the body. So it
# is from /dev/null, as under cron and systemd, and from a pipe; `--ignore-stdin` cures it. And an answer of 500 is exit code 0
# without `--check-status`.
# Why it matters: the line was tried at a terminal, where it works, and never posts one alert. By hand the same line works again.
set -euo pipefail
. "$(dirname "$0")/common.bash"

python httpie==3.2.4 setuptools==80.9.0
cat > "$work/server.py" << 'PYTHON'
import http.server, sys

class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        print("posted", flush=True)
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(500 if self.path == "/broken" else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
PYTHON
port=$(free_port)
start server python3 "$work/server.py" "$port"
within 30 bash -c "exec 3<> /dev/tcp/127.0.0.1/$port"
export HTTPIE_CONFIG_DIR="$work"
end() { # the title, the command
    local code=0 title=$1
    shift
    : > "$work/server.log"
    timeout 30 "$@" > /dev/null 2>&1 || code=$?
    echo "$title: exit code $code, $(grep -c posted "$work/server.log" || true) posted"
}
url=http://127.0.0.1:$port
seen=$(
    # `script` gives the command a terminal.
    end 'a terminal' script --quiet --return --command "http POST $url/ text=failed" /dev/null
    end '/dev/null' http POST "$url/" text=failed < /dev/null
    true | end 'a pipe' http POST "$url/" text=failed
    end '/dev/null, --ignore-stdin' http --ignore-stdin POST "$url/" text=failed < /dev/null
    end 'an answer of 500' http --ignore-stdin POST "$url/broken" text=failed < /dev/null
    end 'an answer of 500, --check-status' http --ignore-stdin --check-status POST "$url/broken" text=failed < /dev/null
)
expect 'a terminal: exit code 0, 1 posted
/dev/null: exit code 1, 0 posted
a pipe: exit code 1, 0 posted
/dev/null, --ignore-stdin: exit code 0, 1 posted
an answer of 500: exit code 0, 1 posted
an answer of 500, --check-status: exit code 5, 1 posted' "$seen"
