#!/usr/bin/env bash
# Guess: a program that gives up blocking work in a thread after 1 second, with an error, is over after 1 second.
# Seen: the error comes after 1 second, and the program ends with the work, after 4, with tokio, asyncio, `concurrent.futures`, and anyio on asyncio, even
# with `abandon_on_cancel`. smol, async-std, trio and anyio on trio end at once.
# Why it matters: a call that never comes back is what the limit is for; the job then stays, says nothing, and the next one finds its lock taken.
set -euo pipefail
. "$(dirname "$0")/common.bash"

crates 'tokio = { version = "=1.54.1", features = ["full"] }' 'smol = "=2.0.2"' 'async-std = "=1.13.2"' << 'RUST'
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(1);

fn slow() {
    std::thread::sleep(Duration::from_secs(4));
}

#[tokio::main]
async fn by_tokio() -> Result<(), Box<dyn std::error::Error>> {
    Ok(tokio::time::timeout(LIMIT, tokio::task::spawn_blocking(slow)).await??)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    match std::env::args().nth(1).unwrap().as_str() {
        "tokio" => by_tokio(),
        "async-std" => async_std::task::block_on(async {
            Ok(async_std::future::timeout(LIMIT, async_std::task::spawn_blocking(slow)).await?)
        }),
        _ => smol::block_on(smol::future::or(
            async { Ok(smol::unblock(slow).await) },
            async {
                smol::Timer::after(LIMIT).await;
                Err("the time is up".into())
            },
        )),
    }
}
RUST
python anyio==4.16.0 trio==0.35.0
cat > "$work/limits.py" << 'PYTHON'
import asyncio, concurrent.futures, sys, time
import anyio, trio

def slow():
    time.sleep(4)

async def by_asyncio():
    await asyncio.wait_for(asyncio.to_thread(slow), 1)

def by_futures():
    with concurrent.futures.ThreadPoolExecutor() as pool:
        pool.submit(slow).result(1)

async def by_anyio():
    with anyio.fail_after(1):
        await anyio.to_thread.run_sync(slow, abandon_on_cancel=True)

async def by_trio():
    with trio.fail_after(1):
        await trio.to_thread.run_sync(slow, abandon_on_cancel=True)

match sys.argv[1]:
    case "asyncio": asyncio.run(by_asyncio())
    case "futures": by_futures()
    case "anyio": anyio.run(by_anyio)
    case "anyio on trio": anyio.run(by_anyio, backend="trio")
    case "trio": trio.run(by_trio)
PYTHON
run() { # the title, the command
    local code=0 title=$1 begin=${EPOCHREALTIME/./}
    shift
    timeout 30 "$@" "$title" > /dev/null 2>&1 || code=$?
    echo "$title: exit code $code, $( ((${EPOCHREALTIME/./} - begin < 3500000)) && echo 'at the limit' || echo 'when the work was over')"
}
seen=$(
    for by in tokio smol async-std; do run "$by" "$work/program"; done
    for by in asyncio futures anyio 'anyio on trio' trio; do run "$by" python3 "$work/limits.py"; done
)
expect 'tokio: exit code 1, when the work was over
smol: exit code 1, at the limit
async-std: exit code 1, at the limit
asyncio: exit code 1, when the work was over
futures: exit code 1, when the work was over
anyio: exit code 1, when the work was over
anyio on trio: exit code 1, at the limit
trio: exit code 1, at the limit' "$seen"
