//! User-agent client hints: what Chromium browsers say of themselves in headers of their own, because their
//! `User-Agent` no longer tells versions and devices. See <https://wicg.github.io/ua-client-hints/>.

use std::borrow::Cow;

use super::{Kind, UserAgent, number, product::owned};

/// The hints of a request, as their headers hold them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hints<'a> {
    /// `Sec-CH-UA-Full-Version-List`, or else `Sec-CH-UA`.
    pub brands: Option<&'a str>,
    /// Whether the versions of the brands are whole ones.
    pub are_versions_full: bool,
    /// `Sec-CH-UA-Mobile`.
    pub mobile: Option<&'a str>,
    /// `Sec-CH-UA-Platform`.
    pub platform: Option<&'a str>,
    /// `Sec-CH-UA-Platform-Version`.
    pub platform_version: Option<&'a str>,
}

/// Brands by the name in the hint: name here, its mobile name, maker.
const BRANDS: &[(&str, &str, &str, &str)] = &[
    ("Google Chrome", "Chrome", "Chrome Mobile", "Google Inc."),
    ("Microsoft Edge", "Edge", "Edge", "Microsoft Corporation."),
    ("Microsoft Edge WebView2", "Edge", "Edge", "Microsoft Corporation."),
    ("Opera", "Opera", "Opera Mobile", "Opera Software ASA."),
    ("Opera GX", "Opera GX", "Opera GX", "Opera Software ASA."),
    ("Opera Mini", "Opera Mini", "Opera Mini", "Opera Software ASA."),
    ("Brave", "Brave", "Brave", "Brave Software, Inc."),
    ("Vivaldi", "Vivaldi", "Vivaldi", "Vivaldi Technologies"),
    ("YaBrowser", "Yandex.Browser", "Yandex.Browser", "Yandex "),
    ("Yandex", "Yandex.Browser", "Yandex.Browser", "Yandex "),
    ("Samsung Internet", "Samsung Internet", "Samsung Internet", "Samsung"),
    ("DuckDuckGo", "DuckDuckGo", "DuckDuckGo", "DuckDuckGo, Inc."),
    ("Whale", "Whale", "Whale", "NAVER Corporation"),
];

impl<'a> Hints<'a> {
    /// The hints among headers; `header` gives the first value of a name in lower case.
    pub fn of(header: impl Fn(&str) -> Option<&'a str>) -> Self {
        let full = header("sec-ch-ua-full-version-list");
        Self {
            brands: full.or_else(|| header("sec-ch-ua")),
            are_versions_full: full.is_some(),
            mobile: header("sec-ch-ua-mobile"),
            platform: header("sec-ch-ua-platform"),
            platform_version: header("sec-ch-ua-platform-version"),
        }
    }

    /// Whether there is any.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The texts of all hints, with what tells them apart, for the key of a cache.
    pub fn texts(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let full = if self.are_versions_full { "full" } else { "" };
        [self.brands, self.mobile, self.platform, self.platform_version]
            .into_iter()
            .map(Option::unwrap_or_default)
            .chain([full])
    }
}

impl UserAgent {
    /// Refines what the `User-Agent` told by hints. Robots and programs stay what they are.
    #[must_use]
    pub fn refined(mut self, hints: &Hints<'_>) -> Self {
        if self.is_bot {
            return self;
        }
        let mobile = hints.mobile.map(|text| text.trim() == "?1");
        if let Some(platform) = hints.platform.and_then(|text| quoted(text.trim())) {
            self.refine_system(&platform.0, hints.platform_version);
        }
        if let Some(mobile) = mobile {
            self.refine_device(mobile);
        }
        if let Some((brand, version)) = hints.brands.and_then(brand) {
            self.refine_product(&brand, &version, hints.are_versions_full, mobile);
        }
        self
    }

    fn refine_product(&mut self, brand: &str, version: &str, full: bool, mobile: Option<bool>) {
        let known = BRANDS.iter().find(|(name, ..)| *name == brand);
        let narrow = mobile.unwrap_or(self.kind == Kind::MobileBrowser.as_str());
        let name = match known {
            Some((_, wide, mobile, _)) => Cow::Borrowed(if narrow { *mobile } else { *wide }),
            None => Cow::Owned(brand.to_owned()),
        };
        let renamed = self.name != name;
        if renamed {
            self.family.clone_from(&name);
            self.name = name;
            self.vendor = known.map_or("", |known| known.3).into();
        }
        // A brand's short version says less than a version of the same product in the agent.
        if full || renamed {
            self.version = owned(number(version));
        }
        self.kind = if narrow { Kind::MobileBrowser } else { Kind::Browser }.as_str().into();
    }

