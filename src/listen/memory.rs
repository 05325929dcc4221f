//! A conversation without a socket: bytes as a client would send them, answered as on the public listener.

use std::{convert::Infallible, io, sync::Arc};

use http::Request;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use prometheus_client::metrics::counter::Counter;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

use super::{Answer, ConnInfo, limit::RequestLimit, protocol};
use crate::config::settings::LimitSettings;

/// Bytes that may be under way in either direction.
const BUFFER_BYTES: usize = 64 * 1024;

/// Has `answer` answer the `request`, HTTP/1.1 with head and body, as if it had come over `connection`, and gives what it
/// sends back. Limits on sizes hold, those on time do not.
///
/// # Errors
/// The answer cannot be read; what there is of one is lost.
pub async fn converse<A: Answer>(
    request: &[u8],
    connection: &ConnInfo,
    answer: &Arc<A>,
    limits: &LimitSettings,
) -> io::Result<Vec<u8>> {
    let (client, server) = duplex(BUFFER_BYTES);
    let limit = Arc::new(RequestLimit::new(limits, Counter::default()));
    let service = service_fn(|request: Request<Incoming>| {
        let (limit, answer, connection) = (Arc::clone(&limit), Arc::clone(answer), connection.clone());
        async move {
            Ok::<_, Infallible>(match limit.refuse(&request) {
                Some(refusal) => refusal,
                None => answer.answer(request, &connection).await,
            })
        }
    });
    let builder = protocol::builder(limits);
    let serve = builder.serve_connection(TokioIo::new(server), service);
    let (mut receive, mut send) = tokio::io::split(client);
    let mut received = Vec::new();
    let talk = async {
        // Whoever is turned away early does not take all of it, and has answered nevertheless.
        let _ = send.write_all(request).await;
        let _ = send.shutdown().await;
    };
    let (_, (), read) = tokio::join!(serve, talk, receive.read_to_end(&mut received));
    read.map(|_| received)
}
