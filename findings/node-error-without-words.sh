#!/usr/bin/env bash
# Guess: where nobody listens, `error.message` says so: "connect ECONNREFUSED 127.0.0.1:5432".
# Seen: since Node 20 that holds for a host of one address. For one of two, as `localhost` is where it has
# 127.0.0.1 and ::1, the message is the empty string, and `String(error)` is "AggregateError". The drivers pg,
# mysql2 and amqplib, and undici, pass that on. The words are in `error.errors`, the code in `error.code`.
# Why it matters: the alert of a database that is down has no text, and on the developer's machine, whose
# `localhost` may have one address, it has.
set -euo pipefail
. "$(dirname "$0")/common.bash"

node_modules pg@8.23.1 mysql2@3.24.6 amqplib@2.3.1 undici@7.30.2
cat > "$work/job.js" << 'JS'
const [port] = process.argv.slice(2);
// What a resolver answers for a host of one address, and for one of two.
require("dns").lookup = (host, options, done) => {
  const found = ["127.0.0.1", "127.0.0.2"].slice(0, host === "one" ? 1 : 2);
  options.all ? done(null, found.map((address) => ({ address, family: 4 }))) : done(null, found[0], 4);
};
const ways = {
  net: (host) => new Promise((_, failed) => require("net").connect({ host, port }).on("error", failed)),
  pg: (host) => new (require("pg").Client)({ host, port }).connect(),
  mysql2: (host) => require("mysql2/promise").createConnection({ host, port }),
  amqplib: (host) => require("amqplib").connect(`amqp://${host}:${port}`),
  undici: (host) => require("undici").request(`http://${host}:${port}/`),
};
(async () => {
  for (const host of ["one", "two"])
    for (const [name, way] of Object.entries(ways))
      await way(host).catch((error) => console.log(`${name}, host ${host}: ${JSON.stringify(error.message)} ${error.code}`));
})();
JS
port=$(free_port)
expect 'net, host one: "connect ECONNREFUSED 127.0.0.1:…" ECONNREFUSED
pg, host one: "connect ECONNREFUSED 127.0.0.1:…" ECONNREFUSED
mysql2, host one: "connect ECONNREFUSED 127.0.0.1:…" ECONNREFUSED
amqplib, host one: "connect ECONNREFUSED 127.0.0.1:…" ECONNREFUSED
undici, host one: "connect ECONNREFUSED 127.0.0.1:…" ECONNREFUSED
net, host two: "" ECONNREFUSED
pg, host two: "" ECONNREFUSED
mysql2, host two: "" ECONNREFUSED
amqplib, host two: "" ECONNREFUSED
undici, host two: "" ECONNREFUSED' "$(timeout 60 node "$work/job.js" "$port" | sed "s/:$port/:…/")"
