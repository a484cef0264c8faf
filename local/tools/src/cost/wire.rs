//! The way to Meta, with a meter in it: a listener that passes every byte on to the sandbox and back.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::counts::Counts;
use super::meter::{Meter, whole};

const BUFFER_BYTES: usize = 16_384;

/// Passes connections on until it is dropped.
pub(super) async fn pass(listener: TcpListener, to: SocketAddr, meter: Meter) {
    let mut connections = JoinSet::new();
    while let Ok((near, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        let Ok(far) = TcpStream::connect(to).await else { continue };
        // Without this a small answer waits for company, and a dispatch seems slow.
        if near.set_nodelay(true).and_then(|()| far.set_nodelay(true)).is_err() {
            continue;
        }
        meter.note(|counts| counts.graph.connections += 1);
        let (near_read, near_write) = near.into_split();
        let (far_read, far_write) = far.into_split();
        connections.spawn(pour(near_read, far_write, meter.clone(), |counts, bytes| {
            counts.graph.bytes_up += bytes;
        }));
        connections.spawn(pour(far_read, near_write, meter.clone(), |counts, bytes| {
            counts.graph.bytes_down += bytes;
        }));
    }
}

async fn pour(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    meter: Meter,
    write: impl Fn(&mut Counts, u64),
) {
    let mut buffer = vec![0; BUFFER_BYTES];
    while let Ok(read) = from.read(&mut buffer).await {
        let bytes = buffer.get(..read).unwrap_or_default();
        if bytes.is_empty() || to.write_all(bytes).await.is_err() {
            return;
        }
        meter.note(|counts| write(counts, whole(read)));
    }
}
