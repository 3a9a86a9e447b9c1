#!/usr/bin/env bash
# Guess: a CSV file that was cut off within its last row, as by a download that broke off, is refused.
# Seen: csvkit, sqlite-utils, pandas and polars fill the row up with nothing, and DuckDB takes the file for one of a single column, "id,day,amount"; all
# without a word, with exit code 0. Refused is it by Miller, by `csvclean --length-mismatch`, and by DuckDB's `COPY` into a table that is there.
# Why it matters: half a night's orders are loaded, summed up and reported, each step is well, and nobody alerts.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian miller=6.6.0-2+b3
python csvkit==2.2.0 sqlite-utils==4.2.1 pandas==3.1.1 polars==2.1.0 duckdb-cli==1.5.6
cd "$work"
printf 'id,day,amount\n1,mon,20\n2,tue,30\n3,w' > orders.csv
end() { # the title, the command
    local code=0 title=$1
    shift
    timeout 60 "$@" > out 2> err < /dev/null || code=$?
    echo "$title: exit code $code, $([ -s err ] && echo a word || echo no word): $(tr '\n' ' ' < out)"
}
create='CREATE TABLE orders (id int, day text, amount int)'
expect 'csvcut: exit code 0, no word: amount 20 30 "" 
csvstat --sum: exit code 0, no word: 50 
sqlite-utils: exit code 0, no word: 
what it has: exit code 0, no word: [{"id": 1, "day": "mon", "amount": 20},  {"id": 2, "day": "tue", "amount": 30},  {"id": 3, "day": "w", "amount": null}] 
pandas: exit code 0, no word: 50.0 
polars: exit code 0, no word: 50 
duckdb: exit code 0, no word: "id,day,amount" "1,mon,20" "2,tue,30" "3,w" 
its columns: exit code 0, no word: "id,day,amount" 
mlr: exit code 1, a word: 
csvclean: exit code 1, a word: id,day,amount 1,mon,20 2,tue,30 3,w 
duckdb, COPY: exit code 1, a word: ' "$(
    end csvcut csvcut --delimiter , --columns amount orders.csv
    end 'csvstat --sum' csvstat --delimiter , --snifflimit 0 --sum --columns amount orders.csv
    end sqlite-utils sqlite-utils insert orders.db orders orders.csv --csv --delimiter , --silent
    end 'what it has' sqlite-utils query orders.db 'SELECT * FROM orders'
    end pandas python3 -c 'import pandas; print(pandas.read_csv("orders.csv")["amount"].sum())'
    end polars python3 -c 'import polars; print(polars.read_csv("orders.csv")["amount"].sum())'
    end duckdb duckdb orders.duckdb -csv -c "SELECT * FROM 'orders.csv'"
    end 'its columns' duckdb orders.duckdb -csv -noheader -c "SELECT column_name FROM (DESCRIBE SELECT * FROM 'orders.csv')"
    end mlr mlr --icsv --ojson cat orders.csv
    end csvclean csvclean --length-mismatch orders.csv
    end 'duckdb, COPY' duckdb orders.duckdb -c "$create" -c "COPY orders FROM 'orders.csv' (header)"
)"
