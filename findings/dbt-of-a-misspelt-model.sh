#!/usr/bin/env bash
# Guess: `dbt run --select ordres`, a model that there is not, fails, as a misspelt selector or macro does.
# Seen: exit code 0, after "does not match any enabled nodes" and "Nothing to do"; so for a tag that nobody has, and
# for `dbt test` of a model without tests. A misspelt selector (`--selector`) or macro is 2.
# Why it matters: a model is renamed, and the nightly job that names it builds nothing from then on and is done in three seconds, each night, with
# exit code 0. `--warn-error` makes it 2.
set -euo pipefail
. "$(dirname "$0")/common.bash"

python dbt-core==1.11.16 dbt-duckdb==1.10.1
cd "$work"
mkdir -p shop/models
cd shop
cat > dbt_project.yml << 'YAML'
name: shop
version: "1.0"
profile: shop
YAML
cat > profiles.yml << 'YAML'
shop:
  target: dev
  outputs:
    dev: {type: duckdb, path: shop.duckdb}
YAML
echo 'select 1 as id' > models/orders.sql
export DBT_SEND_ANONYMOUS_USAGE_STATS=false DBT_PROFILES_DIR=.
seen=$(
    for command in 'run --select orders' 'run --select ordres' 'build --select tag:nightly' 'test --select orders' 'run --selector nightly' \
        'run-operation vacum' '--warn-error run --select ordres'; do
        code=0
        # shellcheck disable=SC2086
        timeout 60 dbt $command > said 2>&1 || code=$?
        echo "dbt $command: $code"
    done
)
expect 'dbt run --select orders: 0
dbt run --select ordres: 0
dbt build --select tag:nightly: 0
dbt test --select orders: 0
dbt run --selector nightly: 2
dbt run-operation vacum: 2
dbt --warn-error run --select ordres: 2' "$seen"
