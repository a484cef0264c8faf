//! Where a request came from on one machine: the other end of its connection, or, behind a proxy that is trusted, the
//! address that the proxy saw.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::http::HeaderMap;
use axum::middleware::{Next, from_fn};
use http_kit::Peer;

/// Each proxy adds the address that it saw to the right end.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// Puts a [`Peer`] among each request's extensions. The server puts the connection's address there as [`ConnectInfo`].
pub fn with_peers(router: Router, trusted: Arc<[IpAddr]>) -> Router {
    router.layer(from_fn(move |mut request: Request, next: Next| {
        let connection = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        if let Some(address) = connection {
            let client = client(address.to_canonical(), request.headers(), &trusted);
            request.extensions_mut().insert(Peer(client));
        }
        next.run(request)
    }))
}

/// The nearest address that is not a trusted proxy's. What stands to the left of it is whatever the client wrote there.
fn client(connection: IpAddr, headers: &HeaderMap, trusted: &[IpAddr]) -> IpAddr {
    let lines = headers.get_all(FORWARDED_FOR).iter();
    let texts: Vec<&str> = lines.flat_map(|line| line.to_str().unwrap_or_default().split(',')).collect();
    let mut nearest = connection;
    for text in texts.into_iter().rev() {
        if !trusted.contains(&nearest) {
            break;
        }
        match text.trim().parse::<IpAddr>() {
            Ok(address) => nearest = address.to_canonical(),
            Err(_not_an_address) => break,
        }
    }
    nearest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_counts_only_as_far_as_trusted_proxies_wrote_it() {
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let trusted = [address("127.0.0.1"), address("10.0.0.1")];
        for (connection, header, expected) in [
            ("192.0.2.1", "198.51.100.9", "192.0.2.1"),
            ("127.0.0.1", "198.51.100.9, 203.0.113.7", "203.0.113.7"),
            ("127.0.0.1", "198.51.100.9, 203.0.113.7, 10.0.0.1", "203.0.113.7"),
            ("127.0.0.1", "", "127.0.0.1"),
            ("127.0.0.1", "203.0.113.7, unknown", "127.0.0.1"),
            ("127.0.0.1", "::ffff:203.0.113.7", "203.0.113.7"),
        ] {
            let headers = HeaderMap::from_iter([(FORWARDED_FOR.parse().unwrap(), header.parse().unwrap())]);
            assert_eq!(client(address(connection), &headers, &trusted), address(expected), "{header}");
        }
    }
}
