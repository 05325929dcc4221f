use proptest::{option, prelude::*};

use super::*;

/// Everything of an event that is not borrowed.
#[derive(Clone, Debug)]
struct Owned {
    flags: Flags,
    kind: SourceKind,
    times: (i64, i64),
    required: [String; 4],
    optional: [Option<String>; 6],
    sizes: [Option<i32>; 4],
    parameters: Option<(bool, String)>,
    headers: Vec<(String, Vec<u8>)>,
    cookies: Vec<(String, String)>,
}

impl Owned {
    fn event(&self) -> Event<'_> {
        let [source, party_id, session_id, event_id] = self.required.each_ref();
        let [remote_host, page_view_id, event_type, location, referer, device_pixel_ratio] =
            self.optional.each_ref().map(Option::as_deref);
        let [viewport_width, viewport_height, screen_width, screen_height] = self.sizes;
        Event {
            source,
            kind: self.kind,
            flags: self.flags,
            request_time: self.times.0,
            client_time: self.times.1,
            remote_host,
            party_id,
            session_id,
            page_view_id,
            event_id,
            event_type,
            location,
            referer,
            viewport_width,
            viewport_height,
            screen_width,
            screen_height,
            device_pixel_ratio,
            parameters: match &self.parameters {
                None => Parameters::Absent,
                Some((true, text)) => Parameters::Mincode(text),
                Some((false, text)) => Parameters::Json(text),
            },
            headers: Fields::default(),
            cookies: Fields::default(),
        }
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let headers = self.headers.iter().map(|(name, value)| (name.as_str(), Latin1(value)));
        let cookies = self.cookies.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        encode(&self.event(), headers, cookies, &mut out);
        out
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["\\PC{0,20}", "[a-z]{100,200}"]
}

fn any_event() -> impl Strategy<Value = Owned> {
    let flags = any::<[bool; 4]>().prop_map(|[corrupt, duplicate, first_in_session, new_party]| Flags {
        corrupt,
        duplicate,
        first_in_session,
        new_party,
    });
    (
        (flags, prop_oneof![Just(SourceKind::Browser), Just(SourceKind::Json)], any::<(i64, i64)>()),
        proptest::array::uniform4(text()),
        proptest::array::uniform6(option::of(text())),
        any::<[Option<i32>; 4]>(),
        option::of((any::<bool>(), text())),
        proptest::collection::vec(("[a-z-]{1,20}", proptest::collection::vec(any::<u8>(), 0..200)), 0..5),
        proptest::collection::vec((text(), text()), 0..5),
    )
        .prop_map(|((flags, kind, times), required, optional, sizes, parameters, headers, cookies)| Owned {
            flags,
            kind,
            times,
            required,
            optional,
            sizes,
            parameters,
            headers,
            cookies,
        })
}

fn minimal() -> Owned {
    Owned {
        flags: Flags::default(),
        kind: SourceKind::Json,
        times: (1, 2),
        required: ["j".into(), "0:1:p".into(), "0:1:s".into(), "e".into()],
        optional: [const { None }; 6],
        sizes: [None; 4],
        parameters: None,
        headers: vec![],
        cookies: vec![],
    }
}

#[test]
fn the_bytes_of_an_event_do_not_change_between_releases() {
    let bytes = minimal().encode();
    let expected: &[&[u8]] = &[
        &[1, 0],
        &[1, 1, b'j'],
        &[2, 1, 1],
        &[3, 8, 1, 0, 0, 0, 0, 0, 0, 0],
        &[4, 8, 2, 0, 0, 0, 0, 0, 0, 0],
        b"\x06\x050:1:p",
        b"\x07\x050:1:s",
        b"\x09\x01e",
    ];
    assert_eq!(bytes, expected.concat());
    let with_header = Owned { headers: vec![("dnt".into(), b"1".to_vec())], ..minimal() }.encode();
    assert_eq!(with_header, [expected.concat().as_slice(), b"\x14\x86\x80\x80\x00\x03dnt\x011"].concat());
}

