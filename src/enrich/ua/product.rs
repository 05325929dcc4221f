//! Products: browsers, libraries, players, robots.

use std::borrow::Cow;

use woothee::parser::{Parser, WootheeResult};

use super::{Kind, after, any, number, robot};

/// What is known of a product.
#[derive(Debug)]
pub(super) struct Product {
    pub(super) name: Cow<'static, str>,
    pub(super) family: Cow<'static, str>,
    pub(super) vendor: Cow<'static, str>,
    pub(super) kind: Kind,
    pub(super) version: Cow<'static, str>,
}

impl Product {
    fn new(name: &'static str, vendor: &'static str, kind: Kind, version: &str) -> Self {
        Self { name: name.into(), family: name.into(), vendor: vendor.into(), kind, version: owned(version) }
    }

    fn unknown() -> Self {
        Self::new("unknown", "", Kind::Unknown, "")
    }
}

pub(super) fn owned(text: &str) -> Cow<'static, str> {
    if text.is_empty() { Cow::Borrowed("") } else { Cow::Owned(text.to_owned()) }
}

/// Products that woothee does not tell apart: the first token found wins, the version follows it.
const PRODUCTS: &[(&str, &str, &str, Kind)] = &[
    ("W3C_Validator/", "W3C Validator", "World Wide Web Consortium", Kind::Validator),
    ("iTunes/", "iTunes", "Apple Inc.", Kind::MultimediaPlayer),
    ("Thunderbird/", "Thunderbird", "Mozilla Foundation", Kind::EmailClient),
    ("UCBrowser/", "UC Browser", "UCWEB Technology Ltd.", Kind::MobileBrowser),
    ("Opera Mini/", "Opera Mini", "Opera Software ASA.", Kind::MobileBrowser),
    ("Dolfin/", "Dolphin", "Samsung", Kind::MobileBrowser),
    ("HeyTapBrowser/", "HeyTap Browser", "HeyTap", Kind::MobileBrowser),
    ("HuaweiBrowser/", "Huawei Browser", "Huawei", Kind::MobileBrowser),
    ("MiuiBrowser/", "MIUI Browser", "Xiaomi Inc.", Kind::MobileBrowser),
    ("VivoBrowser/", "Vivo Browser", "Vivo", Kind::MobileBrowser),
    ("MQQBrowser/", "QQ Browser Mobile", "Tencent Ltd.", Kind::MobileBrowser),
    ("Instagram ", "Instagram", "Meta Platforms, Inc.", Kind::MobileBrowser),
    ("FBAV/", "Facebook", "Meta Platforms, Inc.", Kind::MobileBrowser),
    ("MicroMessenger/", "WeChat", "Tencent Ltd.", Kind::MobileBrowser),
    ("Snapchat/", "Snapchat", "Snap Inc.", Kind::MobileBrowser),
    ("musical_ly_", "TikTok", "ByteDance Ltd.", Kind::MobileBrowser),
    ("BytedanceWebview", "TikTok", "ByteDance Ltd.", Kind::MobileBrowser),
    ("[Pinterest/", "Pinterest", "Pinterest, Inc.", Kind::MobileBrowser),
    ("GSA/", "Google App", "Google Inc.", Kind::MobileBrowser),
    ("OPiOS/", "Opera Mini", "Opera Software ASA.", Kind::MobileBrowser),
    ("OPT/", "Opera Touch", "Opera Software ASA.", Kind::MobileBrowser),
    ("Focus/", "Firefox Focus", "Mozilla Foundation", Kind::MobileBrowser),
    ("Klar/", "Firefox Klar", "Mozilla Foundation", Kind::MobileBrowser),
    ("OculusBrowser/", "Oculus Browser", "Meta Platforms, Inc.", Kind::Browser),
    ("QQBrowser/", "QQ Browser", "Tencent Ltd.", Kind::Browser),
    ("Whale/", "Whale", "NAVER Corporation", Kind::Browser),
    ("coc_coc_browser/", "Coc Coc", "Coc Coc Company Limited", Kind::Browser),
    ("PaleMoon/", "Pale Moon", "Moonchild Productions", Kind::Browser),
    ("Waterfox/", "Waterfox", "Waterfox Limited", Kind::Browser),
    ("Falkon/", "Falkon", "KDE e.V.", Kind::Browser),
    ("Electron/", "Electron", "OpenJS Foundation", Kind::Browser),
    ("Outlook-iOS/", "Outlook", "Microsoft Corporation.", Kind::EmailClient),
    ("Microsoft Outlook ", "Outlook", "Microsoft Corporation.", Kind::EmailClient),
    ("AppleCoreMedia/", "AppleCoreMedia", "Apple Inc.", Kind::MultimediaPlayer),
    ("VLC/", "VLC media player", "VideoLAN", Kind::MultimediaPlayer),
    ("stagefright/", "stagefright", "Google Inc.", Kind::MultimediaPlayer),
    ("NintendoBrowser/", "Nintendo Browser", "Nintendo of America Inc.", Kind::Browser),
    ("Maxthon/", "Maxthon", "Maxthon Ltd", Kind::Browser),
    ("SeaMonkey/", "SeaMonkey", "Mozilla Foundation", Kind::Browser),
    ("Iceweasel/", "IceWeasel", "Software in the Public Interest, Inc.", Kind::Browser),
    ("Epiphany/", "Epiphany", "GNOME Foundation", Kind::Browser),
    ("Konqueror/", "Konqueror", "KDE e.V.", Kind::Browser),
    ("Chromium/", "Chromium", "Google Inc. and contributors", Kind::Browser),
    ("PLAYSTATION 3", "PS3 Web browser", "Sony Computer Entertainment", Kind::Browser),
    ("PlayStation 4", "PS4 Web browser", "Sony Computer Entertainment, Inc.", Kind::Browser),
    ("Lynx/", "Lynx", "The University of Kansas", Kind::Browser),
    ("w3m/", "w3m", "Sakamoto Hironori", Kind::Browser),
    ("Links (", "Links", "Twibright Labs", Kind::Browser),
];

