//! The server to compare with: hyper alone, with the product's connection builder, limits, threads and allocator.
//!
//! It reads a request, looks at nothing, and answers with the pixel and its headers. What the product does beyond that
//! is what `scripts/bench` measures. Run as `bare_server --port PORT`; without a port (as `cargo bench` runs it) it ends.

use std::{convert::Infallible, env, error::Error, net::SocketAddr, sync::Arc};

use bytes::Bytes;
use headwater::{config::settings::LimitSettings, listen::protocol};
use http::{
    HeaderMap, HeaderValue, Request, Response,
    header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE, ETAG, EXPIRES, PRAGMA, SERVER},
};
use http_body_util::Full;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The transparent image of one pixel.
const PIXEL: &[u8] = b"GIF89a\x01\0\x01\0\0\0\0\x21\xf9\x04\x01\x0a\0\x01\0\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02L\x01\0;";

fn headers() -> HeaderMap {
    [
        (CACHE_CONTROL, "private, no-cache, proxy-revalidate"),
        (CONNECTION, "keep-alive"),
        (CONTENT_TYPE, "image/gif"),
        (ETAG, "\"6b3edc43-20ec-4078-bc47-e965dd76b88a\""),
        (EXPIRES, "Fri, 14 Apr 1995 11:30:00 GMT"),
        (PRAGMA, "no-cache"),
        (SERVER, "divolte"),
    ]
    .map(|(name, value)| (name, HeaderValue::from_static(value)))
    .into_iter()
    .collect()
}

async fn serve(port: u16) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], port))).await?;
    let builder = Arc::new(protocol::builder(&LimitSettings::default()));
    let headers = Arc::new(headers());
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (builder, headers) = (Arc::clone(&builder), Arc::clone(&headers));
        tokio::spawn(async move {
            let service = service_fn(move |_: Request<Incoming>| {
                let mut response = Response::new(Full::new(Bytes::from_static(PIXEL)));
                response.headers_mut().clone_from(&headers);
                async { Ok::<_, Infallible>(response) }
            });
            // A client that goes away is no matter here.
            let _ = builder.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let port = env::args().skip_while(|argument| argument != "--port").nth(1);
    let Some(port) = port else {
        println!("bare_server: the server to compare with; run by scripts/bench");
        return Ok(());
    };
    let port = port.parse()?;
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve(port))
}
