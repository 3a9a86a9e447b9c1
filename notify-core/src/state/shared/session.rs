//! A connection to the first of the servers that can be written to.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{NoTls, Statement};

use super::address::{Address, Target, Trust};
use super::fault::{self, Fault};
use super::link::Link;
use super::schema;
use super::stream::Stream;
use super::tls::Tls;
use crate::format::time::Micros;
use crate::os::clock;

/// How long one server may take until it can be asked.
const PATIENCE: Duration = Duration::from_secs(5);

/// Other products say so in `version()`, and some of these have no session locks.
const OTHERS: [&str; 5] = [
    "Redshift", "Greenplum", "Cockroach", "Yugabyte", "EnterpriseDB",
];

/// Whether tables that are missing are made: not by who only looks, for `schema=` may be mistyped.
static MAKES_TABLES: AtomicBool = AtomicBool::new(true);

/// The first version that this library is tried with.
const OLDEST_SERVER: u32 = 140_000;

/// What is asked first: whether this server can be written to, whether it is the one at the other end and no pooler is
/// between, and of which version the tables are. Where it is direct, the lock is taken that says that this process
/// lives, and the server is to notice soon where it cannot any more.
const LOOK: &str = "SELECT (pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on')::text, d.direct::text, \
    CASE WHEN d.direct AND NOT pg_is_in_recovery() THEN pg_try_advisory_lock($5::text::bigint)::text ELSE '' END, \
    CASE WHEN d.direct THEN set_config('tcp_keepalives_idle', '3', false) || set_config('tcp_keepalives_interval', '2', false) \
    || set_config('tcp_keepalives_count', '2', false) || set_config('idle_session_timeout', '0', false) \
    || set_config('lock_timeout', '700', false) ELSE '' END, \
    to_char(pg_postmaster_start_time() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '+00', \
    (extract(epoch FROM clock_timestamp()) * 1000000)::bigint::text, {meta} \
    FROM (SELECT coalesce(host(inet_client_addr()) = $1::text AND inet_client_port()::text = $2::text \
    AND host(inet_server_addr()) = $3::text AND inet_server_port()::text = $4::text, false) \
    AND version() LIKE 'PostgreSQL %' AND version() !~ '{others}' \
    AND current_setting('server_version_num')::integer >= {oldest} AS direct) d";

const META: &str = "(SELECT m.oldest::text FROM pn.meta m LIMIT 1)";

/// An answer's rows, all as text: what is null is empty.
pub(super) type Rows = Vec<Vec<String>>;

/// Has this process make no tables from now on.
pub(super) fn only_look() {
    MAKES_TABLES.store(false, Ordering::Relaxed);
}

/// Who asks over a connection.
pub(super) struct Client {
    inner: tokio_postgres::Client,
    /// A statement that the server has read and planned already, where the connection is direct.
    prepared: OnceLock<(String, Statement)>,
    is_preparing: AtomicBool,
}

impl Client {
    fn new(inner: tokio_postgres::Client) -> Arc<Self> {
        Arc::new(Self {
            inner,
            prepared: OnceLock::new(),
            is_preparing: AtomicBool::new(false),
        })
    }

    /// Returns whether nobody has begun to prepare a statement.
    pub(super) fn is_unprepared(&self) -> bool {
        !self.is_preparing.load(Ordering::Relaxed)
    }

    /// Has the server read and plan a statement of so many values before somebody waits for its answer.
    pub(super) async fn prepare(&self, statement: String, values: &[&str]) -> Result<(), Fault> {
        // Without this the statement is planned anew each time, for its values.
        const PLAN: &str = "SELECT set_config('plan_cache_mode', 'force_generic_plan', false)";
        if self.is_preparing.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        ask(self, PLAN, &[""; 0], "").await?;
        let types = vec![Type::TEXT; values.len()];
        let named = self.inner.prepare_typed(&statement, &types).await;
        let named = named.map_err(|error| Fault::of(&error, ""))?;
        let _ = self.prepared.set((statement.clone(), named));
        ask(self, &statement, values, "").await.map(drop)
    }
}

