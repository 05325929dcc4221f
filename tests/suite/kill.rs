//! The real program is killed under load, again and again: what it has acknowledged is in the files, once.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crate::{run::Place, support::program::send_signal};

/// Acknowledged before each kill, at least.
const ACKNOWLEDGED: u64 = 10_000;
/// Clients, each with a connection and one request at a time.
const CLIENTS: u64 = 64;
/// How long one round may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// Sends one event after another until the connection breaks; gives the numbers that were acknowledged.
fn client(port: u16, next: &AtomicU64, acknowledged: &AtomicU64, kept: &Mutex<Vec<u64>>) {
    let Ok(stream) = TcpStream::connect(("127.0.0.1", port)) else { return };
    let (Ok(mut writer), Ok(())) = (stream.try_clone(), stream.set_nodelay(true)) else { return };
    let mut reader = BufReader::new(stream);
    let mut mine = Vec::new();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let body = format!(
            "{{\"session_id\":\"0:1:s\",\"event_id\":\"{number}\",\"event_type\":\"e{number}\",\"is_new_party\":false,\
             \"is_new_session\":false,\"client_timestamp_iso\":\"2030-01-01T12:00:00Z\",\"parameters\":{{}}}}"
        );
        let head = format!(
            "POST /event?p=0:1:p HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        if writer.write_all((head + &body).as_bytes()).is_err() {
            break;
        }
        match answer(&mut reader) {
            Some(204) => {
                mine.push(number);
                acknowledged.fetch_add(1, Ordering::Relaxed);
            }
            Some(503) => thread::sleep(Duration::from_millis(50)),
            Some(other) => panic!("answered with {other}"),
            None => break,
        }
    }
    kept.lock().expect("no client panics with the lock").extend(mine);
}

/// The status of an answer that is there to its last byte.
fn answer(reader: &mut impl BufRead) -> Option<u16> {
    let (mut status, mut length, mut line) = (None, 0, String::new());
    loop {
        line.clear();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let text = line.trim_end().to_ascii_lowercase();
        if let Some(rest) = text.strip_prefix("http/1.1 ") {
            status = rest.get(..3)?.parse().ok();
        } else if let Some(rest) = text.strip_prefix("content-length: ") {
            length = rest.parse().ok()?;
        } else if text.is_empty() && line.ends_with('\n') {
            reader.read_exact(&mut vec![0; length]).ok()?;
            return status;
        }
    }
}

/// Kills the program `kills` times, stops it in order at last, and looks for everything that was acknowledged.
fn survives(durability: &str, kills: u64) {
    let place = Place::new();
    let serve = || {
        let mut command = place.serve();
        command.args(["--set", &format!("divolte.global.journal.durability={durability}")]);
        // Small, so that segments end, are used again, and files are published between the kills.
        for key in ["journal.segment_size=8M", "journal.max_size=512M", "hdfs.threads=2"] {
            command.args(["--set", &format!("divolte.global.{key}")]);
        }
        command.args(["--set", "divolte.sinks.files.file_strategy.roll_every=1 second"]);
        command
    };
    let (next, kept) = (AtomicU64::new(0), Mutex::new(Vec::new()));
    for round in 0..kills {
        let program = place.start(serve());
        let (began, acknowledged) = (Instant::now(), AtomicU64::new(0));
        thread::scope(|scope| {
            for _ in 0..CLIENTS {
                scope.spawn(|| client(place.port, &next, &acknowledged, &kept));
            }
            while acknowledged.load(Ordering::Relaxed) < ACKNOWLEDGED && began.elapsed() < PATIENCE {
                thread::sleep(Duration::from_millis(1));
            }
            // A little later each time, so that it is not always the same moment.
            thread::sleep(Duration::from_micros(round * 777));
            send_signal(program.id(), "KILL");
        });
        let count = acknowledged.into_inner();
        println!("{durability}, kill {round}: {count} acknowledged in {:?}", began.elapsed());
        assert!(count >= ACKNOWLEDGED, "too slow to be a test: {count} in {:?}", began.elapsed());
    }
    let mut program = place.start(serve());
    assert_eq!(program.stop(), Some(0), "{}", program.output());
    let mut found: BTreeMap<u64, u32> = BTreeMap::new();
    for record in place.records() {
        let number = record["eventType"].as_str().and_then(|name| name.strip_prefix('e')?.parse().ok());
        *found.entry(number.expect("an event of ours")).or_default() += 1;
    }
    let acknowledged = kept.into_inner().expect("no client panics with the lock");
    let missing = acknowledged.iter().filter(|number| !found.contains_key(number)).count();
    let repeated = found.values().filter(|count| **count > 1).count();
    println!("{durability}: {} acknowledged, {} in files, {missing} missing", acknowledged.len(), found.len());
    assert_eq!((missing, repeated), (0, 0), "of {} acknowledged", acknowledged.len());
    assert!(acknowledged.len() as u64 >= kills * ACKNOWLEDGED);
}

#[test]
fn nothing_acknowledged_with_fsync_is_lost_or_repeated_by_kill_9() {
    survives("fsync", 14);
}

#[test]
fn nothing_acknowledged_with_flush_is_lost_or_repeated_by_kill_9() {
    survives("flush", 6);
}
