#!/usr/bin/env bash
# Guess: `console.error(error)` writes the whole chain of an error's causes, down to "connection refused".
# Seen: of the fourth error there is `[cause]: [Error]`, without its message, where it has a cause or a `code` of its own, as what the system refuses has; of
# the errors of an AggregateError that is the third, `[Array]`. So it is with `util.inspect`, debug and log4js. An error that nobody caught is written whole, and so is
# one by `%o`; consola, tslog and pino write the chain, but not the errors of such an AggregateError.
# Why it matters: a client, a query, a load and a job that each say what they were doing make four, and the log has all but the reason. A connection that
# was tried by two addresses is an AggregateError. `util.inspect.defaultOptions.depth = null` shows everything.
set -euo pipefail
. "$(dirname "$0")/common.bash"

node_modules consola@3.4.2 debug@4.4.3 tslog@5.1.0 log4js@6.9.1 pino@10.4.0
cd "$work"
cat > chain.cjs << 'NODE'
const util = require("util");

const [, , way, kind] = process.argv;
const refused = () => Object.assign(new Error("REASON"), { code: "ECONNREFUSED" });
const wrap = (cause, ...messages) => messages.reduce((cause, message) => new Error(message, { cause }), cause);
const error = {
    three: () => wrap(refused(), "query", "load"),
    four: () => wrap(refused(), "query", "load", "nightly"),
    "four, no code": () => wrap(new Error("REASON"), "query", "load", "nightly"),
    "five, no code": () => wrap(new Error("REASON"), "pool", "query", "load", "nightly"),
    "both hosts, third": () => wrap(new AggregateError([refused(), refused()], "both"), "query", "load"),
}[kind]?.();
const ways = {
    "console.error": () => console.error(error),
    "util.inspect": () => process.stderr.write(util.inspect(error)),
    "%o": () => console.error("%o", error),
    debug() {
        require("debug").enable("job");
        require("debug")("job")("failed: %O", error);
    },
    log4js() {
        const logger = require("log4js").getLogger();
        logger.level = "info";
        logger.error("failed", error);
    },
    uncaught() {
        throw error;
    },
    "depth = null"() {
        util.inspect.defaultOptions.depth = null;
        console.error(error);
    },
    consola: () => require("consola").createConsola({ formatOptions: { colors: false } }).error(error),
    tslog: () => new (require("tslog").Logger)().error("failed", error),
    pino: () => require("pino")().error(error),
};
if (way) ways[way]();
else console.log(Object.keys(ways).join("\n"));
NODE
seen=$(
    node chain.cjs | while read -r way; do
        for kind in three four 'four, no code' 'five, no code' 'both hosts, third'; do
            said=$(NO_COLOR=1 timeout 20 node chain.cjs "$way" "$kind" 2>&1 < /dev/null || true)
            if grep -q REASON <<< "$said"; then echo "$kind"; fi
        done | paste -sd';' | sed "s/^/$way shows the reason of: /"
    done
)
expect 'console.error shows the reason of: three;four, no code
util.inspect shows the reason of: three;four, no code
%o shows the reason of: three;four;four, no code;five, no code;both hosts, third
debug shows the reason of: three;four, no code
log4js shows the reason of: three;four, no code
uncaught shows the reason of: three;four;four, no code;five, no code;both hosts, third
depth = null shows the reason of: three;four;four, no code;five, no code;both hosts, third
consola shows the reason of: three;four;four, no code;five, no code
tslog shows the reason of: three;four;four, no code;five, no code
pino shows the reason of: three;four;four, no code;five, no code' "$seen"
