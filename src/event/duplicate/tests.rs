use super::*;
use crate::event::{Event, Fields, Flags, Parameters, SourceKind};

const SESSION: &str = "0:i0rjfnxc:FPpXFMdcEORvvaP_HbpDgABG3Iu5__4d";
const EVENT: &str = "0:OxVC1WJ4PZNEGIUuzdXPsy_bztnKMuoH0";
const PARTIES: [&str; 3] = [
    "0:i0rjfnxc:JLOvH9Nda2c1uV8M~vmdhPGFEC3WxVNq",
    "0:i0rjfnxc:JLfhe7Nda2c1uV8M~vmdjPGFEC3WxVNq",
    "0:i0rjfnxc:FDfhe7Nda2c1uV8M~vmdiPGFEC3WxVNq",
];

/// Asks the memory as the journal does; says whether the event is a duplicate.
fn ask(memory: &DuplicateMemory, party: &str, session: &str, event: &str) -> bool {
    let mut flags = 0;
    memory.decide(&mut RunEvent { tag: memory.tag(party, session, event), flags: &mut flags });
    assert_eq!(flags & !DUPLICATE, 0);
    flags == DUPLICATE
}

fn stored(party_id: &str, session_id: &str, event_id: &str, duplicate: bool) -> Vec<u8> {
    let event = Event {
        source: "browser",
        kind: SourceKind::Browser,
        flags: Flags { duplicate, ..Flags::default() },
        request_time: 0,
        client_time: 0,
        remote_host: None,
        party_id,
        session_id,
        page_view_id: None,
        event_id,
        event_type: None,
        location: None,
        referer: None,
        viewport_width: None,
        viewport_height: None,
        screen_width: None,
        screen_height: None,
        device_pixel_ratio: None,
        parameters: Parameters::Absent,
        headers: Fields::default(),
        cookies: Fields::default(),
    };
    let mut out = Vec::new();
    codec::encode(&event, std::iter::empty::<(&str, &str)>(), std::iter::empty::<(&str, &str)>(), &mut out);
    out
}

#[test]
fn slots_and_signatures_are_those_of_the_original() {
    let two = DuplicateMemory::new(1, 2);
    let million = DuplicateMemory::new(1, 1_000_000);
    for ((party, session, event), slot_of_two, slot_of_million, signature) in [
        ((PARTIES[0], SESSION, EVENT), 1, 531_645, 0x895c_db6b_9acf_30d9),
        ((PARTIES[1], SESSION, EVENT), 0, 707_276, 0x458c_4a4d_bde1_fc77),
        ((PARTIES[2], SESSION, EVENT), 0, 233_306, 0xcf3e_b4aa_6f13_f69a),
        (("a", "b", "c"), 0, 31_280, 0x2be0_9e39_dd66_7177),
    ] {
        assert_eq!(two.tag(party, session, event), Tag { slot: slot_of_two, signature }, "{party}");
        assert_eq!(million.tag(party, session, event), Tag { slot: slot_of_million, signature }, "{party}");
    }
}

#[test]
fn duplicates_are_seen_until_their_slot_is_taken() {
    for (sequence, expected) in [
        (&[0, 1, 0][..], &[false, false, true][..]),
        (&[0, 1, 2, 1], &[false, false, false, false]),
        (&[1, 1, 2, 2, 1], &[false, true, false, true, false]),
    ] {
        let memory = DuplicateMemory::new(1, 2);
        let seen: Vec<_> = sequence.iter().map(|party| ask(&memory, PARTIES[*party], SESSION, EVENT)).collect();
        assert_eq!(seen, expected, "{sequence:?}");
    }
}

#[test]
fn ids_are_joined_without_a_separator() {
    let memory = DuplicateMemory::new(1, 1000);
    assert_eq!(memory.tag("0:1:p", "0:1:s", "Xe"), memory.tag("0:1:p", "0:1:sX", "e"));
    assert_eq!(memory.tag("0:1:é", "😀", "x"), memory.tag("0:1:é😀", "", "x"));
    assert_ne!(memory.tag("0:1:é", "😀", "x"), memory.tag("0:1:e", "😀", "x"));
}

