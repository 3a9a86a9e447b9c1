#!/usr/bin/env bash
# Guess: a flow or run one of whose tasks, or checks, has failed has itself failed.
# Seen: a Prefect flow is Completed, with exit code 0, where the task was begun by `submit()`, the flow returns a value of its own, and nobody asks for
# the task's result: `future.wait()` waits and raises nothing. A task that is called, and `future.result()`, fail the flow. Dagster's run is a success,
# exit code 0, where the check of an asset has failed, with the default severity ERROR, unless the check is `blocking`.
# Why it matters: steps that run side by side are submitted, and then nothing that goes by the flow's state or the exit code alerts: the one error is a
# line of the log.
set -euo pipefail
. "$(dirname "$0")/common.bash"

python prefect==3.9.1 dagster==1.13.28
cd "$work"
export HOME=$work DAGSTER_HOME=$work/dagster
mkdir "$DAGSTER_HOME"
printf 'telemetry:\n  enabled: false\n' > "$DAGSTER_HOME/dagster.yaml"
export PREFECT_HOME="$work/prefect" PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS=90 PREFECT_SERVER_ANALYTICS_ENABLED=false PREFECT_LOGGING_COLORS=false DO_NOT_TRACK=1
cat > flows.py << 'PYTHON'
import sys
from prefect import flow, task

@task
def load():
    raise OSError("disk full")

@flow
def returns_a_value():
    load.submit()
    return "loaded"

@flow
def waits():
    load.submit().wait()
    return "loaded"

@flow
def asks():
    load.submit().result()

globals()[sys.argv[1]]()
PYTHON
cat > assets.py << 'PYTHON'
from dagster import AssetCheckResult, AssetSelection, Definitions, asset, asset_check, define_asset_job

@asset
def orders():
    return []

@asset_check(asset=orders)
def orders_are_there():
    return AssetCheckResult(passed=False)

@asset
def users():
    return []

@asset_check(asset=users, blocking=True)
def users_are_there():
    return AssetCheckResult(passed=False)

jobs = [define_asset_job(f"load_{name}", AssetSelection.assets(name)) for name in ("orders", "users")]
definitions = Definitions(assets=[orders, users], asset_checks=[orders_are_there, users_are_there], jobs=jobs)
PYTHON
expect 'prefect, returns_a_value: exit code 0, task Failed, flow Completed
prefect, waits: exit code 0, task Failed, flow Completed
prefect, asks: exit code 1, task Failed, flow Failed
dagster, check of orders: exit code 0, 1 check done, RUN_SUCCESS
dagster, blocking check of users: exit code 1, 1 check done, RUN_FAILURE' "$(
    for flow in returns_a_value waits asks; do
        code=0
        timeout 120 python3 flows.py $flow > log 2>&1 || code=$?
        state() { grep -o "$1 run .* - Finished in state [A-Za-z]*" log | sed 's/.* //'; }
        echo "prefect, $flow: exit code $code, task $(state Task), flow $(state Flow)"
    done
    for asset in orders users; do
        code=0
        timeout 120 dagster job execute -f assets.py -j load_$asset > log 2>&1 || code=$?
        [ $asset = orders ] && check=check || check='blocking check'
        echo "dagster, $check of $asset: exit code $code, $(grep -c ASSET_CHECK_EVALUATION log) check done, $(grep -o 'RUN_SUCCESS\|RUN_FAILURE' log | sort -u)"
    done
)"