#[test]
fn a_flag_can_be_set_in_place() {
    let mut bytes = minimal().encode();
    assert!(!decode(&bytes).unwrap().flags.duplicate);
    bytes[FLAGS_AT] |= DUPLICATE;
    assert_eq!(decode(&bytes).unwrap().flags, Flags { duplicate: true, ..Flags::default() });
}

#[test]
fn unknown_tags_are_skipped_and_the_rest_is_checked() {
    let bytes = minimal().encode();
    let with = |tail: &[u8]| [bytes.as_slice(), tail].concat();
    let known = decode(&bytes).unwrap();
    for (tail, expected) in [
        (&b"\xfe\x03abc"[..], None),
        (b"\x64\x00", None),
        (b"\xfe\x03ab", Some(CodecError::Truncated)),
        (b"\xfe", Some(CodecError::Truncated)),
        (b"\xfe\xff\xff\xff\xff\xff\x01", Some(CodecError::Truncated)),
        (b"\x0a\x01\xff", Some(CodecError::Malformed(10))),
        (b"\x02\x01\x07", Some(CodecError::Malformed(2))),
        (b"\x03\x01\x07", Some(CodecError::Malformed(3))),
        (b"\x14\x02\x03a", Some(CodecError::Malformed(20))),
    ] {
        let bytes = with(tail);
        match expected {
            None => assert_eq!(decode(&bytes), Ok(known), "{tail:?}"),
            Some(error) => assert_eq!(decode(&bytes), Err(error), "{tail:?}"),
        }
    }
    assert_eq!(decode(&[2, 0]), Err(CodecError::Version(2)));
    assert_eq!(decode(&[1]), Err(CodecError::Truncated));
    assert_eq!(decode(&[1, 0]), Err(CodecError::Missing(1)));
    assert_eq!(decode(&bytes[..bytes.len() - 3]), Err(CodecError::Missing(9)));
}

#[test]
fn fields_are_found_by_name() {
    let owned = Owned {
        headers: vec![
            ("x-a".into(), b"1".to_vec()),
            ("user-agent".into(), b"Caf\xe9".to_vec()),
            ("x-a".into(), b"2".to_vec()),
        ],
        ..minimal()
    };
    let bytes = owned.encode();
    let event = decode(&bytes).unwrap();
    assert_eq!(event.user_agent(), Some("Café"));
    assert_eq!(event.headers.first("x-a"), Some("1"));
    assert_eq!(event.headers.all("x-a").collect::<Vec<_>>(), ["1", "2"]);
    assert_eq!(event.headers.first("X-A"), None);
}

proptest! {
    #[test]
    fn what_is_encoded_comes_back(owned in any_event()) {
        let bytes = owned.encode();
        let (event, party) = decode_with_party(&bytes).unwrap();
        prop_assert_eq!(&bytes[party.start as usize..party.end as usize], owned.required[1].as_bytes());
        let latin1 = |bytes: &[u8]| bytes.iter().map(|byte| char::from(*byte)).collect::<String>();
        let headers: Vec<_> = event.headers.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let wanted: Vec<_> = owned.headers.iter().map(|(name, value)| (name.clone(), latin1(value))).collect();
        prop_assert_eq!(headers, wanted);
        let cookies: Vec<_> = event.cookies.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        prop_assert_eq!(&cookies, &owned.cookies);
        prop_assert_eq!(Event { headers: Fields::default(), cookies: Fields::default(), ..event }, owned.event());
        // What was read can be written again, from the fields as text.
        let mut again = Vec::new();
        encode(&event, event.headers.iter(), event.cookies.iter(), &mut again);
        prop_assert_eq!(again, bytes);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut bytes = bytes;
        bytes.insert(0, VERSION);
        let _ = decode(&bytes);
    }

    #[test]
    fn no_damage_makes_it_panic(owned in any_event(), at: prop::sample::Index, value: u8, cut: prop::sample::Index) {
        let mut bytes = owned.encode();
        let at = at.index(bytes.len());
        bytes[at] = value;
        bytes.truncate(cut.index(bytes.len() + 1));
        if let Ok(event) = decode(&bytes) {
            let _ = (event.headers.iter().count(), event.cookies.iter().count(), event.user_agent());
        }
    }
}
