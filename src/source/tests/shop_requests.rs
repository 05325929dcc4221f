//! The demo shop as a client sees it.

use super::*;

/// The router of a program without a configuration file.
fn embedded() -> Rig {
    Rig::start(Settings { embedded: true, ..default_settings() })
}

#[tokio::test]
async fn the_shop_has_pages_and_files_and_nothing_else() {
    let rig = embedded();
    for (method, target, status) in [
        ("GET", "/", 200),
        ("HEAD", "/", 200),
        ("GET", "/?utm_source=a", 200),
        ("GET", "/products", 200),
        ("GET", "/products/", 200),
        ("GET", "/products/ember-kettle", 200),
        ("GET", "/cart", 200),
        ("GET", "/checkout", 200),
        ("GET", "/checkout/confirm", 200),
        ("GET", "/shop/shop.css", 200),
        ("GET", "/shop/../shop/./shop.js", 200),
        ("POST", "/", 405),
        ("DELETE", "/shop/shop.js", 405),
        ("GET", "/products/a/b", 404),
        ("GET", "/shop/", 404),
        ("GET", "/shop/page.html", 404),
        ("GET", "/shop/..%2fpage.html", 404),
        ("GET", "/index.html", 404),
        ("POST", "/nothing", 404),
        ("GET", "/divolte.js", 200),
        ("GET", "/ping", 200),
    ] {
        assert_eq!(rig.ask(method, target, "").await.status, status, "{method} {target}");
    }
    assert_eq!(rig.ask("POST", "/", "").await.header("allow"), Some("GET, HEAD"));
}

#[tokio::test]
async fn a_page_is_asked_for_again_by_its_tag_and_may_load_only_from_here() {
    let rig = embedded();
    let whole = rig.ask("GET", "/cart", "Accept-Encoding: gzip\r\n").await;
    let tag = whole.header("etag").expect("a tag").to_owned();
    assert!(tag.starts_with("\"gz+"), "{tag}");
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("content-encoding", "gzip"),
        ("cache-control", "no-cache"),
        ("vary", "Accept-Encoding"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(whole.header(name), Some(value), "{name}");
    }
    let policy = whole.header("content-security-policy").expect("a policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'self'"), "{policy}");
    let again = rig.ask("GET", "/", &format!("Accept-Encoding: gzip\r\nIf-None-Match: {tag}\r\n")).await;
    assert_eq!((again.status, again.body.len()), (304, 0), "all pages are one file");

    let plain = rig.ask("GET", "/", "").await;
    let text = String::from_utf8(plain.body).expect("a page in UTF-8");
    assert!(text.contains("<script src=\"/divolte.js\" defer async></script>"));
    for (file, kind) in [
        ("shop.css", "text/css; charset=utf-8"),
        ("shop.js", "text/javascript; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
    ] {
        let seen = rig.ask("GET", &format!("/shop/{file}"), "").await;
        assert_eq!(seen.header("content-type"), Some(kind), "{file}");
        assert_eq!(seen.header("content-security-policy"), None, "{file}");
    }
}

#[tokio::test]
async fn the_shop_gives_way_to_sources_and_to_the_operator() {
    let mut settings = Settings { embedded: true, ..default_settings() };
    settings.sources.push(SourceSettings::Json(json("/cart")));
    let rig = Rig::start(settings.clone());
    assert_eq!(rig.ask("GET", "/cart", "").await.header("allow"), Some("POST"));
    settings.server.serve_static_resources = false;
    assert_eq!(Rig::start(settings).ask("GET", "/", "").await.status, 404);
}
