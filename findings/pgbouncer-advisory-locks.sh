#!/usr/bin/env bash
# Guess: with PgBouncer's transaction mode, `pg_advisory_lock` still keeps two jobs apart: the second
# waits, or PgBouncer refuses what cannot work.
# Seen: both hold the lock at once. The lock belongs to the server's connection, which both borrow, and
# a connection that has a lock gets it again.
# Why it matters: "only one copy at a time" holds in tests without the pooler and fails behind it: two
# nightly loads run together, and both report success. `pg_advisory_xact_lock` is safe.
set -euo pipefail
. "$(dirname "$0")/common.bash"
. "$(dirname "$0")/postgres.bash"

pooled_postgres
client one "SELECT 'one has it: ' || pg_try_advisory_lock(42)"
client two "SELECT 'two has it: ' || pg_try_advisory_lock(42)"
client two "SELECT 'locks of two jobs: ' || count(*) FROM pg_locks WHERE locktype = 'advisory'"
client direct "SELECT 'a third, without the pooler, has it: ' || pg_try_advisory_lock(42)"
expect 'one has it: true
two has it: true
locks of two jobs: 1
a third, without the pooler, has it: false' "$(cat "$work/answers")"
