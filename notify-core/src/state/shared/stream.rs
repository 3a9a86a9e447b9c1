//! A connection that notes whether the server takes part: each of its answers, and each step of ours to which one led.
//! A part of an answer is none, so that one that comes drop by drop does not count as often. Where an answer is there,
//! and this process is at work on it, the server is not waited for: to log in by a password takes a moment, and far
//! longer where many do so at once.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::link::Link;

/// A connection, and where the server's part in it is noted.
pub(super) struct Stream {
    inner: TcpStream,
    link: Arc<Link>,
    /// Whether the last that went over it came from the server.
    was_read: bool,
}

impl Stream {
    pub(super) fn new(inner: TcpStream, link: Arc<Link>) -> Self {
        Self {
            inner,
            link,
            was_read: false,
        }
    }

    fn turn(&mut self, is_read: bool) {
        if std::mem::replace(&mut self.was_read, is_read) != is_read {
            self.link.hear();
        }
        self.link.set_at_work(is_read);
    }
}

impl Drop for Stream {
    /// Where the server has closed it, its last words are no answer that this process is at work on.
    fn drop(&mut self) {
        self.link.set_at_work(false);
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.inner).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.turn(true);
        } else if read.is_pending() {
            self.link.set_at_work(false);
        }
        read
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.was_read {
            self.turn(false);
        }
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::io::Write as _;
    use std::net::TcpListener;

    use super::*;
    use crate::os::engine::own;
    use crate::state::shared::address::Address;

    /// A run waited for a server that was gone for as long as for one that is slow.
    #[test]
    fn the_last_words_of_a_server_that_is_gone_are_nothing_to_work_on() {
        let _own = own::begin();
        let nobody = Address::parse("postgres://u@127.0.0.1:1/d", None).unwrap();
        let link = Link::of(&Arc::new(nobody));
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_io().build().unwrap().block_on(async {
            let inner = TcpStream::connect(server.local_addr().unwrap()).await;
            let mut stream = Stream::new(inner.unwrap(), link.clone());
            let (mut connection, _) = server.accept().unwrap();
            connection.write_all(b"E").unwrap();
            drop(connection);
            for length in [1, 0] {
                let mut bytes = [0; 8];
                let mut buffer = ReadBuf::new(&mut bytes);
                let read = poll_fn(|context| Pin::new(&mut stream).poll_read(context, &mut buffer));
                read.await.unwrap();
                assert_eq!(buffer.filled().len(), length);
                assert!(link.is_at_work());
            }
        });
        assert!(!link.is_at_work());
    }
}
