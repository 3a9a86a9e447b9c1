//! A `PostgreSQL` of the tests' own, from the binaries that the machine has; it ends with the test, however that ends.

use std::fs;
use std::hash::{BuildHasher as _, RandomState};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use super::Folder;

/// The password in every address here: it must turn up nowhere.
pub const PASSWORD: &str = "s3cr3tOfTheStore";

/// Ends the server, and removes its data, once nobody holds the other end of its standard input. Ctrl-C comes to the whole
/// group: it ends the tests, and not who tidies up after them.
const KEEPER: &str = "trap '' INT HUP TERM; \"$@\" < /dev/null & server=$!; cat > /dev/null; kill -INT $server; wait $server; rm -rf \"$DATA\"";

/// A server on loopback.
pub struct Server {
    pub port: u16,
    folder: PathBuf,
    binaries: PathBuf,
    user: u32,
    running: Mutex<Option<(Child, ChildStdin)>>,
}

/// The server of this test file, which all its tests share; `None`, and a word, where there is no `PostgreSQL`.
pub fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    let server = SERVER.get_or_init(|| Server::start(&[]));
    if server.is_none() {
        println!("passed over: there is no PostgreSQL here (install postgresql)");
    }
    server.as_ref()
}

/// Finds the folder of the server's programs.
pub fn binaries() -> Option<PathBuf> {
    let config = Command::new("pg_config").arg("--bindir").output();
    let named = config
        .ok()
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    let packaged = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let mut packaged: Vec<_> = packaged.map(|version| version.path().join("bin")).collect();
    packaged.sort();
    let all = packaged.into_iter().rev().chain(named.map(PathBuf::from));
    all.into_iter()
        .find(|folder| folder.join("initdb").exists())
}

fn id(arguments: &[&str]) -> Option<u32> {
    let output = Command::new("id").args(arguments).output().ok()?;
    String::from_utf8_lossy(&output.stdout).trim().parse().ok()
}

fn own_user() -> u32 {
    id(&["-u"]).unwrap()
}

/// Whom a server can be run by: it refuses root.
fn user() -> u32 {
    match own_user() {
        0 => id(&["-u", "postgres"]).unwrap_or(65_534),
        own => own,
    }
}