    fn refine_device(&mut self, mobile: bool) {
        let android = self.os_family == "Android";
        self.device_category = match (&*self.device_category, mobile) {
            ("Personal computer" | "", true) => "Smartphone".into(),
            ("Personal computer" | "Smartphone", false) if android => "Tablet".into(),
            _ => return,
        };
    }

    fn refine_system(&mut self, platform: &str, version: Option<&str>) {
        let (family, vendor) = match platform {
            "Windows" => ("Windows", "Microsoft Corporation."),
            "macOS" => ("OS X", "Apple Computer, Inc."),
            "iOS" => ("iOS", "Apple Inc."),
            "Android" => ("Android", "Google, Inc."),
            "Chrome OS" | "Chromium OS" => ("Linux", "Google Inc."),
            "Linux" => ("Linux", ""),
            _ => return,
        };
        if self.os_family != family {
            self.os_family = family.into();
            self.os_vendor = vendor.into();
            self.os_version = "".into();
        } else if self.os_vendor.is_empty() {
            self.os_vendor = vendor.into();
        }
        let Some((version, _)) = version.and_then(|text| quoted(text.trim())) else { return };
        let version = number(&version);
        if version.is_empty() || family == "Linux" {
            return;
        }
        self.os_version = if family == "Windows" { windows(version) } else { owned(version) };
    }
}

/// The version of Windows that a browser means by the version of its programming interfaces.
fn windows(version: &str) -> Cow<'static, str> {
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    match (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) {
        (0, minor @ 1..=3) => format!("6.{minor}").into(),
        (13.., _) => "11".into(),
        _ => "10.0".into(),
    }
}

/// The brand that matters of a list such as `"Chromium";v="110", "Not A(Brand";v="24", "Brave";v="110"`: a known one,
/// else one that is neither the engine nor made up, else the engine.
fn brand(list: &str) -> Option<(Cow<'_, str>, Cow<'_, str>)> {
    let mut best: Option<(u8, Cow<'_, str>, Cow<'_, str>)> = None;
    let mut rest = list.trim_start();
    while let Some((name, after)) = quoted(rest) {
        let (version, after) = version(after);
        let letters: String = name.chars().filter(char::is_ascii_alphabetic).collect();
        let made_up = letters.starts_with("Not") && letters.ends_with("Brand");
        let rank = match &*name {
            "Chromium" => 1,
            known if BRANDS.iter().any(|(brand, ..)| *brand == known) => 3,
            _ => 2,
        };
        if !made_up && !name.is_empty() && best.as_ref().is_none_or(|best| best.0 < rank) {
            best = Some((rank, name, version));
        }
        rest = after.find(',').map_or("", |at| after[at + 1..].trim_start());
    }
    best.map(|(_, name, version)| (name, version))
}

/// The parameter `v` behind a brand.
fn version(text: &str) -> (Cow<'_, str>, &str) {
    text.trim_start()
        .strip_prefix(';')
        .and_then(|rest| rest.trim_start().strip_prefix("v="))
        .and_then(quoted)
        .unwrap_or((Cow::Borrowed(""), text))
}

