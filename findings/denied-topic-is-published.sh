#!/usr/bin/env bash
# Guess: `mosquitto_pub` fails where its user may not write to the topic; at least with QoS 1, which is acknowledged.
# Seen: exit code 0 with each QoS, and no subscriber gets the message: MQTT 3.1.1 has no word for "not authorized" here, and the broker
# acknowledges what it has thrown away. With MQTT 5 there is a warning, and the exit code is 0.
# Why it matters: an alert by MQTT is lost when somebody tidies up the access list, and the job that posts it calls it delivered.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian mosquitto=2.0.11-1.2+deb12u2 mosquitto-clients=2.0.11-1.2+deb12u2 libmosquitto1=2.0.11-1.2+deb12u2 libcjson1=1.7.15-1+deb12u4 \
    libwebsockets17=4.1.6-3 libev4=1:4.33-1 libuv1=1.44.2-1+deb12u1 libdlt2=2.18.8-6 libwrap0=7.6.q-32
port=$(free_port)
printf 'listener %s 127.0.0.1\nallow_anonymous true\nacl_file %s\n' "$port" "$work/access" > "$work/conf"
printf 'topic readwrite open/#\ntopic read alerts/#\n' > "$work/access"
chmod 644 "$work/access"
start mosquitto mosquitto -c "$work/conf"
within 30 mosquitto_pub -h 127.0.0.1 -p "$port" -t open/first -m x
start subscriber mosquitto_sub -h 127.0.0.1 -p "$port" -t '#' -q 1 -v
# A message that may be written arrives: the subscription stands.
arrives() { mosquitto_pub -h 127.0.0.1 -p "$port" -q 1 -t open/ready -m x && sleep 0.3 && grep -q open/ready "$work/subscriber.log"; }
within 30 arrives
seen=$(
    for version in 311 5; do
        for qos in 0 1 2; do
            code=0
            timeout 20 mosquitto_pub -V $version -h 127.0.0.1 -p "$port" -q $qos -t alerts/load -m failed > "$work/out" 2>&1 || code=$?
            echo "MQTT $version, QoS $qos: exit code $code, $(grep -c . "$work/out" || true) warnings"
        done
    done
    mosquitto_pub -h 127.0.0.1 -p "$port" -q 1 -t open/last -m x
    within 20 grep -q open/last "$work/subscriber.log"
    echo "arrived: $(grep -c alerts "$work/subscriber.log" || true)"
)
expect 'MQTT 311, QoS 0: exit code 0, 0 warnings
MQTT 311, QoS 1: exit code 0, 0 warnings
MQTT 311, QoS 2: exit code 0, 0 warnings
MQTT 5, QoS 0: exit code 0, 0 warnings
MQTT 5, QoS 1: exit code 0, 1 warnings
MQTT 5, QoS 2: exit code 0, 1 warnings
arrived: 0' "$seen"
