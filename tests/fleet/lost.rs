//! An answer of the store that is lost, with the connection.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use super::{count, pod, rows, said};
use crate::support::server::{schema, server};
use crate::support::{Folder, Receiver, Running, eventually};

/// What says, as a value of a statement, that the run that a change ends is one of another process.
const GONE: &[u8] = b"\0\0\0\x04gone";

/// A proxy before the server, which loses the answer to the first change that reports the death of another.
struct Proxy {
    port: u16,
    has_lost: Arc<AtomicBool>,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Proxy {
    fn before(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Self {
            port: listener.local_addr().unwrap().port(),
            has_lost: Arc::default(),
            open: Arc::default(),
        };
        let (has_lost, open) = (proxy.has_lost.clone(), proxy.open.clone());
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(("127.0.0.1", server)) else {
                    continue;
                };
                open.lock().unwrap().push(client.try_clone().unwrap());
                pass_on(client, server, &has_lost);
            }
        });
        proxy
    }

    /// Ends all connections.
    fn cut(&self) {
        for connection in self.open.lock().unwrap().drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }
}

fn pass_on(client: TcpStream, server: TcpStream, has_lost: &Arc<AtomicBool>) {
    let is_last = Arc::new(AtomicBool::new(false));
    let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    let (has_lost, loses) = (has_lost.clone(), is_last.clone());
    thread::spawn(move || {
        copy(from, to, |asked| {
            let is_change = asked.windows(GONE.len()).any(|part| part == GONE);
            if is_change && !has_lost.swap(true, Ordering::SeqCst) {
                loses.store(true, Ordering::SeqCst);
            }
            true
        });
    });
    thread::spawn(move || copy(server, client, |_| !is_last.load(Ordering::SeqCst)));
}

/// Passes on what one end says, as long as it `goes_on`.
fn copy(mut from: TcpStream, mut to: TcpStream, goes_on: impl Fn(&[u8]) -> bool) {
    let mut part = vec![0; 1 << 16];
    while let Ok(length @ 1..) = from.read(&mut part) {
        if !goes_on(&part[..length]) || to.write_all(&part[..length]).is_err() {
            break;
        }
    }
    for end in [from, to] {
        let _ = end.shutdown(Shutdown::Both);
    }
}

/// The runs of each process have the same numbers: that of another has ended, and not its own.
#[test]
fn who_reports_a_death_and_does_not_hear_that_it_is_written_down_is_still_under_way() {
    let Some(server) = server() else { return };
    let (store, receiver) = (server.store(), Receiver::new());
    assert_eq!(said(&store, &["store", "init"]).0, Some(0));
    let disks = [Folder::new(), Folder::new()];
    let begin = |store: &str, disk: &Folder, instance: &str| {
        let program = pod("ends", store, &receiver).arg("hang").directory(disk);
        let mut command = program.env("NOTIFY_INSTANCE", instance).command();
        Running(command.stdout(Stdio::null()).spawn().unwrap())
    };
    let mut killed = begin(&store, &disks[0], "killed");
    eventually("the run is written down", || {
        rows(server, &store, "run") == 1
    });
    killed.0.kill().unwrap();
    killed.0.wait().unwrap();
    let proxy = Proxy::before(server.port);
    let by_proxy = store.replace(&format!(":{}/", server.port), &format!(":{}/", proxy.port));
    assert_ne!(by_proxy, store);
    let _reports = begin(&by_proxy, &disks[1], "reports");
    eventually("the death is reported", || {
        count(&receiver.texts(), "died: ") == 1
    });
    assert!(proxy.has_lost.load(Ordering::SeqCst));
    // With each connection a process writes down anew what is under way.
    server.sql(&format!("DELETE FROM {}.run", schema(&store)));
    proxy.cut();
    eventually("its own run is still known", || {
        rows(server, &store, "run") == 1
    });
}
