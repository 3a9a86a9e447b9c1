//! Which certificate authorities are believed, against a real TLS server on loopback with an
//! authority of its own (issue 12, point 15).
#![expect(clippy::unwrap_used, reason = "what a test cannot do fails it")]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::support::{Folder, Program};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// An authority of its own.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = parameters.self_signed(&key).unwrap().pem();
        Self {
            pem,
            issuer: Issuer::new(parameters, key),
        }
    }

    /// Serves `ok` to all that post, as that host, until the test is over; returns the port.
    fn serve(&self, host: &str, expired: bool) -> u16 {
        let mut parameters = CertificateParams::new([host.to_owned()]).unwrap();
        if expired {
            parameters.not_after = rcgen::date_time_ymd(2020, 1, 1);
        }
        self.serve_by(&parameters)
    }

    /// The same, with a certificate by those parameters.
    fn serve_by(&self, parameters: &CertificateParams) -> u16 {
        let key = KeyPair::generate().unwrap();
        let certificate = parameters.signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let config = config.clone();
                thread::spawn(move || answer(connection, config));
            }
        });
        port
    }
}

fn answer(connection: TcpStream, config: Arc<ServerConfig>) -> std::io::Result<()> {
    connection.set_read_timeout(Some(Duration::from_secs(30)))?;
    let tls = ServerConnection::new(config).map_err(std::io::Error::other)?;
    let mut reader = BufReader::new(StreamOwned::new(tls, connection));
    let (mut line, mut length) = (String::new(), 0);
    while reader.read_line(&mut line)? > 2 {
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        line.clear();
    }
    reader.read_exact(&mut vec![0; length])?;
    let mut stream = reader.into_inner();
    stream.write_all(b"HTTP/1.1 200 X\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok")?;
    stream.flush()
}

/// Fails, with that place for its alerts, and returns what was said and how many alerts wait.
fn fail(url: &str, seconds: &str, environment: &[(&str, &Path)]) -> (String, usize) {
    let folder = Folder::new();
    let program = Program::new("ends").arg("err").directory(&folder);
    let program = program
        .env("NOTIFY_ALERTS_URL", url)
        .env("NOTIFY_EXIT_SECONDS", seconds);
    let program = environment
        .iter()
        .fold(program, |program, (name, value)| program.env(name, value));
    let ended = program.run();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    (ended.stderr, folder.waiting_alerts().len())
}

#[test]
fn an_authority_that_the_environment_names_is_believed() {
    let (folder, authority) = (Folder::new(), Authority::new("own"));
    let file = folder.path().join("authority.pem");
    fs::write(&file, &authority.pem).unwrap();
    let url = format!(
        "jsons://localhost:{}/x",
        authority.serve("localhost", false)
    );

    let (said, waiting) = fail(&url, "20", &[("SSL_CERT_FILE", &file)]);
    assert_eq!((&*said, waiting), ("Error: \"the disk is full\"\n", 0));
    let (said, waiting) = fail(&url, "20", &[("SSL_CERT_DIR", folder.path())]);
    // A folder of OpenSSL's holds links by hashes of names.
    assert!(waiting == 0 || said.contains("SSL_CERT_DIR"), "{said}");
}

#[test]
fn what_is_wrong_with_a_certificate_is_named() {
    let (folder, authority, other) = (
        Folder::new(),
        Authority::new("own"),
        Authority::new("other"),
    );
    let [own, others, none] =
        ["own.pem", "others.pem", "none.pem"].map(|name| folder.path().join(name));
    fs::write(&own, &authority.pem).unwrap();
    fs::write(&others, &other.pem).unwrap();
    fs::write(&none, "nothing\n").unwrap();
    let at = |port| format!("jsons://localhost:{port}/x");
    let well = at(authority.serve("localhost", false));
    let expired = at(authority.serve("localhost", true));
    let elsewhere = at(authority.serve("example.com", false));
    // As people make one for themselves.
    let mut of_authority = CertificateParams::new(["localhost".to_owned()]).unwrap();
    of_authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let of_authority = at(authority.serve_by(&of_authority));
    let clear = TcpListener::bind("127.0.0.1:0").unwrap();
    let in_clear = at(clear.local_addr().unwrap().port());
    thread::spawn(move || {
        for mut connection in clear.incoming().flatten() {
            let _ = connection.write_all(b"HTTP/1.1 400 X\r\ncontent-length: 0\r\n\r\n");
        }
    });
    // One that cannot be used is passed over.
    let socks = [("ALL_PROXY", Path::new("socks5://127.0.0.1:9"))];
    let (said, waiting) = fail("jsons://example.invalid/x", "3", &socks);
    let reason = "(`ALL_PROXY` names a SOCKS proxy, and is passed over: write `http://host:port`)";
    assert!(said.contains(reason), "{said}");
    assert_eq!(waiting, 1, "{said}");

    // Too long to exist, so that no server is asked.
    let nowhere = format!("jsons://{}/x", "a".repeat(64));
    for (url, file, expected) in [
        (&well, Some(&others), "its certificate's issuer is unknown"),
        // The system does not know it either.
        (&well, None, "add that authority to the system's"),
        (&expired, Some(&own), "its certificate has expired"),
        (
            &elsewhere,
            Some(&own),
            "its certificate is for another host",
        ),
        (&of_authority, Some(&own), "(CA:TRUE)"),
        (&in_clear, Some(&own), "it does not speak TLS"),
        (&nowhere, None, "its host name is not known"),
        // The bundled ones are used, and a warning says so.
        (
            &well,
            Some(&none),
            "SSL_CERT_FILE gives no certificate authority that can be used",
        ),
        (&well, Some(&none), "its certificate's issuer is unknown"),
    ] {
        let environment = file.map(|file| ("SSL_CERT_FILE", &**file));
        let environment: Vec<_> = environment.into_iter().collect();
        let (said, waiting) = fail(url, "3", &environment);
        assert!(said.contains(expected), "{expected}: {said}");
        assert_eq!(waiting, 1, "{said}");
    }
}

#[test]
fn where_a_proxy_stands_between_it_is_said() {
    // Nobody listens there.
    let proxy = "http://127.0.0.1:9";
    let (said, waiting) = fail(
        "jsons://example.invalid/x",
        "3",
        &[("HTTPS_PROXY", Path::new(proxy))],
    );
    let reason = "network error: connection refused (by way of a proxy: see ALL_PROXY";
    assert!(said.contains(reason), "{said}");
    assert_eq!(waiting, 1, "{said}");

    // Too long to exist, so that no server is asked.
    let nowhere = format!("jsons://{}/x", "a".repeat(64));
    let proxied = [
        ("HTTPS_PROXY", Path::new(proxy)),
        ("NO_PROXY", Path::new("*")),
    ];
    let (said, _) = fail(&nowhere, "3", &proxied);
    let reason = "its host name is not known, or no name server answers)";
    assert!(said.contains(reason), "{said}");
}

#[test]
fn who_posts_to_no_https_reads_no_authorities() {
    let receiver = crate::support::Receiver::new();
    let url = receiver.json_webhook();
    let (said, waiting) = fail(&url, "20", &[("SSL_CERT_FILE", Path::new("/nowhere"))]);
    assert_eq!((&*said, waiting), ("Error: \"the disk is full\"\n", 0));
}
