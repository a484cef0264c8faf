//! Just enough of Postgres's wire protocol (version 3) to run one statement over a unix socket.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use cluster::Cluster;

/// Runs one statement in database `postgres`; returns the columns of all rows as text. Panics on an error.
pub fn ask(cluster: &Cluster, statement: &str) -> Vec<String> {
    let mut stream = UnixStream::connect(cluster.socket_dir().join(".s.PGSQL.5432")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let parameters = b"\0\x03\0\0user\0postgres\0database\0postgres\0\0";
    stream.write_all(&message(None, parameters)).unwrap();
    read_until_ready(&mut stream);
    stream.write_all(&message(Some(b'Q'), &[statement.as_bytes(), b"\0"].concat())).unwrap();
    let columns = read_until_ready(&mut stream);
    stream.write_all(&message(Some(b'X'), b"")).unwrap();
    columns
}

/// A message: its kind (the first one has none), its length with the length itself, its body.
fn message(kind: Option<u8>, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap();
    kind.into_iter().chain(length.to_be_bytes()).chain(body.iter().copied()).collect()
}

/// Collects the columns of data rows until the server is ready for the next statement.
fn read_until_ready(stream: &mut UnixStream) -> Vec<String> {
    let mut columns = Vec::new();
    loop {
        let mut head = [0; 5];
        stream.read_exact(&mut head).unwrap();
        let length = u32::from_be_bytes(head[1..].try_into().unwrap());
        let mut body = vec![0; usize::try_from(length).unwrap() - 4];
        stream.read_exact(&mut body).unwrap();
        match head[0] {
            b'D' => columns.extend(row(&body)),
            b'E' => panic!("{}", String::from_utf8_lossy(&body)),
            b'Z' => return columns,
            _ => (),
        }
    }
}

/// A data row: the number of columns, then for each its length and its text.
fn row(body: &[u8]) -> Vec<String> {
    let (count, mut rest) = body.split_first_chunk().unwrap();
    let mut columns = Vec::new();
    for _ in 0..u16::from_be_bytes(*count) {
        let (length, text) = rest.split_first_chunk().unwrap();
        let (text, next) = text.split_at(usize::try_from(i32::from_be_bytes(*length)).unwrap());
        columns.push(String::from_utf8(text.to_vec()).unwrap());
        rest = next;
    }
    columns
}
