#!/usr/bin/env bash
# Guess: a library that reports errors leaves the exit code of a Node program alone: 1 after an error that nobody catches, as without it.
# Seen: after a promise that is rejected, as when an `async` main fails, the exit code is 0 with Sentry, Rollbar, Bugsnag and
# Raygun, and the program goes on: whatever else was to happen in it happens. With Rollbar it is 0 after an error that is thrown, too.
# With Honeybadger, Airbrake and PostHog it is 1.
# Why it matters: one line that was added to see more errors makes each failure of the job a success for cron, Kubernetes, CI and whoever else
# goes by the exit code; the job is not run again, and what follows it begins.
set -euo pipefail
. "$(dirname "$0")/common.bash"

node_modules @sentry/node@11.12.0 rollbar@3.1.0 @bugsnag/js@9.0.0 raygun@2.2.8 @honeybadger-io/js@6.16.5 \
    @airbrake/node@2.1.9 posthog-node@5.70.0
cat > "$work/job.js" << 'NODE'
const [, , tracker, failure, port] = process.argv;
const host = `http://127.0.0.1:${port}`;
const key = "0123456789abcdef0123456789abcdef";
const begin = {
    none: () => {},
    Sentry: () => require("@sentry/node").init({ dsn: `http://key@127.0.0.1:${port}/1` }),
    Rollbar: () => new (require("rollbar"))({ accessToken: key, endpoint: `${host}/api/1/`, captureUncaught: true, captureUnhandledRejections: true }),
    Bugsnag: () => require("@bugsnag/js").start({ apiKey: key, endpoints: { notify: `${host}/notify`, sessions: `${host}/sessions` }, logger: null }),
    Raygun: () => new (require("raygun").Client)().init({ apiKey: key, host: "127.0.0.1", port, useSSL: false, reportUncaughtExceptions: true }),
    Honeybadger: () => require("@honeybadger-io/js").configure({ apiKey: key, endpoint: host, environment: "production" }),
    Airbrake: () => new (require("@airbrake/node").Notifier)({ projectId: 1, projectKey: key, host, remoteConfig: false }),
    PostHog: () => new (require("posthog-node").PostHog)(key, { host, enableExceptionAutocapture: true }),
};
begin[tracker]();
setTimeout(() => {
    if (failure === "thrown") throw new Error("orders: no connection");
    (async () => { throw new Error("orders: no connection"); })();
    setTimeout(() => console.log("the next step"), 100);
}, 200);
NODE
cat > "$work/server.py" << 'PYTHON'
import http.server, sys

class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read1()
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
PYTHON
port=$(free_port)
start server python3 "$work/server.py" "$port"
within 30 bash -c "exec 3<> /dev/tcp/127.0.0.1/$port"
end() { # the tracker, the failure
    local code=0 next=''
    timeout 60 node "$work/job.js" "$1" "$2" "$port" > "$work/out" 2>&1 < /dev/null || code=$?
    # Whoever ends with 1 may first wait for its report to be sent: what happens meanwhile is chance.
    [ $code != 0 ] || ! grep -qx 'the next step' "$work/out" || next=', and it goes on'
    printf '%s' "$2: $code$next"
}
seen=$(
    for tracker in none Sentry Rollbar Bugsnag Raygun Honeybadger Airbrake PostHog; do
        echo "$tracker: $(end "$tracker" thrown); $(end "$tracker" rejected)"
    done
)
expect 'none: thrown: 1; rejected: 1
Sentry: thrown: 1; rejected: 0, and it goes on
Rollbar: thrown: 0; rejected: 0, and it goes on
Bugsnag: thrown: 1; rejected: 0, and it goes on
Raygun: thrown: 1; rejected: 0, and it goes on
Honeybadger: thrown: 1; rejected: 1
Airbrake: thrown: 1; rejected: 1
PostHog: thrown: 1; rejected: 1' "$seen"
