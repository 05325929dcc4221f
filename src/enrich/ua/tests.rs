use std::fmt::Write as _;

use super::*;
use crate::documentation::check_block;

const FIELDS: [&str; 9] =
    ["Name", "Family", "Vendor", "Type", "Version", "DeviceCategory", "OsFamily", "OsVersion", "OsVendor"];

/// Agents that are newer than the recorded answers: recognised as what they are.
const NEWER: [&str; 7] = ["ua 002", "ua 007", "ua 018", "ua 033", "ua 045", "ua 100", "ua 104"];

/// Agents that the recorded answers do not know.
const UNKNOWN: [&str; 11] = [
    "ua 070",
    "ua 071",
    "ua 073",
    "ua 095",
    "ua 096",
    "ua 105",
    "ua 106",
    "ua 107",
    "ua 110",
    "ua non-ascii",
    "ua very long",
];

fn values(agent: &UserAgent) -> [&str; 9] {
    [
        &agent.name,
        &agent.family,
        &agent.vendor,
        &agent.kind,
        &agent.version,
        &agent.device_category,
        &agent.os_family,
        &agent.os_version,
        &agent.os_vendor,
    ]
}

#[test]
fn reference_points() {
    for (text, expected) in [
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_10_1) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/38.0.2125.122 Safari/537.36",
            "Chrome|Chrome|Google Inc.|Browser|38.0.2125.122|Personal computer|OS X|10.10.1|Apple Computer, Inc.",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/86.0.4240.75 Safari/537.36",
            "Chrome|Chrome|Google Inc.|Browser|86.0.4240.75|Personal computer|Windows|10.0|Microsoft Corporation.",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/90.0.4430.85 Safari/537.36 Edg/90.0.818.49",
            "Edge|Edge|Microsoft Corporation.|Browser|90.0.818.49|Personal computer|Windows|10.0|Microsoft Corporation.",
        ),
        (
            "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko",
            "IE|IE|Microsoft Corporation.|Browser|11.0|Personal computer|Windows|6.1|Microsoft Corporation.",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 Mobile/15E148 Safari/604.1",
            "Mobile Safari|Mobile Safari|Apple Inc.|Mobile Browser|17.1|Smartphone|iOS|17.1|Apple Inc.",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 16_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/115.0 Mobile/15E148 Safari/605.1.15",
            "Mobile Firefox|Mobile Firefox|Mozilla Foundation|Mobile Browser|115.0|Smartphone|iOS|16.0|Apple Inc.",
        ),
        (
            "Mozilla/5.0 (Linux; Android 13; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/21.0 Chrome/110.0.5481.154 Mobile Safari/537.36",
            "Samsung Internet|Samsung Internet|Samsung|Mobile Browser|21.0|Smartphone|Android|13|Google, Inc.",
        ),
        (
            "Mozilla/5.0 (Linux; U; Android 3.2; en-us; Xoom Build/HTK55D) AppleWebKit/534.13 (KHTML, like Gecko) Version/4.0 Safari/534.13",
            "Android browser|Android Browser|Google Inc.|Mobile Browser|4.0|Tablet|Android|3.2|Google, Inc.",
        ),
        (
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "Googlebot/2.1|Googlebot|Google Inc.|Robot|2.1|Other|||",
        ),
        ("curl/7.38.0", "cURL|cURL|team Haxx|Library|7.38.0|Other|||"),
        (
            "Wget/1.15 (linux-gnu)",
            "Wget|Wget|Free Software Foundation, Inc.|Offline Browser|1.15|Personal computer|Linux||",
        ),
        ("", "unknown|unknown|||||||"),
        ("-", "unknown|unknown|||||||"),
        ("my-agent", "unknown|unknown|||||||"),
    ] {
        assert_eq!(values(&UserAgent::recognise(text)).join("|"), expected, "{text}");
    }
}

fn recorded() -> Vec<serde_json::Value> {
    let group = include_str!("../../../tests/conformance/groups/user_agents.json");
    let mut group: serde_json::Value = serde_json::from_str(group).unwrap();
    group["cases"].as_array_mut().unwrap().drain(..).collect()
}

