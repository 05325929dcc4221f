//! The demo shop, with which a newcomer meets the collector: pages that send events through the public API only.
//!
//! One HTML page for all addresses; its script draws what the address asks for. Nothing is loaded from elsewhere, which
//! the content security policy enforces.

use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, Method, StatusCode,
    header::{CONTENT_SECURITY_POLICY, X_CONTENT_TYPE_OPTIONS},
    request::Parts,
};

use super::{packed::Packed, page::with_tracker, respond::Draft};
use crate::listen::Reply;

/// The page of every address.
const PAGE: &str = include_str!("../../static/shop/page.html");

/// Files of the page below `/shop/`: name, type, contents.
const FILES: &[(&str, &str, &str)] = &[
    ("shop.css", CSS, include_str!("../../static/shop/shop.css")),
    ("panel.css", CSS, include_str!("../../static/shop/panel.css")),
    ("icon.svg", SVG, include_str!("../../static/shop/icon.svg")),
    ("shop.js", JAVASCRIPT, include_str!("../../static/shop/shop.js")),
    ("cart.js", JAVASCRIPT, include_str!("../../static/shop/cart.js")),
    ("catalogue.js", JAVASCRIPT, include_str!("../../static/shop/catalogue.js")),
    ("dom.js", JAVASCRIPT, include_str!("../../static/shop/dom.js")),
    ("events.js", JAVASCRIPT, include_str!("../../static/shop/events.js")),
    ("pages.js", JAVASCRIPT, include_str!("../../static/shop/pages.js")),
    ("panel.js", JAVASCRIPT, include_str!("../../static/shop/panel.js")),
    ("pictures.js", JAVASCRIPT, include_str!("../../static/shop/pictures.js")),
    ("purchase.js", JAVASCRIPT, include_str!("../../static/shop/purchase.js")),
];

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SVG: &str = "image/svg+xml";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// A newer program may bring other files under the same names.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");

const NO_SNIFFING: HeaderValue = HeaderValue::from_static("nosniff");

/// Scripts, styles and pictures of this server only; no form leaves the page, nobody frames it.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'",
);

/// The shop, ready to be sent.
#[derive(Debug)]
pub(super) struct Shop {
    page: Packed,
    files: Vec<(&'static str, Packed)>,
}

impl Shop {
    /// The shop, with the tracker at `script_path` in its pages.
    pub(super) fn new(script_path: Option<&str>) -> Self {
        let file = |body, kind| Packed::new(body, HeaderValue::from_static(kind), ASK_AGAIN);
        Self {
            page: file(with_tracker(PAGE, script_path).into(), HTML),
            files: FILES.iter().map(|(name, kind, text)| (*name, file(Bytes::from(*text), kind))).collect(),
        }
    }

    /// Answers what no source serves; 404 where the shop has nothing.
    pub(super) async fn answer(&self, path: &str, parts: &mut Parts) -> Reply {
        let Some((file, is_page)) = self.find(path) else { return Draft::to(parts).empty(StatusCode::NOT_FOUND) };
        if parts.method != Method::GET && parts.method != Method::HEAD {
            let method = parts.method.clone();
            return Draft::to(parts).method_not_allowed(&method, "GET, HEAD");
        }
        let amend = |draft: &mut Draft| {
            let mut set = |name: HeaderName, value| draft.set(name, value);
            set(X_CONTENT_TYPE_OPTIONS, NO_SNIFFING);
            if is_page {
                set(CONTENT_SECURITY_POLICY, POLICY);
            }
        };
        file.answer(parts, amend).await
    }

    /// What is at the path, and whether it is a page.
    fn find(&self, path: &str) -> Option<(&Packed, bool)> {
        if let Some(name) = path.strip_prefix("/shop/") {
            return self.files.iter().find(|(known, _)| *known == name).map(|(_, file)| (file, false));
        }
        let known = match path {
            "/" | "/products" | "/cart" | "/checkout" | "/checkout/confirm" => true,
            _ => path.strip_prefix("/products/").is_some_and(|product| !product.contains('/')),
        };
        known.then_some((&self.page, true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_loads_the_tracker_of_its_source() {
        let text = |path| String::from_utf8(Shop::new(path).page.identity.body.to_vec()).unwrap();
        assert!(text(Some("/t/divolte.js")).contains("<script src=\"/t/divolte.js\" defer async></script>"));
        assert!(!text(None).contains("divolte.js"));
    }

    #[test]
    fn all_that_the_files_name_is_there_and_nothing_is_from_elsewhere() {
        let shop = Shop::new(None);
        for text in FILES.iter().map(|(_, _, text)| *text).chain([PAGE]) {
            for start in ["/shop/", "from \"./"] {
                for rest in text.split(start).skip(1) {
                    let name = rest.split('"').next().unwrap();
                    assert!(shop.find(&format!("/shop/{name}")).is_some(), "{name}");
                }
            }
            // The names of XML's vocabularies are no addresses.
            let text = text.replace("http://www.w3.org/", "");
            assert!(!text.contains("http:") && !text.contains("https:") && !text.contains("url(//"), "{text}");
        }
    }
}
