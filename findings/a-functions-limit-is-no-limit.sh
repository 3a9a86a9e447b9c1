#!/usr/bin/env bash
# Guess: `ALTER FUNCTION nightly() SET statement_timeout = '1s'` ends the function after a second.
# Seen: it runs on: the limit that counts is the one of when the statement began. So it is with SET LOCAL and set_config() within a function, a
# procedure or a DO block, all of which show 1s when they are asked; and a function whose own limit is longer is ended by the shorter one of its session.
# `lock_timeout` set in the same way holds, and so does a SET before the statement, by the session, the role or PGOPTIONS.
# Why it matters: the limit stands in the schema, is shown by `\df+`, and reviewed; the night on which the function hangs it holds its locks until
# morning, and no error ever reaches an alert.
set -euo pipefail
. "$(dirname "$0")/common.bash"
. "$(dirname "$0")/postgres.bash"

pooled_postgres
export PGPORT=$server_port PGOPTIONS='-c client_min_messages=notice'
cd "$work"
psql --quiet << 'SQL'
CREATE TABLE orders (id integer);
CREATE FUNCTION plain() RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'limit: %', current_setting('statement_timeout'); PERFORM pg_sleep(2.5); END $$;
CREATE FUNCTION altered() RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'limit: %', current_setting('statement_timeout'); PERFORM pg_sleep(2.5); END $$;
ALTER FUNCTION altered() SET statement_timeout = '1s';
CREATE FUNCTION local() RETURNS void LANGUAGE plpgsql AS $$ BEGIN SET LOCAL statement_timeout = '1s'; PERFORM plain(); END $$;
CREATE PROCEDURE procedure() LANGUAGE plpgsql AS $$ BEGIN PERFORM plain(); END $$;
ALTER PROCEDURE procedure() SET statement_timeout = '1s';
CREATE FUNCTION longer() RETURNS void LANGUAGE plpgsql SET statement_timeout = '1h' AS $$ BEGIN PERFORM plain(); END $$;
CREATE FUNCTION locks() RETURNS void LANGUAGE plpgsql SET lock_timeout = '1s' AS $$ BEGIN LOCK TABLE orders; END $$;
SQL
end() { # the title, the command
    local title=$1 how='runs to its end'
    shift
    timeout 30 "$@" > out 2>&1 < /dev/null || how="ended: $(grep -o 'canceling.*' out)"
    echo "$title: $how$(sed -n 's/.*NOTICE:  limit: \(.*\)/, sees \1/p' out)"
}
sql=(psql --no-psqlrc --quiet --tuples-only)
client direct 'BEGIN; LOCK TABLE orders'
seen=$(
    for call in 'SELECT altered()' 'SELECT local()' 'CALL procedure()'; do end "$call" "${sql[@]}" --command="$call"; done
    end 'DO, set_config()' "${sql[@]}" --command="DO \$\$ BEGIN PERFORM set_config('statement_timeout', '1s', true); PERFORM plain(); END \$\$"
    set_first="SET statement_timeout = '1s'"
    for call in 'SELECT longer()' 'SELECT plain()'; do end "$set_first, then $call" "${sql[@]}" --command="$set_first" --command="$call"; done
    end 'PGOPTIONS, SELECT plain()' env PGOPTIONS='-c statement_timeout=1s' "${sql[@]}" --command='SELECT plain()'
    end 'SELECT locks()' "${sql[@]}" --command='SELECT locks()'
)
ended='ended: canceling statement due to'
expect "SELECT altered(): runs to its end, sees 1s
SELECT local(): runs to its end, sees 1s
CALL procedure(): runs to its end, sees 1s
DO, set_config(): runs to its end, sees 1s
SET statement_timeout = '1s', then SELECT longer(): $ended statement timeout, sees 1h
SET statement_timeout = '1s', then SELECT plain(): $ended statement timeout, sees 1s
PGOPTIONS, SELECT plain(): $ended statement timeout, sees 1s
SELECT locks(): $ended lock timeout" "$seen"