/// Every difference to what is recorded, in the documentation; agreement in the fields that reports are made of.
#[test]
fn recorded_agents_agree_field_by_field() {
    let (mut cases, mut agreed) = (0_u32, [0_u32; 9]);
    let mut table = String::from("| User agent | field | original | headwater |\n| --- | --- | --- | --- |\n");
    for case in recorded() {
        let name = case["name"].as_str().unwrap();
        let record = &case["records"][0];
        let text = record["userAgentString"].as_str().unwrap();
        let counts = !NEWER.contains(&name) && !UNKNOWN.contains(&name);
        cases += u32::from(counts);
        let agent = UserAgent::recognise(text);
        for (index, value) in values(&agent).into_iter().enumerate() {
            let expected = record[format!("userAgent{}", FIELDS[index])].as_str().unwrap();
            if value == expected {
                agreed[index] += u32::from(counts);
                continue;
            }
            let shown: String = text.chars().take(120).collect::<String>().replace('|', "\\|");
            let code = |text: &str| if text.is_empty() { "empty".to_owned() } else { format!("`{text}`") };
            let field = FIELDS[index];
            let _ = writeln!(table, "| `{shown}` | {field} | {} | {} |", code(expected), code(value));
        }
    }
    table += "\n| Field | agrees |\n| --- | --- |\n";
    for (field, agreed) in FIELDS.iter().zip(agreed) {
        let _ = writeln!(table, "| {field} | {agreed} of {cases} |");
        if ["Family", "Type", "OsFamily", "DeviceCategory"].contains(field) {
            assert!(f64::from(agreed) >= 0.97 * f64::from(cases), "{field}: {agreed} of {cases}\n{table}");
        }
    }
    check_block("compatibility.md", "agents", &table);
}

#[test]
fn what_the_recording_does_not_know_is_unknown_or_right() {
    let cases = recorded();
    for (name, expected) in [
        ("ua 095", "VLC media player"),
        ("ua 105", "unknown"),
        ("ua 106", "unknown"),
        ("ua 107", "unknown"),
        ("ua 110", "Nmap Scripting Engine"),
        ("ua non-ascii", "unknown"),
        ("ua very long", "unknown"),
        ("ua 100", "Edge"),
        ("ua 104", "Firefox"),
    ] {
        let case = cases.iter().find(|case| case["name"] == name).unwrap();
        let agent = UserAgent::recognise(case["records"][0]["userAgentString"].as_str().unwrap());
        assert_eq!(agent.name, expected, "{name}");
    }
}

#[test]
fn agents_of_today_and_robots() {
    for (text, name, kind, bot) in [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36 OPR/110.0.0.0",
            "Opera",
            "Browser",
            false,
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/124.0.6367.68 Mobile/15E148 Safari/604.1",
            "Chrome Mobile",
            "Mobile Browser",
            false,
        ),
        (
            "Mozilla/5.0 (Linux; Android 13; 2201117TG Build/TKQ1; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/123.0.0.0 Mobile Safari/537.36 Instagram 325.0.0.35.91 Android",
            "Instagram",
            "Mobile Browser",
            false,
        ),
        (
            "Mozilla/5.0 (Linux; Android 12; HarmonyOS; NOH-AN00) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/99.0.4844.88 HuaweiBrowser/13.0.4.302 Mobile Safari/537.36",
            "Huawei Browser",
            "Mobile Browser",
            false,
        ),
        (
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/124.0.0.0 Safari/537.36",
            "HeadlessChrome/124.0.0.0",
            "Robot",
            true,
        ),
        (
            "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
            "GPTBot/1.2",
            "Robot",
            true,
        ),
        (
            "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)",
            "ClaudeBot/1.0",
            "Robot",
            true,
        ),
        ("CCBot/2.0 (https://commoncrawl.org/faq/)", "CCBot/2.0", "Robot", true),
        (
            "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
            "facebookexternalhit/1.1",
            "Robot",
            true,
        ),
        ("WhatsApp/2.23.20.0", "WhatsApp/2.23.20.0", "Robot", true),
        ("Mozilla/5.0 (compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)", "UptimeRobot/2.0", "Robot", true),
        ("kube-probe/1.29", "kube-probe/1.29", "Robot", true),
        ("python-requests/2.31.0", "Python-requests", "Library", true),
        ("PostmanRuntime/7.37.3", "Postman", "Library", true),
    ] {
        let agent = UserAgent::recognise(text);
        assert_eq!((&*agent.name, &*agent.kind, agent.is_bot), (name, kind, bot), "{text}");
    }
}

proptest::proptest! {
    #[test]
    fn any_text_is_recognised_without_panic(text in "\\PC{0,200}") {
        proptest::prop_assert!(!UserAgent::recognise(&text).name.is_empty());
    }
}