#[test]
fn lanes_do_not_disturb_each_other() {
    let memory = DuplicateMemory::new(3, 1);
    let lane = |party: &str| u64::from(party_hash(party)) % 3;
    let names: Vec<String> = (0..30).map(|number| format!("0:1:{number}")).collect();
    let mut last = [None; 3];
    for name in names.iter().chain(&names) {
        let slot = &mut last[usize::try_from(lane(name)).unwrap()];
        assert_eq!(memory.tag(name, "", "").slot, lane(name));
        assert_eq!(ask(&memory, name, "", ""), *slot == Some(name), "{name}");
        assert!(ask(&memory, name, "", ""), "{name}");
        *slot = Some(name);
    }
    assert!(last.iter().all(Option::is_some), "every lane is used");
}

#[test]
fn a_refused_event_is_new_again_unless_it_was_known_or_its_slot_is_taken() {
    let memory = DuplicateMemory::new(1, 1000);
    // Refused at its first sight: a retry is new.
    assert!(!ask(&memory, "p", "s", "1"));
    memory.forget([&stored("p", "s", "1", false)[..]]);
    assert!(!ask(&memory, "p", "s", "1"));
    // Accepted before, the retry refused: the next retry is still a duplicate.
    assert!(ask(&memory, "p", "s", "1"));
    memory.forget([&stored("p", "s", "1", true)[..], b"garbage"]);
    assert!(ask(&memory, "p", "s", "1"));
    // Another event has taken the slot since.
    let small = DuplicateMemory::new(1, 1);
    assert!(!ask(&small, "p", "s", "1"));
    assert!(!ask(&small, "p", "s", "2"));
    small.forget([&stored("p", "s", "1", false)[..]]);
    assert!(ask(&small, "p", "s", "2"));
}

#[test]
fn memory_is_taken_when_it_is_needed() {
    let memory = DuplicateMemory::new(2, 1_000_000);
    assert!(memory.pages.iter().all(|page| page.get().is_none()));
    ask(&memory, "p", "s", "e");
    assert_eq!(memory.pages.iter().filter(|page| page.get().is_some()).count(), 1);
}

#[test]
fn what_was_saved_is_known_again_and_damage_is_noticed() {
    let seen = Seen { journal: uuid::Uuid::new_v4(), upto: crate::checkpoint::Offset(77) };
    let memory = DuplicateMemory::new(2, 5_000);
    memory.remember([stored(PARTIES[0], SESSION, EVENT, false).as_slice(), &stored(PARTIES[1], SESSION, EVENT, true)]);
    let mut file = Vec::new();
    memory.save(seen, &mut file).unwrap();

    let again = DuplicateMemory::new(2, 5_000);
    assert_eq!(again.load(&mut file.as_slice()).unwrap(), Some(seen));
    for (party, known) in PARTIES.into_iter().zip([true, true, false]) {
        assert_eq!(ask(&again, party, SESSION, EVENT), known, "{party}");
    }
    let other = DuplicateMemory::new(1, 5_000);
    assert_eq!(other.load(&mut file.as_slice()).unwrap(), None, "other slots mean other events");
    assert!(!ask(&other, PARTIES[0], SESSION, EVENT));

    for position in (0..file.len()).step_by(61).chain([file.len() - 1]) {
        let mut damaged = file.clone();
        damaged[position] ^= 4;
        let found = DuplicateMemory::new(2, 5_000).load(&mut damaged.as_slice());
        assert_eq!(found.unwrap_err().kind(), std::io::ErrorKind::InvalidData, "byte {position}");
        assert!(DuplicateMemory::new(2, 5_000).load(&mut &file[..position]).is_err(), "cut at {position}");
    }
}
