#!/usr/bin/env bash
# Guess: whoever reads the line PASSWORD=pa#ss of an .env file, or one with a `$` in it, gets the same password.
# Seen: of `pa#ss` honcho and the tools of Node leave `pa`: Node's own --env-file, dotenv, env-cmd, nf, dotenvx. The shell, python-dotenv and dotenvy keep it.
# Of `pa$word` the shell, dotenvx and dotenvy leave `pa`, for there is no variable `word`; of `"pa#s$word"` the shell and dotenvx leave `pa#s`, and dotenvy
# refuses the line and the rest of the file. Within single quotes all read the same.
# Why it matters: the job works by hand, where the shell has read the file, and is refused by the database from its scheduler; "password
# authentication failed" names no file. Write a secret within single quotes.
set -euo pipefail
. "$(dirname "$0")/common.bash"

crates 'dotenvy = "=0.15.7"' << 'RUST'
fn main() {
    if let Err(error) = dotenvy::from_path(".env") {
        println!("{error}");
        std::process::exit(1);
    }
    std::process::exit(std::process::Command::new("./show").status().unwrap().code().unwrap());
}
RUST
python 'python-dotenv[cli]==1.2.4' honcho==2.0.0
node_modules dotenv@18.0.10 env-cmd@11.0.0 foreman@3.0.1 @dotenvx/dotenvx@2.38.2
cd "$work"
printf '#!/bin/sh\necho "$PASSWORD"\n' > show
chmod 755 show
cat > with_dotenv.js << 'JS'
require("dotenv").config({ quiet: true });
require("child_process").execFileSync("./show", { stdio: "inherit" });
JS
export HOME=$work DO_NOT_TRACK=1
lines=('PASSWORD=pa#ss' 'PASSWORD=pa$word' 'PASSWORD="pa#s$word"' "PASSWORD='pa#s\$word'")
read_by() { # the title, the command
    local title=$1 line
    shift
    for line in "${lines[@]}"; do
        printf '%s\n' "$line" > .env
        timeout 60 "$@" 2> err < /dev/null | sed -n 's/^Error.*/refused/; /^pa\|^refused/p' || true
    done | paste -sd' ' | sed "s/^/$title: /"
}
seen=$(
    read_by sh sh -c 'set -a; . ./.env; ./show'
    read_by python-dotenv dotenv run ./show
    read_by dotenvy ./program
    read_by honcho honcho run ./show
    read_by 'node --env-file' node --env-file=.env -e 'require("child_process").execFileSync("./show", { stdio: "inherit" })'
    read_by dotenv node with_dotenv.js
    read_by env-cmd node_modules/.bin/env-cmd ./show
    read_by nf node_modules/.bin/nf run ./show
    read_by dotenvx node_modules/.bin/dotenvx run --quiet -- ./show
)
expect 'sh: pa#ss pa pa#s pa#s$word
python-dotenv: pa#ss pa$word pa#s$word pa#s$word
dotenvy: pa#ss pa refused pa#s$word
honcho: pa pa$word pa#s$word pa#s$word
node --env-file: pa pa$word pa#s$word pa#s$word
dotenv: pa pa$word pa#s$word pa#s$word
env-cmd: pa pa$word pa#s$word pa#s$word
nf: pa pa$word pa#s$word pa#s$word
dotenvx: pa pa pa#s pa#s$word' "$seen"
