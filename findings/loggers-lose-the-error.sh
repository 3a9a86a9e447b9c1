#!/usr/bin/env bash
# Guess: a logger of Node that is given an error writes what it says, and what its `cause` and its `errors` say.
# Seen: pino writes nothing of it for `error("failed", error)` and for `error({ error })`, winston for `error(error)` and `error("failed", { error })`, bunyan
# for `error({ error })`. In their other calls pino writes all; winston, with its format `errors()` too, and bunyan's serializer leave
# out the cause and the errors. log4js writes all.
# Why it matters: the alert that is made from the log says that something failed, and the reason, which the program knew, is nowhere.
set -euo pipefail
. "$(dirname "$0")/common.bash"

node_modules pino@10.4.0 winston@3.19.0 bunyan@2.0.5 log4js@6.9.1
cd "$work"
cat > log.js << 'JS'
const { once } = require("node:events");
const { PassThrough } = require("node:stream");
const bunyan = require("bunyan"), log4js = require("log4js"), pino = require("pino"), winston = require("winston");
const stream = () => new PassThrough({ highWaterMark: 1 << 20 });
const { combine, errors, json } = winston.format;
const winstonOf = format => out => winston.createLogger({ format, transports: [new winston.transports.Stream({ stream: out })] });
const loggers = {
    pino: out => pino({}, out),
    winston: winstonOf(json()),
    "winston, errors()": winstonOf(combine(errors({ stack: true }), json())),
    bunyan: out => bunyan.createLogger({ name: "job", stream: out, serializers: bunyan.stdSerializers }),
    log4js: out => {
        const configure = (_, layouts) => event => out.write(layouts.basicLayout(event));
        log4js.configure({ appenders: { out: { type: { configure } } }, categories: { default: { appenders: ["out"], level: "info" } } });
        return log4js.getLogger();
    },
};
const calls = {
    "error(error)": (log, error) => log.error(error),
    'error("failed", error)': (log, error) => log.error("failed", error),
    'error({ err: error }, "failed")': (log, error) => log.error({ err: error }, "failed"),
    'error({ error }, "failed")': (log, error) => log.error({ error }, "failed"),
    'error("failed", { error })': (log, error) => log.error("failed", { error }),
};
const own = { pino: [0, 1, 2, 3], winston: [0, 1, 4], "winston, errors()": [0, 1, 4], bunyan: [0, 1, 2, 3], log4js: [0, 1] };
const caused = new Error("no orders", { cause: new Error("refused") });
const many = new AggregateError([new Error("disk full")], "two loads");

function say(title, one, two) {
    const has = (text, word) => (text.includes(word) ? "yes" : "no");
    console.log(`${title}: message ${has(one, "no orders")}, cause ${has(one, "refused")}, errors ${has(two, "disk full")}`);
}

(async () => {
    for (const [name, make] of Object.entries(loggers)) {
        for (const number of own[name]) {
            const [title, call] = Object.entries(calls)[number];
            const texts = [];
            for (const error of [caused, many]) {
                const out = stream();
                call(make(out), error);
                if (out.readableLength === 0) await once(out, "readable");
                texts.push(String(out.read()));
            }
            say(`${name} ${title}`, ...texts);
        }
    }
})();
JS
seen=$(timeout 60 node log.js)
expect 'pino error(error): message yes, cause yes, errors yes
pino error("failed", error): message no, cause no, errors no
pino error({ err: error }, "failed"): message yes, cause yes, errors yes
pino error({ error }, "failed"): message no, cause no, errors no
winston error(error): message no, cause no, errors no
winston error("failed", error): message yes, cause no, errors no
winston error("failed", { error }): message no, cause no, errors no
winston, errors() error(error): message yes, cause no, errors no
winston, errors() error("failed", error): message yes, cause no, errors no
winston, errors() error("failed", { error }): message no, cause no, errors no
bunyan error(error): message yes, cause no, errors no
bunyan error("failed", error): message yes, cause yes, errors yes
bunyan error({ err: error }, "failed"): message yes, cause no, errors no
bunyan error({ error }, "failed"): message no, cause no, errors no
log4js error(error): message yes, cause yes, errors yes
log4js error("failed", error): message yes, cause yes, errors yes' "$seen"
