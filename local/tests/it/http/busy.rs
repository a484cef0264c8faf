//! A client for which there is no place is answered like every other.

use axum::Router;
use axum::routing::get;
use http_kit::Scheme;
use http_server::{Limits, Share, serve};
use tidings::api;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::raw_api::RawApi;
use crate::test_system::TestSystem;

#[tokio::test]
async fn a_client_without_a_place_gets_a_problem_with_a_request_id_and_the_usual_headers() {
    let system = TestSystem::start().await;
    let mut machine = system.machine.clone();
    machine.scheme = Scheme::Https;
    let (arrived, mut has_arrived) = watch::channel(false);
    let held = Router::new().fallback(get(async move || {
        arrived.send_replace(true);
        std::future::pending::<()>().await;
    }));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (_stop, stopping) = watch::channel(false);
    let limits = Limits { connections: 1, ..Limits::within(Share::Half) };
    let server = tokio::spawn(serve(listener, held, api::busy(&machine), limits, stopping));
    let holder = tokio::spawn(system.http.get(&url).send());
    has_arrived.wait_for(|arrived| *arrived).await.unwrap();
    // What is checked of every answer is checked of these two.
    let api = RawApi::at(&url);
    let (one, other) =
        (api.get("/contacts").may_fail().send().await, api.get("/contacts").may_fail().send().await);
    one.assert_refused(503, "unavailable", "no place");
    assert!(one.header("strict-transport-security").is_some(), "{one:?}");
    assert_ne!(one.header("x-request-id"), other.header("x-request-id"));
    holder.abort();
    server.abort();
}