/// A connection that is open.
pub(super) struct Session {
    pub(super) client: Arc<Client>,
    /// Whether no pooler is between, so that the server sees it when this process ends.
    pub(super) is_direct: bool,
    /// Whether the lock is held that says that this process lives.
    pub(super) is_locked: bool,
    /// Names this start of the server.
    pub(super) server: String,
    /// What gives the role its rights.
    pub(super) mend: String,
    /// What ends with the connection.
    pub(super) open: tokio::task::JoinHandle<()>,
}

impl Session {
    /// Connects to the first server that can be written to.
    pub(super) async fn open(link: &Arc<Link>) -> Result<Self, Fault> {
        let address = link.address();
        let target = address.target().map_err(Fault::Never)?;
        let mut first = None;
        for (host, port) in &target.hosts {
            let connecting = Self::to(&target, link, host, *port);
            let session = timeout(PATIENCE, connecting).await;
            let slow = || Err(Fault::Away(format!("{host} does not answer")));
            match session.unwrap_or_else(|_| slow()) {
                Ok(session) => return Ok(session),
                Err(fault) => first = first.or(Some(fault)),
            }
        }
        Err(first.unwrap_or_else(|| Fault::Never("it names no host".to_owned())))
    }

    async fn to(target: &Target, link: &Arc<Link>, host: &str, port: u16) -> Result<Self, Fault> {
        let unreached =
            |error: std::io::Error| Fault::Away(format!("{host}: {}", fault::of_io(&error)));
        let name = host.trim_start_matches('[').trim_end_matches(']');
        let mut stream = Err(std::io::ErrorKind::NotFound.into());
        for to in lookup_host((name, port)).await.map_err(unreached)? {
            stream = TcpStream::connect(to).await;
            if stream.is_ok() {
                break;
            }
        }
        let stream = stream.map_err(unreached)?;
        let _ = stream.set_nodelay(true);
        let ends = stream
            .local_addr()
            .and_then(|own| Ok((own, stream.peer_addr()?)));
        let ends = ends.map_err(unreached)?;
        let stream = Stream::new(stream, link.clone());
        let trust = target.trust(ends.1.ip().is_loopback());
        let settings = target.settings(trust, host, port);
        let settings = settings.map_err(Fault::Never)?;
        let database = target.config.get_dbname().unwrap_or_default();
        let role = target.config.get_user().unwrap_or_default();
        let refused = |error: tokio_postgres::Error| {
            Fault::of_connection(&error, &schema::right_to_connect(database, role))
        };
        let (client, open) = if trust == Trust::Plain {
            let (client, connection) =
                settings.connect_raw(stream, NoTls).await.map_err(refused)?;
            (client, tokio::spawn(async move { drop(connection.await) }))
        } else {
            let tls = Tls::new(name, trust, target.authorities.as_deref()).map_err(Fault::Never)?;
            let (client, connection) = settings.connect_raw(stream, tls).await.map_err(refused)?;
            (client, tokio::spawn(async move { drop(connection.await) }))
        };
        let mut session = Self {
            client: Client::new(client),
            is_direct: false,
            is_locked: false,
            server: String::new(),
            mend: schema::rights(&link.address().schema(), role),
            open,
        };
        link.hear();
        session.look(link.address(), ends, link.process).await?;
        Ok(session)
    }

    /// Finds out who answers, and makes the tables where they are missing.
    async fn look(
        &mut self,
        address: &Address,
        ends: (SocketAddr, SocketAddr),
        process: i64,
    ) -> Result<(), Fault> {
        let schema = address.schema();
        match self.ask(&schema, META, ends, process).await {
            Err(fault) if fault.is_missing() => {}
            answer => return answer,
        }
        if !MAKES_TABLES.load(Ordering::Relaxed) {
            return Err(Fault::Missing(format!(
                "there are no tables in the schema {schema}: name the right database and schema= in NOTIFY_STORE; or have the first run of a job make the tables, or `pipeline-notify store init`"
            )));
        }
        self.ask(&schema, "NULL", ends, process).await?;
        let statements = schema::statements(&schema);
        let made = self.client.inner.batch_execute(&statements).await;
        made.map_err(|error| match Fault::of(&error, &self.mend) {
            Fault::Never(_) => Fault::Never(format!(
                "its tables are missing, and this role may not make them: run `pipeline-notify store init` as a role that may, and then: {}",
                self.mend
            )),
            fault => fault,
        })
    }

