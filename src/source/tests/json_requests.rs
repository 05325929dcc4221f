//! What the JSON source answers to requests of every shape.

use super::*;

#[tokio::test]
async fn json_is_checked_from_the_outside_in() {
    let rig = Rig::start(default_settings());
    let target = "/j?p=0%3A16%3Aabc";
    let body = r#"{"session_id":"0:16:s","event_id":"e","is_new_party":false,"is_new_session":false,"client_timestamp_iso":"2020-07-22T16:37:22Z"}"#;
    let accepted = "204 | server: divolte";
    let refused = "400 | connection: keep-alive | content-length: 0 | server: divolte";
    let too_large = "413 | connection: close | content-length: 0 | server: divolte";
    let wrong_type = format!("415 | connection: keep-alive | content-length: 38 | {TEXT}");
    let padded = |length: usize| format!("{body}{}", " ".repeat(length - body.len()));
    for (target, headers, body, expected, events) in [
        (target, JSON, body.to_owned(), accepted, 1),
        (target, "Content-Type: Application/JSON\r\n", body.to_owned(), accepted, 2),
        (target, JSON, "not json".to_owned(), accepted, 2),
        (target, "", body.to_owned(), wrong_type.as_str(), 2),
        (target, "Content-Type: application/json; charset=utf-8\r\n", body.to_owned(), &wrong_type, 2),
        (target, &JSON.repeat(2), body.to_owned(), &wrong_type, 2),
        (target, JSON, String::new(), refused, 2),
        ("/j", JSON, body.to_owned(), refused, 2),
        (target, JSON, padded(4096), accepted, 3),
        (target, JSON, padded(4097), too_large, 3),
    ] {
        let seen = rig.post(target, headers, &body).await;
        assert_eq!(seen.shape(), expected, "{target} {headers:?} {} bytes", body.len());
        assert_eq!(rig.events(), events, "{target} {headers:?} {body}");
    }
    assert_eq!(rig.post(target, "", body).await.body, b"Content type must be application/json.");
}

#[tokio::test]
async fn bodies_in_chunks_are_bounded_and_read_whole() {
    let rig = Rig::start(default_settings());
    let start = format!("POST /j?p=0%3A16%3Aabc HTTP/1.1\r\nHost: a\r\n{JSON}Transfer-Encoding: chunked\r\n\r\n");
    let chunks = |count: usize, size: usize| format!("{size:x}\r\n{}\r\n", "x".repeat(size)).repeat(count);
    for (body, status) in [
        (chunks(4, 1024) + "0\r\n\r\n", 204),
        (chunks(1, 4096) + "0\r\n\r\n", 204),
        (chunks(1, 4097), 413),
        (chunks(100, 1024), 413),
        ("0\r\n\r\n".to_owned(), 400),
        ("zz\r\n".to_owned(), 400),
    ] {
        let seen = rig.raw(format!("{start}{body}").as_bytes()).await;
        assert_eq!(seen.status, status, "{body:.20}");
        assert_eq!(seen.header("connection") == Some("close"), status == 413 || body.starts_with('z'), "{seen:?}");
    }
}

#[tokio::test]
async fn a_client_that_asks_first_is_told_before_it_sends() {
    let rig = Rig::start(default_settings());
    let mut socket = TcpStream::connect(rig.address).await.unwrap();
    let head = |length: usize| {
        format!(
            "POST /j?p=0%3A16%3Aabc HTTP/1.1\r\nHost: a\r\n{JSON}Expect: 100-continue\r\nContent-Length: {length}\r\n\r\n"
        )
    };
    socket.write_all(head(2).as_bytes()).await.unwrap();
    assert_eq!(timeout(PATIENCE, read(&mut socket, false)).await.expect("in time").status, 100);
    socket.write_all(b"{}").await.unwrap();
    assert_eq!(timeout(PATIENCE, read(&mut socket, false)).await.expect("in time").status, 204);
    socket.write_all(head(usize::MAX / 4).as_bytes()).await.unwrap();
    let seen = timeout(PATIENCE, read(&mut socket, false)).await.expect("in time");
    assert_eq!((seen.status, seen.reason.as_str()), (413, "Request Entity Too Large"));
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for_long() {
    let mut settings = default_settings();
    settings.server.limits.body_timeout = Duration::from_millis(20);
    let rig = Rig::start(settings);
    let request = format!("POST /j?p=0%3A16%3Aabc HTTP/1.1\r\nHost: a\r\n{JSON}Content-Length: 10\r\n\r\n{{");
    let seen = rig.raw(request.as_bytes()).await;
    assert_eq!(seen.shape(), "408 | connection: close | content-length: 0 | server: divolte");
}
