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
