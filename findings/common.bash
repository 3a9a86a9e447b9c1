# shellcheck shell=bash
# What the scripts of findings share: a temporary folder, pinned packages in it, a comparison.
# Exit codes: 0 as written, 1 the behaviour has changed, 2 a package cannot be had.

work=$(mktemp -d)
mkdir -m 1777 "$work/tmp"
chmod 755 "$work" # a script may run its program as another user
export LC_ALL=C.UTF-8 TMPDIR=$work/tmp
started=()

# The libraries of the unpacked programs that are neither unpacked nor on this host.
missing_libraries() {
    local -x LD_LIBRARY_PATH
    LD_LIBRARY_PATH=$(find "$work/root" -name '*.so*' -printf '%h\n' | sort -u | paste -sd :)
    find "$work/root" -type f -perm -u+x \( -path '*/bin/*' -o -path '*/sbin/*' \) -exec ldd {} + 2> /dev/null |
        awk '/=> not found/ { print $1 }' | sort -u | paste -sd " " || true
}

# Ends what `start` started, within 3 seconds, and removes the folder. A failure for want of a
# library is no change of behaviour.
clean() {
    local code=$? pid left=30 missing
    if ((code != 0 && code != 2)) && missing=$(missing_libraries) && [ -n "$missing" ]; then
        echo "this may be for want of Debian's packages with $missing" >&2
        code=2
    fi
    kill "${started[@]}" 2> /dev/null || true
    while ((left-- > 0)) && [ -n "$(jobs -r)" ]; do sleep 0.1; done
    for pid in "${started[@]}"; do kill -KILL "$pid" 2> /dev/null || true; done
    wait 2> /dev/null || true
    rm -rf "$work"
    exit "$code"
}
trap clean EXIT

# Runs an installation quietly: install_by SECONDS COMMAND...
install_by() {
    timeout "$@" > "$work/install.log" 2>&1 || { tail -n 20 "$work/install.log" >&2; exit 2; }
}

# Unpacks Debian packages below $work/root, whose programs come first in PATH:
# debian NAME=VERSION...
debian() {
    mkdir -p "$work/debs" "$work/root"
    pushd "$work/debs" > /dev/null
    # The download's own user cannot write here, and need not.
    install_by 300 apt-get -o APT::Sandbox::User=root download "$@"
    local package
    for package in *.deb; do dpkg -x "$package" "$work/root"; done
    popd > /dev/null
    export PATH="$work/root/usr/bin:$work/root/bin:$work/root/usr/sbin:$work/root/sbin:$PATH"
    export PERL5LIB="$work/root/usr/share/perl5"
    LD_LIBRARY_PATH="$work/root/usr/lib/$(uname -m)-linux-gnu:$work/root/lib/$(uname -m)-linux-gnu"
    export LD_LIBRARY_PATH
    printf '%s\n' "$@"
}

# Has unpacked programs that are written in Python find their modules:
# with_modules PROGRAM...
with_modules() {
    local name
    for name in "$@"; do
        mv "$work/root/usr/bin/$name" "$work/root/usr/bin/$name-itself"
        printf '#!/bin/sh\nPYTHONPATH=%q exec /usr/bin/python3 "$0-itself" "$@"\n' "$work/root/usr/lib/python3/dist-packages" > "$work/root/usr/bin/$name"
        chmod +x "$work/root/usr/bin/$name"
    done
}

# Installs Python packages into a venv, whose programs come first in PATH: python NAME==VERSION...
python() {
    install_by 120 python3 -m venv "$work/venv"
    install_by 400 "$work/venv/bin/pip" install --quiet "$@"
    export PATH="$work/venv/bin:$PATH"
    python3 --version
    printf '%s\n' "$@"
}

# Installs npm packages: node_modules NAME@VERSION...
node_modules() {
    install_by 300 npm install --prefix "$work" --no-save --ignore-scripts --no-audit --no-fund "$@"
    echo "node $(node --version)"
    printf '%s\n' "$@"
}

# Builds the program on standard input into $work/program: crates 'NAME = "=VERSION"'...
crates() {
    local target=${CARGO_TARGET_DIR:-$work/target}
    mkdir -p "$work/crate/src"
    {
        printf '[package]\nname = "program"\nversion = "0.0.0"\nedition = "2024"\n'
        printf '[workspace]\n[profile.dev]\ndebug = false\n[dependencies]\n'
        printf '%s\n' "$@"
    } > "$work/crate/Cargo.toml"
    cat > "$work/crate/src/main.rs"
    # Each script's program is called so: one at a time, where they share the target folder.
    mkdir -p "$target"
    exec {building}> "$target/building"
    flock "$building"
    install_by 580 env CARGO_TARGET_DIR="$target" \
        cargo build --quiet --manifest-path "$work/crate/Cargo.toml"
    cp "$target/debug/program" "$work/program"
    exec {building}>&-
    rustc --version
    printf '%s\n' "$@"
}

# Starts a program beside the script, its output in $work/NAME.log: start NAME COMMAND...
start() {
    local name=$1
    shift
    "$@" >> "$work/$name.log" 2>&1 < /dev/null &
    started+=("$!")
}

# Waits until a command succeeds, at most so long: within SECONDS COMMAND...
within() {
    local end=$((SECONDS + $1))
    shift
    until "$@" > /dev/null 2>&1; do
        ((SECONDS < end)) || { echo "in vain: $*" >&2; return 1; }
        sleep 0.1
    done
}

# A port of the loopback address that nobody listens on.
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# Prints what was seen, and fails where it is not what was expected: expect EXPECTED SEEN
expect() {
    printf '%s\n' "$2"
    diff <(printf '%s\n' "$1") <(printf '%s\n' "$2") > "$work/difference" || {
        echo "the behaviour has changed (<: expected, >: seen):"
        cat "$work/difference"
        exit 1
    }
}