/// Finds a port that nobody has, and that the system gives to no connection until the server takes it.
fn free_port() -> u16 {
    let random = || RandomState::new().hash_one(()) % 20_000;
    let ports = (0..100).map(|_| 10_000 + u16::try_from(random()).unwrap());
    let mut free = ports.filter(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    free.next().expect("no port is free")
}

impl Server {
    /// Makes and starts a server; `None` where there is no `PostgreSQL`.
    pub fn start(settings: &[&str]) -> Option<Self> {
        let server = Self::make()?;
        server.begin(settings);
        Some(server)
    }

    /// The same with `ssl = on` and that certificate, for the host `localhost`.
    pub fn start_encrypted(certificate: &str, key: &str) -> Option<Self> {
        let server = Self::make()?;
        for (name, text) in [("server.crt", certificate), ("server.key", key)] {
            let path = server.data().join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            if server.user != own_user() {
                chown(&path, Some(server.user), Some(server.user)).unwrap();
            }
        }
        server.begin(&["ssl=on"]);
        Some(server)
    }

    fn make() -> Option<Self> {
        let folder = Folder::new();
        let server = Self {
            port: free_port(),
            folder: folder.path().to_owned(),
            binaries: binaries()?,
            user: user(),
            running: Mutex::default(),
        };
        // It is removed by whoever ends the server.
        std::mem::forget(folder);
        fs::set_permissions(&server.folder, fs::Permissions::from_mode(0o755)).unwrap();
        let data = server.data();
        fs::create_dir(&data).unwrap();
        if server.user != own_user() {
            chown(&data, Some(server.user), Some(server.user)).unwrap();
        }
        let data = data.to_str().unwrap();
        let made = server.program(
            "initdb",
            &[
                "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C",
                "--no-sync",
            ],
        );
        let made = { made }.output().unwrap();
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
        Some(server)
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// A program of `PostgreSQL`, as a user that may run it.
    fn program(&self, name: &str, arguments: &[&str]) -> Command {
        let path = self.binaries.join(name);
        let mut command = if self.user == own_user() {
            Command::new(path)
        } else {
            let mut command = Command::new("setpriv");
            command
                .args([
                    format!("--reuid={}", self.user),
                    format!("--regid={}", self.user),
                ])
                .arg("--clear-groups")
                .arg(path);
            command
        };
        command.args(arguments).current_dir("/");
        command
    }

    /// Starts it, or starts it again.
    pub fn begin(&self, settings: &[&str]) {
        let data = self.data();
        let port = self.port.to_string();
        let mut arguments = vec!["-D", data.to_str().unwrap(), "-p", &port];
        for setting in [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "max_connections=150",
        ]
        .iter()
        .chain(settings)
        {
            arguments.extend(["-c", setting]);
        }
        let server = self.program("postgres", &arguments);
        let mut keeper = Command::new("sh");
        keeper
            .args(["-c", KEEPER, "keeper"])
            .arg(server.get_program())
            .args(server.get_args())
            .env("DATA", &self.folder)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut keeper = keeper.spawn().unwrap();
        let stdin = keeper.stdin.take().unwrap();
        *self.running.lock().unwrap() = Some((keeper, stdin));
        let begun = Instant::now();
        while !self.answers() {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "PostgreSQL does not start"
            );
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn answers(&self) -> bool {
        TcpStream::connect(("127.0.0.1", self.port)).is_ok() && self.try_sql("SELECT 1").is_ok()
    }

    /// Ends it at once, as a crash does. Its data stay.
    pub fn crash(&self) {
        let pid = fs::read_to_string(self.data().join("postmaster.pid")).unwrap();
        let pid = pid.lines().next().unwrap().to_owned();
        let script =
            format!("kill -QUIT {pid}; while kill -0 {pid} 2> /dev/null; do sleep 0.02; done");
        Command::new("sh").args(["-c", &script]).status().unwrap();
        if let Some((mut keeper, stdin)) = self.running.lock().unwrap().take() {
            // It must not take the data along.
            let _ = keeper.kill();
            let _ = keeper.wait();
            drop(stdin);
        }
    }

    /// The address of a store of a test's own.
    pub fn store(&self) -> String {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        self.address("postgres", &format!("schema=t{number}"))
    }

    /// An address for that role.
    pub fn address(&self, role: &str, parameters: &str) -> String {
        format!(
            "postgres://{role}:{PASSWORD}@127.0.0.1:{}/postgres?{parameters}",
            self.port
        )
    }

    /// Runs a statement, and returns its rows.
    pub fn sql(&self, statement: &str) -> String {
        self.try_sql(statement)
            .unwrap_or_else(|error| panic!("{statement}: {error}"))
    }

    pub fn try_sql(&self, statement: &str) -> Result<String, String> {
        let output = self.psql(statement).output();
        let output = output.map_err(|error| error.to_string())?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }

    /// The program that runs a statement.
    pub fn psql(&self, statement: &str) -> Command {
        let mut psql = Command::new(self.binaries.join("psql"));
        psql.args(["-h", "127.0.0.1", "-p", &self.port.to_string()])
            .args(["-U", "postgres", "-d", "postgres", "-X", "-A", "-t", "-q"])
            .args(["-v", "ON_ERROR_STOP=1", "-c", statement])
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .stdin(Stdio::null());
        psql
    }
}

/// Returns the schema of a store's address.
pub fn schema(store: &str) -> &str {
    let (_, rest) = store.split_once("schema=").unwrap();
    rest.split('&').next().unwrap()
}
