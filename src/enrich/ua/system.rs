//! Operating systems and device categories.

use std::borrow::Cow;

use super::{Kind, after, any, number};

/// What is known of an operating system; empty where nothing is.
#[derive(Debug, Default)]
pub(super) struct System {
    pub(super) family: &'static str,
    pub(super) version: Cow<'static, str>,
    pub(super) vendor: &'static str,
}

impl System {
    fn new(family: &'static str, version: &str, vendor: &'static str) -> Self {
        let version = match version {
            "" => Cow::Borrowed(""),
            text => Cow::Owned(text.replace('_', ".")),
        };
        Self { family, version, vendor }
    }
}

/// Systems that tell no version worth keeping: first token found wins.
const PLAIN: &[(&str, &str, &str)] = &[
    ("CrOS", "Linux", "Google Inc."),
    ("AppleTV", "OS X", "Apple Computer, Inc."),
    ("BlackBerry", "BlackBerry OS", "BlackBerry Ltd"),
    ("BB10", "BlackBerry OS", "BlackBerry Ltd"),
    ("PlayBook", "BlackBerry OS", "BlackBerry Ltd"),
    ("Symbian", "Symbian OS", "Symbian Foundation"),
    ("SymbOS", "Symbian OS", "Symbian Foundation"),
    ("Series60", "Symbian OS", "Symbian Foundation"),
    ("webOS", "webOS", "HP"),
    ("hpwOS", "webOS", "HP"),
    ("PalmOS", "Palm OS", "Palm"),
    ("Tizen", "Tizen", "Linux Foundation"),
    ("MeeGo", "MeeGo", "Linux Foundation"),
    ("Bada", "Bada", "Samsung"),
    ("PLAYSTATION 3", "XrossMediaBar (XMB)", "Sony Computer Entertainment"),
    ("PlayStation Portable", "XrossMediaBar (XMB)", "Sony Computer Entertainment"),
    ("PlayStation Vita", "LiveArea", "Sony Computer Entertainment, Inc."),
    ("PlayStation 4", "BSD", "Sony Computer Entertainment, Inc."),
    ("PlayStation 5", "BSD", "Sony Computer Entertainment, Inc."),
    ("Nintendo Wii", "Wii OS", "Nintendo of America Inc."),
    ("Nintendo", "Nintendo", "Nintendo of America Inc."),
    ("FreeBSD", "BSD", "FreeBSD Foundation"),
    ("OpenBSD", "BSD", ""),
    ("NetBSD", "BSD", ""),
    ("DragonFly", "BSD", ""),
    ("SunOS", "Solaris", "Sun Microsystems, Inc."),
    ("Solaris", "Solaris", "Sun Microsystems, Inc."),
    ("AIX", "AIX", "IBM"),
    ("HP-UX", "HP-UX", "Hewlett-Packard"),
    ("IRIX", "IRIX", "Silicon Graphics, Inc."),
    ("OS/2", "OS/2", "IBM"),
    ("BeOS", "BeOS", "Be Inc."),
    ("Haiku", "Haiku OS", "Haiku, Inc."),
    ("Ubuntu", "Linux", "Canonical Ltd."),
    ("Linux", "Linux", ""),
    ("linux", "Linux", ""),
];

/// The operating system of an agent.
pub(super) fn recognise(text: &str) -> System {
    if let Some(system) = windows(text).or_else(|| apple_mobile(text)).or_else(|| android(text)) {
        return system;
    }
    if (text.contains("(Mobile;") || text.contains("(Tablet;")) && text.contains("Firefox/") {
        return System::new("Firefox OS", "", "Mozilla Foundation");
    }
    if let Some(rest) = after(text, "Mac OS X") {
        return System::new("OS X", number(rest.trim_start()), "Apple Computer, Inc.");
    }
    if any(text, &["Macintosh", "Mac_PowerPC", "Mac_68K"]) {
        return System::new("Mac OS", "", "Apple Computer, Inc.");
    }
    if let Some(rest) = text.strip_prefix("Java/") {
        return System { version: number(rest).to_owned().into(), ..System::new("JVM", "", "Sun Microsystems, Inc.") };
    }
    PLAIN
        .iter()
        .find(|(token, _, _)| text.contains(token))
        .map_or_else(System::default, |(_, family, vendor)| System::new(family, "", vendor))
}

fn windows(text: &str) -> Option<System> {
    const VENDOR: &str = "Microsoft Corporation.";
    let prefixes = ["Windows Phone OS ", "Windows Phone ", "Windows NT ", "Microsoft Windows ", "Windows "];
    let version = prefixes.iter().find_map(|prefix| after(text, prefix)).map(number);
    match version {
        Some(version) => Some(System::new("Windows", version, VENDOR)),
        None if any(text, &["Windows", "Win98", "Win95", "WinNT", "Xbox"]) => Some(System::new("Windows", "", VENDOR)),
        None => None,
    }
}

fn apple_mobile(text: &str) -> Option<System> {
    if !any(text, &["iPhone", "iPad", "iPod"]) {
        return None;
    }
    let version = after(text, "iPhone OS ").or_else(|| after(text, "CPU OS ")).map_or("", number);
    Some(System::new("iOS", version, "Apple Inc."))
}

fn android(text: &str) -> Option<System> {
    let rest = after(text, "Android")?;
    Some(System::new("Android", number(rest.trim_start_matches([' ', '-', '/'])), "Google, Inc."))
}

/// The device category. What runs on a tablet without saying so counts as a computer, as it always did.
pub(super) fn device(text: &str, kind: Kind) -> &'static str {
    const TELEVISION: &[&str] = &[
        "SmartTV",
        "SMART-TV",
        "Smart-TV",
        "HbbTV",
        "AppleTV",
        "Apple TV",
        "Roku/",
        "GoogleTV",
        "BRAVIA",
        "NetCast",
        "InettvBrowser",
        "CE-HTML",
        "NETTV",
        "Web0S",
    ];
    const CONSOLE: &[&str] = &["Xbox", "PLAYSTATION", "PlayStation", "Nintendo"];
    const TABLET: &[&str] = &["iPad", "Tablet;", "Kindle", "Xoom", "PlayBook", "KFTT", "Silk/", "TouchPad"];
    if matches!(kind, Kind::Robot | Kind::Library | Kind::Validator | Kind::Other) {
        "Other"
    } else if any(text, TELEVISION) {
        "Smart TV"
    } else if any(text, CONSOLE) {
        "Game console"
    } else if kind == Kind::Unknown {
        ""
    } else if any(text, TABLET) {
        "Tablet"
    } else if kind == Kind::MobileBrowser {
        "Smartphone"
    } else {
        "Personal computer"
    }
}
