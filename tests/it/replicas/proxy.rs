//! A TCP proxy between a replica and the database, whose line can be spoilt.

use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// What a line does to what passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// Passes it on, so much later.
    Slow(Duration),
    /// Holds everything, and says nothing.
    Stalled,
    /// Hangs up and lets nobody in.
    Cut,
}

impl Line {
    /// Passes everything on at once.
    pub const GOOD: Self = Self::Slow(Duration::ZERO);
}

/// A TCP proxy whose line can be spoilt.
pub struct Proxy {
    /// Where it listens.
    pub port: u16,
    line: watch::Sender<Line>,
    _tasks: JoinSet<()>,
}

impl Proxy {
    /// Lets whoever comes through to a port on this machine.
    pub async fn start(to: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let line = watch::Sender::new(Line::GOOD);
        let mut tasks = JoinSet::new();
        let seen = line.subscribe();
        tasks.spawn(async move {
            let mut talks = JoinSet::new();
            loop {
                let Ok((ours, _)) = listener.accept().await else { continue };
                if *seen.borrow() == Line::Cut {
                    continue;
                }
                let mut seen = seen.clone();
                talks.spawn(async move {
                    let Ok(theirs) = TcpStream::connect(("127.0.0.1", to)).await else { return };
                    let (read_ours, write_ours) = ours.into_split();
                    let (read_theirs, write_theirs) = theirs.into_split();
                    tokio::select! {
                        () = pass(read_ours, write_theirs, seen.clone()) => {}
                        () = pass(read_theirs, write_ours, seen.clone()) => {}
                        _ = seen.wait_for(|line| *line == Line::Cut) => {}
                    }
                });
                while talks.try_join_next().is_some() {}
            }
        });
        Self { port, line, _tasks: tasks }
    }

    /// Spoils the line until it is set anew.
    pub fn set(&self, how: Line) {
        self.line.send_replace(how);
    }

    /// Spoils the line for a while.
    pub async fn spoil(&self, how: Line, long: Duration) {
        self.set(how);
        tokio::time::sleep(long).await;
        self.set(Line::GOOD);
    }
}

async fn pass(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    mut line: watch::Receiver<Line>,
) {
    let mut bytes = vec![0; 65_536];
    loop {
        let Ok(count @ 1..) = from.read(&mut bytes).await else { return };
        let Ok(now) = line.wait_for(|line| *line != Line::Stalled).await.map(|line| *line) else { return };
        if let Line::Slow(by) = now
            && !by.is_zero()
        {
            tokio::time::sleep(by).await;
        }
        if to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}
