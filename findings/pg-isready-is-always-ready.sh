#!/usr/bin/env bash
# Guess: `pg_isready` before a job says whether the job will get its connection.
# Seen: it exits with 0 for a database that is not there, for a user whom the server does not know, and through PgBouncer while
# PostgreSQL is down. A `psql` through the same PgBouncer then has no error within 20 seconds: it waits.
# Why it matters: a job that starts with `until pg_isready` starts, and a health check by it is green, while nobody gets
# a connection; behind a pooler the job then hangs instead of failing.
set -euo pipefail
. "$(dirname "$0")/common.bash"
. "$(dirname "$0")/postgres.bash"

pooled_postgres
end() { # the title, the command
    local code=0 title=$1
    shift
    timeout 20 "$@" > /dev/null 2>&1 || code=$?
    echo "$title: $code"
}
seen=$(
    end 'a database that is not there' pg_isready --port="$server_port" --dbname=missing
    end 'psql' psql --port="$server_port" --dbname=missing --command='SELECT 1'
    end 'a user who is not there' pg_isready --port="$server_port" --username=missing
    end 'psql' psql --port="$server_port" --username=missing --command='SELECT 1'
    kill -INT "${started[0]}"
    within 20 bash -c "! psql --port='$server_port' --command='SELECT 1'"
    end 'the server is down' pg_isready --port="$server_port"
    end 'the server is down, through PgBouncer' pg_isready --port="$pooler_port"
    end 'psql' psql --port="$pooler_port" --command='SELECT 1'
)
expect 'a database that is not there: 0
psql: 2
a user who is not there: 0
psql: 2
the server is down: 2
the server is down, through PgBouncer: 0
psql: 124' "$seen"
