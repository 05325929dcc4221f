use std::sync::Arc;

use super::*;
use crate::{
    disk::SimulatedDisk,
    event::{
        Event, Fields, Flags, Parameters, SourceKind,
        codec::{self, DUPLICATE},
    },
    journal::{JournalSettings, Run},
    metrics::Metrics,
    util::clock::ManualClock,
};

const FILE: &str = "/data/duplicates";

/// One process after the other on the same disk.
struct World {
    disk: SimulatedDisk,
    runtime: tokio::runtime::Runtime,
    durability: Durability,
}

struct Process {
    journal: Journal,
    memory: DuplicateMemory,
}

impl World {
    fn new(durability: Durability) -> Self {
        let disk = SimulatedDisk::new();
        disk.create_dir_all(Path::new("/data"), true).unwrap();
        Self { disk, runtime: tokio::runtime::Builder::new_current_thread().build().unwrap(), durability }
    }

    fn start(&self, slots: usize) -> Process {
        let settings = JournalSettings {
            reserve_bytes: 0,
            look_through: true,
            ..JournalSettings::new(
                "/data/journal".into(),
                self.durability,
                Arc::new(ManualClock::at(1)),
                Metrics::new(),
            )
        };
        let journal = Journal::open(settings, Arc::new(self.disk.clone()), Box::new(|_| {})).unwrap();
        let memory = DuplicateMemory::new(1, slots);
        bring_up_to_date(&memory, &journal, &self.disk, Path::new(FILE), self.runtime.handle());
        Process { journal, memory }
    }

    /// Whether each of the events is a duplicate.
    fn send(&self, process: &Process, events: &[&str]) -> Vec<bool> {
        let send = |event: &&str| {
            let mut run = Run::new();
            run.push(process.memory.tag("p", "s", event), |out| encode(event, out));
            let mut found = false;
            let ticket = process.journal.append(&mut run, |event| {
                process.memory.decide(event);
                found = *event.flags & DUPLICATE != 0;
            });
            self.runtime.block_on(ticket.unwrap().reached(self.durability)).unwrap();
            found
        };
        events.iter().map(send).collect()
    }

    /// Stops in order.
    fn stop(&self, process: &Process) {
        process.journal.close();
        save(&process.memory, &process.journal, &self.disk, Path::new(FILE));
    }
}

fn encode(event_id: &str, out: &mut Vec<u8>) {
    let event = Event {
        source: "browser",
        kind: SourceKind::Browser,
        flags: Flags::default(),
        request_time: 0,
        client_time: 0,
        remote_host: None,
        party_id: "p",
        session_id: "s",
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
    codec::encode(&event, std::iter::empty::<(&str, &str)>(), std::iter::empty::<(&str, &str)>(), out);
}

#[test]
fn what_was_accepted_before_an_orderly_stop_is_a_duplicate_after_it() {
    for durability in [Durability::None, Durability::Flush, Durability::Fsync] {
        let world = World::new(durability);
        let first = world.start(1000);
        assert_eq!(world.send(&first, &["a", "b"]), [false, false]);
        world.stop(&first);
        drop(first);
        let second = world.start(1000);
        assert_eq!(world.send(&second, &["b", "c", "a", "c"]), [true, false, true, true], "{durability:?}");
    }
}

#[test]
fn what_came_since_the_memory_was_saved_is_read_from_the_journal() {
    let world = World::new(Durability::Fsync);
    let first = world.start(1000);
    world.send(&first, &["a"]);
    world.stop(&first);
    drop(first);
    let second = world.start(1000);
    world.send(&second, &["b"]);
    // Not saved: what is on the disk knows nothing of b.
    drop(second);
    let third = world.start(1000);
    assert_eq!(world.send(&third, &["a", "b", "c"]), [true, true, false]);
    drop(third);
    // A memory of another size is of no use: what the journal still holds is read.
    let fourth = world.start(999);
    assert_eq!(world.send(&fourth, &["c", "d"]), [true, false]);
}

#[test]
fn a_damaged_file_costs_nothing_that_the_journal_holds() {
    let world = World::new(Durability::Fsync);
    let first = world.start(1000);
    world.send(&first, &["a"]);
    world.stop(&first);
    drop(first);
    let mut saved = world.disk.read(Path::new(FILE)).unwrap();
    saved[30] ^= 1;
    world.disk.remove(Path::new(FILE)).unwrap();
    world.disk.create_new(Path::new(FILE), true).unwrap().write_all_at(&saved, 0).unwrap();
    assert_eq!(world.send(&world.start(1000), &["a", "b"]), [true, false]);
}