/// Programs that name themselves first.
const PROGRAMS: &[(&str, &str, &str, Kind)] = &[
    ("curl/", "cURL", "team Haxx", Kind::Library),
    ("Wget/", "Wget", "Free Software Foundation, Inc.", Kind::OfflineBrowser),
    ("Java/", "Java", "Sun Microsystems, Inc.", Kind::Library),
    ("Python-urllib/", "Python-urllib", "Python Software Foundation", Kind::Library),
    ("python-requests/", "Python-requests", "", Kind::Library),
    ("libwww-perl/", "LibWWW", "", Kind::Library),
    ("Apache-HttpClient/", "Apache-HttpClient", "Apache Software Foundation", Kind::Library),
    ("Jakarta Commons-HttpClient/", "Jakarta Commons-HttpClient", "Apache Software Foundation", Kind::Library),
    ("PHP/", "PHP", "The PHP Group", Kind::Library),
    ("okhttp/", "okhttp", "", Kind::Library),
    ("Go-http-client/", "Go-http-client", "Google Inc.", Kind::Library),
    ("aiohttp/", "aiohttp", "", Kind::Library),
    ("python-httpx/", "HTTPX", "", Kind::Library),
    ("Python/", "Python", "Python Software Foundation", Kind::Library),
    ("axios/", "axios", "", Kind::Library),
    ("node-fetch", "node-fetch", "", Kind::Library),
    ("undici", "undici", "OpenJS Foundation", Kind::Library),
    ("got ", "got", "", Kind::Library),
    ("reqwest/", "reqwest", "", Kind::Library),
    ("hyper/", "hyper", "", Kind::Library),
    ("Dart/", "Dart", "Google Inc.", Kind::Library),
    ("GuzzleHttp/", "Guzzle", "", Kind::Library),
    ("Ruby", "Ruby", "", Kind::Library),
    ("Faraday ", "Faraday", "", Kind::Library),
    ("RestSharp/", "RestSharp", "", Kind::Library),
    ("PostmanRuntime/", "Postman", "Postman, Inc.", Kind::Library),
    ("insomnia/", "Insomnia", "Kong Inc.", Kind::Library),
    ("HTTPie/", "HTTPie", "", Kind::Library),
    ("WinHttp", "WinHTTP", "Microsoft Corporation.", Kind::Library),
    ("Apache-HttpAsyncClient/", "Apache-HttpAsyncClient", "Apache Software Foundation", Kind::Library),
    ("ReactorNetty/", "Reactor Netty", "", Kind::Library),
    ("libcurl", "cURL", "team Haxx", Kind::Library),
];

/// The product of an agent.
pub(super) fn recognise(text: &str) -> Product {
    robot::recognise(text)
        .or_else(|| listed(text))
        .or_else(|| browser_of_a_device(text))
        .or_else(|| common(text))
        .unwrap_or_else(Product::unknown)
}

