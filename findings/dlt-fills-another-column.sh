#!/usr/bin/env bash
# Guess: a load by dlt of a word, or of 1.5, into a column of whole numbers fails, or the value is refused.
# Seen: the value goes into a new column, `amount__v_text` or `amount__v_double`, and `amount` is empty there; the load has "no failed jobs", `raise_on_failed_jobs()`
# raises nothing, exit code 0. "40", a text, is the number 40. With `schema_contract={"data_type": "freeze"}` the load fails.
# Why it matters: one supplier writes "n/a" or a half for once, and from that night on the sum in the report is too small; nothing that asks
# whether the load worked hears of it.
set -euo pipefail
. "$(dirname "$0")/common.bash"

python 'dlt[duckdb]==1.31.0' duckdb==2.0.1
cd "$work"
export HOME=$work RUNTIME__DLTHUB_TELEMETRY=false
cat > load.py << 'PYTHON'
import sys
import dlt, duckdb

contract = {"data_type": "freeze"} if sys.argv[1] == "freeze" else None
pipeline = dlt.pipeline("orders", destination=dlt.destinations.duckdb("warehouse.duckdb"), dataset_name="shop", pipelines_dir="state")
nights = [{"id": 1, "amount": 10}, {"id": 2, "amount": 20}], [{"id": 3, "amount": "n/a"}, {"id": 4, "amount": "40"}, {"id": 5, "amount": 1.5}]
for night in nights:
    info = pipeline.run(night, table_name="orders", schema_contract=contract)
    info.raise_on_failed_jobs()
    print("failed jobs:", info.has_failed_jobs)
with duckdb.connect("warehouse.duckdb") as shop:
    print("columns:", *(name for name, *_ in shop.execute("DESCRIBE shop.orders").fetchall() if not name.startswith("_")))
    print("amounts:", *(amount for amount, in shop.execute("SELECT amount FROM shop.orders ORDER BY id").fetchall()))
    print("sum:", *shop.execute("SELECT sum(amount) FROM shop.orders").fetchone())
PYTHON
end() { # the contract
    local code=0
    rm -rf state warehouse.duckdb
    timeout 100 python3 load.py "$1" 2> err || code=$?
    echo "$1: exit code $code$(grep -o DataValidationError err | sort -u | head -n 1 | sed 's/^/, /')"
}
expect 'failed jobs: False
failed jobs: False
columns: id amount amount__v_text amount__v_double
amounts: 10 20 None 40 None
sum: 70
evolve: exit code 0
failed jobs: False
freeze: exit code 1, DataValidationError' "$(end evolve; end freeze)"