/// A string of a structured header (RFC 8941) at the start of a text, and what follows it.
fn quoted(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let inner = text.strip_prefix('"')?;
    let mut unescaped: Option<String> = None;
    let mut letters = inner.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => {
                let content = unescaped.map_or(Cow::Borrowed(&inner[..at]), Cow::Owned);
                return Some((content, &inner[at + 1..]));
            }
            '\\' => {
                let (_, escaped) = letters.next()?;
                unescaped.get_or_insert_with(|| inner[..at].to_owned()).push(escaped);
            }
            _ => {
                if let Some(unescaped) = &mut unescaped {
                    unescaped.push(letter);
                }
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOWS: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36";
    const ANDROID: &str = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Mobile Safari/537.36";
    const ANDROID_TABLET: &str =
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36";
    const MAC: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36";

    fn refined(agent: &str, hints: &[(&str, &'static str)]) -> String {
        let hints = Hints::of(|name| hints.iter().find(|(own, _)| *own == name).map(|(_, value)| *value));
        let agent = UserAgent::recognise(agent).refined(&hints);
        [
            &agent.name,
            &agent.vendor,
            &agent.kind,
            &agent.version,
            &agent.device_category,
            &agent.os_family,
            &agent.os_version,
        ]
        .map(ToString::to_string)
        .join("|")
    }

    #[test]
    fn hints_tell_what_the_agent_hides() {
        let full = "sec-ch-ua-full-version-list";
        for (agent, hints, expected) in [
            (WINDOWS, &[][..], "Chrome|Google Inc.|Browser|124.0.0.0|Personal computer|Windows|10.0"),
            (
                WINDOWS,
                &[
                    ("sec-ch-ua", r#""Chromium";v="124", "Google Chrome";v="124", "Not-A.Brand";v="99""#),
                    ("sec-ch-ua-mobile", "?0"),
                    ("sec-ch-ua-platform", r#""Windows""#),
                ],
                "Chrome|Google Inc.|Browser|124.0.0.0|Personal computer|Windows|10.0",
            ),
            (
                WINDOWS,
                &[
                    (full, r#""Not A(Brand";v="8.0.0.0", "Chromium";v="124.0.6367.61", "Brave";v="124.1.65.114""#),
                    ("sec-ch-ua-platform", r#""Windows""#),
                    ("sec-ch-ua-platform-version", r#""15.0.0""#),
                ],
                "Brave|Brave Software, Inc.|Browser|124.1.65.114|Personal computer|Windows|11",
            ),
            (
                MAC,
                &[
                    ("sec-ch-ua", r#""Chromium";v="124", "Microsoft Edge";v="124", "Not-A.Brand";v="99""#),
                    ("sec-ch-ua-platform", r#""macOS""#),
                    ("sec-ch-ua-platform-version", r#""14.4.1""#),
                ],
                "Edge|Microsoft Corporation.|Browser|124|Personal computer|OS X|14.4.1",
            ),
            (
                ANDROID,
                &[
                    (full, r#""Google Chrome";v="124.0.6367.54", "Chromium";v="124.0.6367.54""#),
                    ("sec-ch-ua-mobile", "?1"),
                    ("sec-ch-ua-platform", r#""Android""#),
                    ("sec-ch-ua-platform-version", r#""14.0.0""#),
                ],
                "Chrome Mobile|Google Inc.|Mobile Browser|124.0.6367.54|Smartphone|Android|14.0.0",
            ),
            (
                ANDROID_TABLET,
                &[("sec-ch-ua-mobile", "?0"), ("sec-ch-ua-platform", r#""Android""#)],
                "Chrome|Google Inc.|Browser|124.0.0.0|Tablet|Android|10",
            ),
            (
                WINDOWS,
                &[("sec-ch-ua", r#""Some \"New\" Browser";v="3", "Chromium";v="124""#)],
                r#"Some "New" Browser||Browser|3|Personal computer|Windows|10.0"#,
            ),
            (
                "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
                &[("sec-ch-ua", r#""Google Chrome";v="124""#), ("sec-ch-ua-platform", r#""Linux""#)],
                "Googlebot/2.1|Google Inc.|Robot|2.1|Other||",
            ),
            (
                WINDOWS,
                &[("sec-ch-ua", "rubbish"), ("sec-ch-ua-platform", "Windows"), ("sec-ch-ua-mobile", "yes")],
                "Chrome|Google Inc.|Browser|124.0.0.0|Personal computer|Windows|10.0",
            ),
        ] {
            assert_eq!(refined(agent, hints), expected, "{hints:?}");
        }
    }

    #[test]
    fn versions_of_windows() {
        for (version, expected) in
            [("0.1.0", "6.1"), ("0.3", "6.3"), ("10.0.0", "10.0"), ("13.0.0", "11"), ("19", "11")]
        {
            assert_eq!(windows(version), expected);
        }
    }

    proptest::proptest! {
        #[test]
        fn any_hint_is_read_without_panic(brands in "[\"\\\\;v=, a-zé]{0,60}", version in "[\"0-9.]{0,9}") {
            let hints = Hints {
                brands: Some(&brands),
                platform: Some("\"Windows\""),
                platform_version: Some(&version),
                ..Hints::default()
            };
            proptest::prop_assert!(!UserAgent::recognise(WINDOWS).refined(&hints).name.is_empty());
        }
    }
}