fn listed(text: &str) -> Option<Product> {
    let started = PROGRAMS.iter().find(|(token, ..)| text.starts_with(token));
    let (token, name, vendor, kind) = started.or_else(|| PRODUCTS.iter().find(|(token, ..)| text.contains(token)))?;
    let version = if token.ends_with(['/', '(']) { after(text, token).map_or("", number) } else { "" };
    Some(Product::new(name, vendor, *kind, version))
}

/// Browsers that show by the device, not by a token of their own.
fn browser_of_a_device(text: &str) -> Option<Product> {
    if any(text, &["BlackBerry", "BB10"]) && !text.contains("Opera") {
        return Some(Product::new("BlackBerry Browser", "Research In Motion Limited", Kind::MobileBrowser, ""));
    }
    if any(text, &["SMART-TV", "SmartHub", "Maple"]) && !any(text, &["Chrome/", "Opera"]) {
        return Some(Product::new("Maple browser", "Samsung", Kind::Browser, ""));
    }
    if text.contains("Opera Mobi") {
        let version = after(text, "Version/").map_or("", number);
        return Some(Product::new("Opera Mobile", "Opera Software ASA.", Kind::MobileBrowser, version));
    }
    None
}

/// The browsers that most agents are.
fn common(text: &str) -> Option<Product> {
    let found = Parser::new().parse(text)?;
    let version = known(found.version);
    let mobile = any(text, &["Mobile", "Android;", "CriOS", "FxiOS"]);
    let pick = |wide: &'static str, narrow: &'static str, vendor, narrowed: bool| {
        let (name, kind) = if narrowed { (narrow, Kind::MobileBrowser) } else { (wide, Kind::Browser) };
        Some(Product::new(name, vendor, kind, version))
    };
    match found.name {
        // woothee puts the console in the browser's place.
        "Xbox 360" | "Xbox One" if text.contains("MSIE ") => {
            let version = after(text, "MSIE ").map_or("", number);
            Some(Product::new("IE", "Microsoft Corporation.", Kind::Browser, version))
        }
        "Internet Explorer" => pick("IE", "IE Mobile", "Microsoft Corporation.", text.contains("IEMobile")),
        "Edge" => pick("Edge", "Edge", "Microsoft Corporation.", mobile),
        "Chrome" => pick("Chrome", "Chrome Mobile", "Google Inc.", mobile),
        "Firefox" => pick("Firefox", "Mobile Firefox", "Mozilla Foundation", mobile || text.contains("(Tablet;")),
        "Safari" | "Webview" if text.contains("Android") => Some(android_browser(version)),
        "Safari" => pick("Safari", "Mobile Safari", "Apple Inc.", mobile),
        "Webview" => pick("Mobile Safari", "Mobile Safari", "Apple Inc.", true),
        "Opera" => pick("Opera", "Opera Mobile", "Opera Software ASA.", mobile),
        "Vivaldi" => pick("Vivaldi", "Vivaldi", "Vivaldi Technologies", mobile),
        "Yandex Browser" => pick("Yandex.Browser", "Yandex.Browser", "Yandex ", mobile),
        "SamsungBrowser" => pick("Samsung Internet", "Samsung Internet", "Samsung", mobile),
        _ => other(&found),
    }
}

fn android_browser(version: &str) -> Product {
    let product = Product::new("Android browser", "Google Inc.", Kind::MobileBrowser, version);
    Product { family: "Android Browser".into(), ..product }
}

/// What woothee knows beside the common browsers.
fn other(found: &WootheeResult<'_>) -> Option<Product> {
    let kind = match (found.category, found.name) {
        (_, "HTTP Library" | "Indy Library") => Kind::Library,
        ("misc", "RSSReader") => Kind::FeedReader,
        ("crawler", _) => Kind::Robot,
        ("misc", _) => Kind::Other,
        ("smartphone" | "mobilephone", _) => Kind::MobileBrowser,
        ("pc" | "appliance", _) => Kind::Browser,
        _ => Kind::Unknown,
    };
    let name = owned(known(found.name));
    // An agent of which only the operating system is known stays unknown.
    (!name.is_empty() && kind != Kind::Unknown).then(|| Product {
        family: name.clone(),
        name,
        vendor: owned(known(found.vendor)),
        kind,
        version: owned(known(found.version)),
    })
}

fn known(text: &str) -> &str {
    if text == woothee::woothee::VALUE_UNKNOWN { "" } else { text }
}
