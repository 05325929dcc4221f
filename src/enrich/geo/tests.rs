use super::*;

const CITIES: &[u8] = include_bytes!("../../../tests/conformance/groups/geo-test.mmdb");

/// A value of a database, see <https://maxmind.github.io/MaxMind-DB/>.
enum Value<'v> {
    Map(&'v [(&'v str, Value<'v>)]),
    Text(&'v str),
    Number(u32),
    Short(u16),
    Long(u64),
    Boolean(bool),
    Texts(&'v [&'v str]),
}

impl Value<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        let text = |text: &str, out: &mut Vec<u8>| {
            control(2, text.len(), out);
            out.extend_from_slice(text.as_bytes());
        };
        match self {
            Self::Map(members) => {
                control(7, members.len(), out);
                for (name, value) in *members {
                    text(name, out);
                    value.write(out);
                }
            }
            Self::Text(value) => text(value, out),
            Self::Number(number) => {
                control(6, 4, out);
                out.extend_from_slice(&number.to_be_bytes());
            }
            Self::Short(number) => {
                control(5, 2, out);
                out.extend_from_slice(&number.to_be_bytes());
            }
            Self::Long(number) => {
                control(9, 8, out);
                out.extend_from_slice(&number.to_be_bytes());
            }
            Self::Boolean(value) => control(14, usize::from(*value), out),
            Self::Texts(texts) => {
                control(11, texts.len(), out);
                for item in *texts {
                    text(item, out);
                }
            }
        }
    }
}

fn control(kind: u8, length: usize, out: &mut Vec<u8>) {
    let (byte, rest) = if length < 29 { (length, None) } else { (29, Some(length - 29)) };
    let byte = u8::try_from(byte).unwrap();
    if kind < 8 {
        out.push(kind << 5 | byte);
    } else {
        out.extend([byte, kind - 7]);
    }
    out.extend(rest.map(|rest| u8::try_from(rest).unwrap()));
}

/// A database in which every address below 128.0.0.0 has this value.
fn database(kind: &str, value: &Value<'_>) -> Vec<u8> {
    // One node: to the left the first value behind the 16 bytes of zeros, to the right nothing.
    let mut out = vec![0, 0, 1 + 16, 0, 0, 1];
    out.extend([0; 16]);
    value.write(&mut out);
    out.extend_from_slice(b"\xab\xcd\xefMaxMind.com");
    Value::Map(&[
        ("binary_format_major_version", Value::Short(2)),
        ("binary_format_minor_version", Value::Short(0)),
        ("build_epoch", Value::Long(1_700_000_000)),
        ("database_type", Value::Text(kind)),
        ("description", Value::Map(&[("en", Value::Text("for tests"))])),
        ("ip_version", Value::Short(4)),
        ("languages", Value::Texts(&["en"])),
        ("node_count", Value::Number(1)),
        ("record_size", Value::Short(24)),
    ])
    .write(&mut out);
    out
}

fn networks() -> Vec<u8> {
    database(
        "GeoIP2-ISP",
        &Value::Map(&[
            ("autonomous_system_number", Value::Number(64_501)),
            ("autonomous_system_organization", Value::Text("Flat Org")),
            ("isp", Value::Text("A flat ISP")),
            ("connection_type", Value::Text("Cable/DSL")),
            ("is_anonymous", Value::Boolean(true)),
            ("domain", Value::Number(7)),
        ]),
    )
}

fn ask(places: &Places, text: &str, fields: &[&str]) -> Vec<Option<String>> {
    let mut known = Vec::new();
    let found = address(text).is_some_and(|address| places.look_up(address, &mut known));
    assert_eq!(found, !known.is_empty());
    let value = |field: &&str| match GeoField::named(field).unwrap().of(&known)? {
        GeoValue::Text(text) => Some(text.to_owned()),
        GeoValue::Int(number) => Some(number.to_string()),
        GeoValue::Double(number) => Some(number.to_string()),
        GeoValue::Boolean(value) => Some(value.to_string()),
        GeoValue::Texts(texts) => Some(texts.join("+")),
        GeoValue::Ints(numbers) => Some(format!("{numbers:?}")),
    };
    fields.iter().map(value).collect()
}

fn some(texts: &[&str]) -> Vec<Option<String>> {
    texts.iter().map(|text| Some((*text).to_owned())).collect()
}

#[test]
fn cities_and_networks_complete_each_other() {
    let cities = Places::new([CITIES.to_vec()]).unwrap();
    let fields = ["cityName", "subdivisionNames", "subdivisionIds", "latitude", "isp", "anonymousProxy"];
    let amsterdam = ["Amsterdam", "North Holland+Second", "[2749879, 1]", "52.35", "An ISP", "true"];
    assert_eq!(ask(&cities, "192.0.2.5", &fields), some(&amsterdam));
    assert_eq!(ask(&cities, "::ffff:192.0.2.5", &fields), some(&amsterdam));

    let networks = Places::new([networks()]).unwrap();
    let fields =
        ["isp", "autonomousSystemNumber", "connectionType", "isAnonymous", "isTorExitNode", "subdivisionCodes"];
    let flat = ["A flat ISP", "64501", "Cable/DSL", "true", "false", ""];
    assert_eq!(ask(&networks, "10.0.0.1", &fields), some(&flat));
    assert_eq!(ask(&networks, "10.0.0.1", &["cityName", "domain"]), [None, None], "missing, and of another type");
    assert_eq!(ask(&networks, "192.0.2.5", &["isp"]), [None], "nothing is known");

    let both = Places::new([CITIES.to_vec(), self::networks()]).unwrap();
    assert_eq!(ask(&both, "10.0.0.1", &["isp", "cityName"]), [Some("A flat ISP".to_owned()), None]);
    assert_eq!(ask(&both, "192.0.2.5", &["isp", "cityName"]), some(&["An ISP", "Amsterdam"]));
}

#[test]
fn addresses_are_literal() {
    for text in
        ["", "192.0.2", "192.0.2.5:80", "[2001:db8::5]", "2001:db8::5%eth0", " 192.0.2.5", "192.0.2.05", "localhost"]
    {
        assert_eq!(address(text), None, "{text}");
    }
    assert_eq!(address("2001:db8::5"), "2001:db8::5".parse().ok());
}

#[test]
fn what_is_no_whole_database_is_refused() {
    assert!(matches!(Places::new([CITIES.to_vec(), b"rubbish".to_vec()]).unwrap_err(), (1, GeoError::Format(_))));
    for cut in [1, CITIES.len() / 2, CITIES.len() - 1] {
        assert!(Places::new([CITIES[..cut].to_vec()]).is_err(), "{cut}");
    }
    let mut damaged = CITIES.to_vec();
    damaged[..60].fill(0xff);
    assert!(matches!(Places::new([damaged]).unwrap_err(), (0, _)));
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_refused_or_answer(at in 0..CITIES.len(), byte: u8) {
        let mut bytes = CITIES.to_vec();
        bytes[at] = byte;
        if let Ok(places) = Places::new([bytes]) {
            let fields: Vec<&str> = FIELDS.iter().map(|(name, ..)| *name).collect();
            ask(&places, "192.0.2.5", &fields);
        }
    }
}
