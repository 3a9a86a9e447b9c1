#!/usr/bin/env bash
# Guess: with PgBouncer's transaction mode a job's `SET` is either kept for that job or lost; another
# job never sees it.
# Seen: `SET statement_timeout` of one job is in force for the next that borrows the connection, while
# `SET application_name` is kept apart, since PgBouncer follows that one (and a few others).
# Why it matters: a job fails with "canceling statement due to statement timeout" and has set none; the
# name in the database's log is its own, so the alert points at the wrong job. `SET LOCAL` is safe.
set -euo pipefail
. "$(dirname "$0")/common.bash"
. "$(dirname "$0")/postgres.bash"

pooled_postgres
client one "SET statement_timeout = '50ms'; SET application_name = 'job one'"
client two "SELECT 'two: timeout ' || current_setting('statement_timeout') || ', name ' || current_setting('application_name')"
client two "SELECT pg_sleep(1)"
client direct "SELECT 'direct: timeout ' || current_setting('statement_timeout') || ', name ' || current_setting('application_name')"
expect 'two: timeout 50ms, name two
ERROR:  canceling statement due to statement timeout
direct: timeout 0, name direct' "$(cat "$work/answers")"
