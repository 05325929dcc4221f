//! Robots: programs that fetch pages without anybody who looks at them.

use super::{
    Kind, any, number,
    product::{Product, owned},
};

/// What words are parted by.
const SEPARATORS: [char; 5] = [' ', ';', '(', ')', ','];

/// Robots whose maker is known: a piece of the family, the maker.
const ROBOT_MAKERS: &[(&str, &str)] = &[
    ("Google", "Google Inc."),
    ("Yandex", "Yandex LLC"),
    ("Yahoo", "Yahoo! Inc."),
    ("MJ12bot", "Majestic-12 Ltd"),
    ("DuckDuckBot", "Duck Duck Go, Inc."),
    ("bingbot", "Microsoft Corporation."),
    ("msnbot", "Microsoft Corporation."),
    ("BingPreview", "Microsoft Corporation."),
    ("Baiduspider", "Baidu, Inc."),
    ("facebook", "Facebook, Inc."),
    ("Twitterbot", "Twitter, Inc."),
    ("AhrefsBot", "Ahrefs Pte Ltd"),
    ("Applebot", "Apple Inc."),
    ("Feedly", "DevHD"),
    ("ia_archiver", "Alexa Internet, Inc."),
    ("GPTBot", "OpenAI"),
    ("ChatGPT", "OpenAI"),
    ("OAI-SearchBot", "OpenAI"),
    ("Claude", "Anthropic"),
    ("anthropic", "Anthropic"),
    ("CCBot", "Common Crawl Foundation"),
    ("PerplexityBot", "Perplexity AI, Inc."),
    ("Perplexity-User", "Perplexity AI, Inc."),
    ("Bytespider", "ByteDance Ltd."),
    ("Amazonbot", "Amazon.com, Inc."),
    ("PetalBot", "Huawei"),
    ("SemrushBot", "Semrush Inc."),
    ("meta-external", "Meta Platforms, Inc."),
    ("LinkedInBot", "LinkedIn Corporation"),
    ("Pinterest", "Pinterest, Inc."),
    ("Slackbot", "Slack Technologies, Inc."),
    ("Discordbot", "Discord Inc."),
    ("TelegramBot", "Telegram"),
    ("WhatsApp", "WhatsApp LLC"),
    ("SkypeUriPreview", "Microsoft Corporation."),
    ("HeadlessChrome", "Google Inc."),
    ("Chrome-Lighthouse", "Google Inc."),
    ("archive.org_bot", "Internet Archive"),
    ("SeznamBot", "Seznam.cz, a.s."),
    ("Yeti", "NAVER Corporation"),
];

/// Robots that no general rule finds, by a piece of the agent: the name is the word that it stands in.
const LISTED: &[&str] = &[
    "APIs-Google",
    "Google-InspectionTool",
    "Google-Read-Aloud",
    "Google-Site-Verification",
    "GoogleOther",
    "GoogleImageProxy",
    "Google Favicon",
    "Storebot-Google",
    "ChatGPT-User",
    "Claude-User",
    "Claude-Web",
    "anthropic-ai",
    "Perplexity-User",
    "meta-externalagent",
    "meta-externalfetcher",
    "facebookcatalog",
    "cohere-ai",
    "Diffbot",
    "HeadlessChrome",
    "Chrome-Lighthouse",
    "PhantomJS",
    "Playwright",
    "Puppeteer",
    "Cypress/",
    "Selenium",
    "Prerender",
    "WhatsApp/",
    "SkypeUriPreview",
    "Snap URL Preview",
    "Iframely",
    "Embedly",
    "Slack-ImgProxy",
    "Pingdom",
    "StatusCake",
    "Site24x7",
    "GTmetrix",
    "Datadog",
    "NewRelicPinger",
    "UptimeRobot",
    "Uptime-Kuma",
    "BetterUptime",
    "Better Stack",
    "HetrixTools",
    "Catchpoint",
    "DareBoost",
    "PTST/",
    "Screaming Frog",
    "Nutch",
    "heritrix",
    "ltx71",
    "Netcraft",
    "CensysInspect",
    "InternetMeasurement",
    "Expanse",
    "zgrab",
    "masscan",
    "Nmap Scripting Engine",
    "Nikto",
    "sqlmap",
    "Qwantify",
    "Yeti/",
    "Daum/",
    "Sogou ",
    "360Spider",
    "Mail.RU_Bot",
    "W3C-checklink",
    "LinkChecker",
    "Scrapy",
    "HTTrack",
    "Dataprovider",
    "BUbiNG",
    "Mediatoolkit",
    "TurnitinBot",
    "Feedbin",
    "Tiny Tiny RSS",
    "NewsBlur",
    "Inoreader",
    "kube-probe",
    "ELB-HealthChecker",
    "GoogleHC/",
    "Blackbox Exporter",
];

/// A robot calls itself one, by a word such as `YandexBot/3.0`.
pub(super) fn recognise(text: &str) -> Option<Product> {
    if text.contains("Yahoo! Slurp") {
        return Some(robot_named("Yahoo! Slurp".to_owned(), "Yahoo!", ""));
    }
    for name in ["Mediapartners-Google", "AdsBot-Google"] {
        if text.contains(name) {
            return Some(robot_named(name.to_owned(), "Googlebot", ""));
        }
    }
    let word = text.split(SEPARATORS).find(|word| is_robot(word)).or_else(|| listed(text))?;
    let (family, version) = word.split_once('/').unwrap_or((word, ""));
    Some(robot_named(word.to_owned(), family, number(version.strip_prefix('v').unwrap_or(version))))
}

/// The word of an agent that a piece of the list stands in.
fn listed(text: &str) -> Option<&str> {
    let (at, piece) = LISTED.iter().find_map(|piece| text.find(piece).map(|at| (at, piece)))?;
    let start = text[..at].rfind(SEPARATORS).map_or(0, |before| before + 1);
    let rest = &text[at + piece.trim_end_matches(['/', ' ']).len()..];
    let end = text.len() - rest.len() + rest.find(SEPARATORS).unwrap_or(rest.len());
    Some(&text[start..end])
}

fn is_robot(word: &str) -> bool {
    let product = word.split_once('/').map_or(word, |(product, _)| product);
    if product.contains(':') || product.starts_with(['+', '@']) || product.contains('.') {
        return false;
    }
    let lower = product.to_ascii_lowercase();
    lower.ends_with("bot")
        || any(&lower, &["bot-", "spider", "crawler", "slurp", "facebookexternalhit", "ia_archiver", "bingpreview"])
        || any(&lower, &["feedfetcher", "feedly"]) && word.contains('/')
}

fn robot_named(name: String, family: &str, version: &str) -> Product {
    let maker = ROBOT_MAKERS.iter().find(|(piece, _)| family.contains(piece)).map_or("", |(_, maker)| maker);
    Product {
        name: name.into(),
        family: owned(family),
        vendor: maker.into(),
        kind: Kind::Robot,
        version: owned(version),
    }
}
