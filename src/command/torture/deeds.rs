//! How each deed is done.

use std::{
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Resource, Signal};

use super::{
    Wrong, damage,
    load::Load,
    plan::{Deed, Plan},
    report::{Recovery, Report},
    server::Server,
};

/// How long a full journal is waited for at least, and at most when there is time; a slow machine needs a good part of it.
const FULL_PATIENCE: [Duration; 2] = [Duration::from_secs(2), Duration::from_mins(1)];

/// Bytes that a process may still get when its memory is taken.
const MEMORY_LEFT: u64 = 256 << 10;

/// Does it, and waits until the server is up again. Gives how long that took, if it had to be started. `left` is what is
/// left of the run.
pub(super) fn carry_out(
    deed: Deed,
    left: Duration,
    plan: &mut Plan,
    server: &mut Server,
    load: &mut Load,
    report: &mut Report,
) -> Result<Recovery, Wrong> {
    match deed {
        Deed::Kill => server.kill()?,
        Deed::Stop => server.stop()?,
        Deed::Pause => {
            server.signal(Signal::STOP)?;
            thread::sleep(plan.time(100, 1_500));
            server.signal(Signal::CONT)?;
        }
        Deed::PauseAndKill => {
            server.signal(Signal::STOP)?;
            thread::sleep(plan.time(10, 500));
            server.kill()?;
        }
        Deed::Outage => {
            server.hide_files()?;
            thread::sleep(plan.time(200, 2_000));
            server.show_files()?;
        }
        Deed::Fill | Deed::FillAndKill => {
            server.hide_files()?;
            await_refusals(load, (left / 4).clamp(FULL_PATIENCE[0], FULL_PATIENCE[1]));
            if deed == Deed::FillAndKill {
                server.kill()?;
            }
            server.show_files()?;
        }
        Deed::Descriptors => server.starve(Resource::Nofile, server.descriptors(), plan.time(200, 2_000))?,
        Deed::Memory => server.starve(Resource::As, server.memory() + MEMORY_LEFT, plan.time(200, 1_000))?,
        Deed::Tear => {
            server.kill()?;
            damage::tear(server, plan)?;
        }
        Deed::Damage => {
            server.hide_files()?;
            thread::sleep(plan.time(300, 1_000));
            server.kill()?;
            report.damaged.extend(damage::flip(server, plan)?);
            server.show_files()?;
        }
    }
    if server.runs() { Ok(Recovery::None) } else { server.start().map(Recovery::Started) }
}

fn await_refusals(load: &Load, patience: Duration) {
    let (began, before) = (Instant::now(), load.count().refused);
    while load.count().refused == before && began.elapsed() < patience {
        thread::sleep(Duration::from_millis(20));
    }
}
