#!/usr/bin/env bash
# Guess: the client libraries of chat services raise an error where the service answers 500.
# Seen: slack_sdk's `WebClient` does. Its `WebhookClient`, discord-webhook and notifiers return an answer in which the failure can be
# found, and do not raise; notifiers not even where nobody listens.
# Why it matters: the line that sends the alert stands alone, and nobody looks at what it returns: a webhook that was taken
# away looks like one that works. From notifiers it is `raise_on_errors()` that fails.
set -euo pipefail
. "$(dirname "$0")/common.bash"

python slack-sdk==3.48.0 discord-webhook==1.4.1 notifiers==2.0.0
cat > "$work/clients.py" << 'PYTHON'
import http.server, logging, socket, threading
import discord_webhook, notifiers, slack_sdk, slack_sdk.webhook

logging.disable()

class Broken(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(500)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Broken)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/"
with socket.socket() as nobody:
    nobody.bind(("127.0.0.1", 0))
    free = nobody.getsockname()[1]

def end(title, send):
    try:
        answer = send()
        print(f"{title}: returns {getattr(answer, 'status_code', getattr(answer, 'status', answer))}")
    except Exception as error:
        print(f"{title}: raises {type(error).__name__}")

end("slack_sdk, WebClient", lambda: slack_sdk.WebClient("token", base_url=url).chat_postMessage(channel="ops", text="failed"))
end("slack_sdk, WebhookClient", lambda: slack_sdk.webhook.WebhookClient(url).send(text="failed"))
end("discord-webhook", lambda: discord_webhook.DiscordWebhook(url=url, content="failed").execute())
end("notifiers, slack", lambda: notifiers.get_notifier("slack").notify(webhook_url=url, message="failed"))
mail = {"to": "ops@example.com", "from_": "job@example.com", "host": "127.0.0.1", "port": free, "message": "failed"}
end("notifiers, mail, nobody listens", lambda: notifiers.get_notifier("email").notify(**mail))
PYTHON
seen=$(timeout 60 python3 "$work/clients.py" 2> /dev/null)
expect 'slack_sdk, WebClient: raises SlackApiError
slack_sdk, WebhookClient: returns 500
discord-webhook: returns 500
notifiers, slack: returns Failure
notifiers, mail, nobody listens: returns Failure' "$seen"