    async fn ask(
        &mut self,
        schema: &str,
        meta: &str,
        ends: (SocketAddr, SocketAddr),
        process: i64,
    ) -> Result<(), Fault> {
        let look = LOOK.replace("{meta}", meta);
        let look = look.replace("{others}", &OTHERS.join("|"));
        let look = look.replace("{oldest}", &OLDEST_SERVER.to_string());
        let end = |end: SocketAddr| [end.ip().to_canonical().to_string(), end.port().to_string()];
        let ends = [end(ends.0), end(ends.1)].into_iter().flatten();
        let values: Vec<_> = ends.chain([process.to_string()]).collect();
        let asked = (Instant::now(), clock::of_host());
        let look = schema::of(schema, &look);
        let rows = ask(&self.client, &look, &values, &self.mend).await?;
        let [read_only, direct, locked, _, started, clock, oldest] =
            row(rows).ok_or_else(|| Fault::Never("it does not answer as PostgreSQL".to_owned()))?;
        if read_only == "true" {
            return Err(Fault::Away(fault::READ_ONLY.to_owned()));
        }
        if oldest
            .parse::<u32>()
            .is_ok_and(|oldest| oldest > schema::VERSION)
        {
            let why = "its tables are of a newer version of the library, which this one must not write to: update the library";
            return Err(Fault::Never(why.to_owned()));
        }
        // Where an earlier connection is not seen to be gone yet, that one holds the lock for a moment.
        (self.is_direct, self.is_locked) = (direct == "true", locked == "true");
        self.server = started;
        follow(&clock, asked);
        Ok(())
    }
}

/// Asks, with all values as text; a statement that has no name works through every pooler.
pub(super) async fn ask(
    client: &Client,
    statement: &str,
    values: &[impl ToSql + Sync],
    mend: &str,
) -> Result<Rows, Fault> {
    let texts = values.iter().map(|value| value as &(dyn ToSql + Sync));
    let named = client.prepared.get().filter(|(of, _)| of == statement);
    let rows = match named {
        Some((_, named)) => {
            client
                .inner
                .query(named, &texts.clone().collect::<Vec<_>>())
                .await
        }
        None => {
            let typed: Vec<_> = texts.map(|value| (value, Type::TEXT)).collect();
            client.inner.query_typed(statement, &typed).await
        }
    };
    let rows = rows.map_err(|error| Fault::of(&error, mend))?;
    let texts = rows.iter().map(|row| {
        let columns = 0..row.len();
        let text = |column| row.try_get::<_, Option<String>>(column).ok().flatten();
        columns
            .map(|column| text(column).unwrap_or_default())
            .collect()
    });
    Ok(texts.collect())
}

/// Takes the one row of an answer, of so many columns.
pub(super) fn row<const COLUMNS: usize>(rows: Rows) -> Option<[String; COLUMNS]> {
    columns(rows.into_iter().next()?)
}

/// Takes the columns of a row, which has so many.
pub(super) fn columns<const COLUMNS: usize>(row: Vec<String>) -> Option<[String; COLUMNS]> {
    row.try_into().ok()
}

/// Goes by the server's clock, which was asked when this host's clock showed `asked`.
pub(super) fn follow(clock: &str, asked: (Instant, Micros)) {
    let half = (asked.0.elapsed() / 2).as_micros().try_into();
    if let (Ok(server), Ok(half)) = (clock.parse::<Micros>(), half) {
        clock::follow(server - asked.1 - half, half);
    }
}
