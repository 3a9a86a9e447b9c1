//! The tables of the store, as this version makes them.

/// The version of the tables that this library writes.
pub(super) const VERSION: u32 = 1;

/// Stands in statements for the schema.
const SCHEMA: &str = "pn.";

/// Keeps several first users from making the tables at once. It is this library's alone. Each waits for the others for
/// longer than a question does.
const LOCK: &str = "SELECT set_config('lock_timeout', '4000', true);\nSELECT pg_advisory_xact_lock(7305804402566443617)";

/// Makes the tables, where they are missing.
const TABLES: &str = "\
DO $make$ BEGIN
    -- `IF NOT EXISTS` wants the right to make one where it is there, too.
    IF to_regnamespace($name$pn$name$) IS NULL THEN CREATE SCHEMA pn; END IF;
END $make$;

-- The version that wrote the tables last, and the oldest library that may write to them.
CREATE TABLE IF NOT EXISTS pn.meta (version integer NOT NULL, oldest integer NOT NULL);

-- A job: its status file, and the id of its last change; without a status where a person has had it forgotten.
CREATE TABLE IF NOT EXISTS pn.job (
    name text PRIMARY KEY,
    change text NOT NULL,
    status text NOT NULL,
    written timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 50);

-- A destination's queue: its pace, and who sends from it.
CREATE TABLE IF NOT EXISTS pn.queue (
    name text PRIMARY KEY,
    pace text NOT NULL DEFAULT '',
    moved text NOT NULL DEFAULT '',
    loss text NOT NULL DEFAULT '',
    token text NOT NULL DEFAULT '',
    sender bigint NOT NULL DEFAULT 0,
    direct boolean NOT NULL DEFAULT false,
    lease timestamptz NOT NULL DEFAULT '-infinity'
) WITH (fillfactor = 50);

-- An alert that waits, is held back, or was refused, and why; or what a message is known by, and when that was last written.
CREATE TABLE IF NOT EXISTS pn.alert (
    queue text NOT NULL,
    name text NOT NULL,
    job text NOT NULL,
    state text NOT NULL,
    body text NOT NULL,
    reason text NOT NULL DEFAULT '',
    PRIMARY KEY (queue, name)
);
CREATE INDEX IF NOT EXISTS alert_of_job ON pn.alert (job);

-- An outermost run under way: its process holds the advisory lock of this number, or renews the lease.
CREATE TABLE IF NOT EXISTS pn.run (
    process bigint NOT NULL,
    number bigint NOT NULL,
    job text NOT NULL,
    direct boolean NOT NULL,
    lease timestamptz NOT NULL,
    missing timestamptz,
    server text NOT NULL,
    about text NOT NULL,
    run text NOT NULL,
    PRIMARY KEY (process, number)
);

-- What happened to a job, a line each.
CREATE TABLE IF NOT EXISTS pn.history (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    change text NOT NULL,
    line text NOT NULL
);
CREATE INDEX IF NOT EXISTS history_of_job ON pn.history (job, id);
CREATE INDEX IF NOT EXISTS history_by_age ON pn.history (at);

-- What people have planned for all jobs.
CREATE TABLE IF NOT EXISTS pn.plan (
    name text PRIMARY KEY,
    body text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);

INSERT INTO pn.meta (version, oldest) SELECT {version}, {version} WHERE NOT EXISTS (SELECT FROM pn.meta);
";

/// The least rights of a role that may not make tables, `ROLE` being its name.
const RIGHTS: &str = "\
GRANT USAGE ON SCHEMA pn TO ROLE;
GRANT SELECT ON pn.meta TO ROLE;
GRANT SELECT, INSERT, UPDATE, DELETE ON pn.job, pn.queue, pn.alert, pn.run, pn.plan, pn.history TO ROLE;";

/// Writes a statement for the schema of that name.
pub(super) fn of(schema: &str, statement: &str) -> String {
    // The schema itself has no point behind it.
    let statement = statement.replace("SCHEMA pn", "SCHEMA \u{1}");
    let statement = statement.replace("$name$pn$name$", "$name$\u{1}$name$");
    let statement = statement.replace(SCHEMA, &format!("{schema}."));
    statement.replace('\u{1}', schema)
}

/// Returns all that makes the tables: one message, and so one transaction.
pub(super) fn statements(schema: &str) -> String {
    let tables = of(schema, TABLES).replace("{version}", &VERSION.to_string());
    format!("{LOCK};\n\n{tables}")
}

/// Returns the same as a person runs it, and what gives another role its rights.
pub(super) fn script(schema: &str) -> String {
    let (tables, rights) = (
        statements(schema),
        of(schema, RIGHTS).replace('\n', "\n-- "),
    );
    format!("BEGIN;\n{tables}\nCOMMIT;\n\n-- For each role that only uses them:\n-- {rights}\n")
}

/// Returns what gives a role its rights, in one line.
pub(super) fn rights(schema: &str, role: &str) -> String {
    of(schema, RIGHTS)
        .replace("ROLE", &quoted(role))
        .replace('\n', " ")
}

pub(super) fn right_to_connect(database: &str, role: &str) -> String {
    let (database, role) = (quoted(database), quoted(role));
    format!("GRANT CONNECT ON DATABASE {database} TO {role};")
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Issue 15, point 6.
    #[test]
    fn every_table_is_named_with_its_schema() {
        let all = statements("\"etl\"") + &rights("\"etl\"", "anna");
        assert!(!all.contains("pn") && !all.contains('\u{1}'), "{all}");
        assert!(all.contains(
            "IF to_regnamespace($name$\"etl\"$name$) IS NULL THEN CREATE SCHEMA \"etl\";"
        ));
        assert!(all.contains("GRANT USAGE ON SCHEMA \"etl\" TO \"anna\";"));
        assert!(all.contains("\"etl\".history"));
    }
}
