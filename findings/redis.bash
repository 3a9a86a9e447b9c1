# shellcheck shell=bash
# Redis on a loopback port.

# Installs and starts it, on $redis_port.
redis() {
    debian redis-server=5:7.0.15-1~deb12u10 redis-tools=5:7.0.15-1~deb12u10 libjemalloc2=5.3.0-1 liblzf1=3.6-3 libatomic1=12.2.0-14+deb12u1
    redis_port=$(free_port)
    start redis redis-server --bind 127.0.0.1 --port "$redis_port" --save '' --dir "$work"
    within 30 redis-cli -p "$redis_port" ping
}
