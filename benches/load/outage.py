"""What a sink that is down costs, and how long a start takes with all that it has left. Called by scripts/bench.

`--recovery` fills the journal while the sink's directories are away, kills the program and starts it again, with the
pages of the journal out of the cache. `--outage` lets events arrive while they are away, and gives them back while more
arrive. Sends to the loopback address only; every part is bounded in time and on the disk, and what was written is
removed whatever happens.
"""
import argparse
import os
import pathlib
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import bench
import soak
from bench import HOST, Wrong

MIB = 1 << 20
# What one of the runs may take of the disk, and what must be free besides.
DISK_BYTES = 8 << 30
FREE_BYTES = 1 << 30
CONNECTIONS = 64
STARTS = 3
RECOVERED_BYTES = 4 << 30
# Events while the sink is down: most of them in batches, the rest one by one.
OUTAGE_EVENTS = 5_000_000
PIXEL_EVENTS = 600_000
PIXELS_PER_SECOND = 6000
# Of the pause between two requests of a connection, in milliseconds.
PIXEL_PAUSE = 7
# What is seen is printed this often.
SAID_SECONDS = 5
# No phase may take longer, in seconds.
PHASE_SECONDS = 300
# With less than this waiting, the sink has caught up: it makes its records durable from time to time only.
CAUGHT_UP_SECONDS = 5

CONFIGURATION = bench.CONFIGURATION.replace(
    "journal.durability = {durability}",
    "journal {{ durability = fsync, max_size = {size}, reserve = 256M }}",
)


class Program(bench.Product):
    """`headwater serve` in a directory where it may have been before."""

    def __init__(self, binary, directory, size):
        self.directory, self.published, work = directory, directory / "published", directory / "work"
        self.sink = (self.published, work)
        port, self.admin = bench.free_port(), bench.free_port()
        for path in self.sink:
            path.mkdir(parents=True, exist_ok=True)
        configuration = directory / "bench.conf"
        configuration.write_text(
            CONFIGURATION.format(
                host=HOST, port=port, admin=self.admin, size=size, work=work, published=self.published
            )
        )
        command = [binary, "serve", "-c", configuration, "--data", directory / "data"]
        bench.Server.__init__(self, command, port, directory / "output.log")

    def take_sink_away(self):
        for path in self.sink:
            path.rename(path.with_suffix(".away"))

    def give_sink_back(self):
        for path in self.sink:
            path.with_suffix(".away").rename(path)

    def accepted(self):
        return self.metric("headwater_events_accepted")

    def waiting(self):
        return self.metric("headwater_sink_waiting_events")

    def resident_mib(self):
        pages = int(pathlib.Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / MIB


class Load:
    """A run of wrk that lasts until it is left: batches, or pixel requests at a pace."""

    def __init__(self, port, files, paced):
        script = [bench.HERE / "wrk.lua", *files, PIXEL_PAUSE] if paced else [bench.HERE / "batch.lua", bench.BATCH]
        command = ["wrk", f"-t{bench.THREADS}", f"-c{CONNECTIONS}", f"-d{PHASE_SECONDS}s", "--timeout", "5s", "-s"]
        command += [script[0], f"http://{HOST}:{port}", "--", *map(str, script[1:])]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.events = 1 if paced else bench.BATCH
        self.answered = 0

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        # It ends in order, and says what it has done.
        self.process.send_signal(signal.SIGINT)
        try:
            output, _ = self.process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            output, _ = self.process.communicate()
        if kind is None:
            self.answered = bench.result_of(output)["requests"] * self.events


def wait_until(what, done):
    until = time.monotonic() + PHASE_SECONDS
    while not done():
        if time.monotonic() > until:
            raise Wrong(f"after {PHASE_SECONDS} s still: {what}")
        time.sleep(0.25)


def forget_pages(directory):
    """Takes the files of a directory out of the system's cache, so that the next start reads them from the disk."""
    for path in directory.glob("*.segment"):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)


def recovery(options, files, directory):
    """Rows of the table: start to first answer with a full journal."""
    size = RECOVERED_BYTES + 64 * MIB * 8
    with Program(options.headwater, directory, size) as program:
        program.take_sink_away()
        load = Load(program.port, files, False)
        try:
            wait_until("the journal is not full", lambda: program.metric("headwater_journal_disk_bytes") >= RECOVERED_BYTES)
            events = program.accepted()
            program.process.kill()
            program.process.wait()
        finally:
            load.process.kill()
            load.process.communicate()
        program.give_sink_back()
    starts, recoveries = [], []
    for nth in range(1, STARTS + 1):
        forget_pages(directory / "data" / "journal")
        with Program(options.headwater, directory, size) as program:
            starts.append(program.start_ms)
            recoveries.append(program.metric("headwater_journal_recovery_seconds") * 1000)
            held = program.metric("headwater_journal_disk_bytes")
            # Killed at once, so that the sink takes next to nothing and the next start finds the same.
            program.process.kill()
        print(f"start {nth}: {starts[-1]:,.0f} ms, journal {recoveries[-1]:,.0f} ms", file=sys.stderr)
        if held < RECOVERED_BYTES - 128 * MIB:
            raise Wrong(f"the journal had {held / MIB:,.0f} MiB only at start {nth}")
    met = max(starts) < 1000
    return [
        (f"start to first answer with {RECOVERED_BYTES >> 30} GiB in the journal, ms",
         " ".join(f"{each:,.0f}" for each in starts), "< 1,000",
         f"{verdict(met)}; {events:,.0f} events, killed under load, pages not cached"),
        ("of it the journal's recovery, ms", " ".join(f"{each:,.0f}" for each in recoveries), "", ""),
    ], met


class Watch:
    """What is seen of a program while something else happens."""

    def __init__(self, program):
        self.program, self.samples, self.started = program, [], time.monotonic()
        self.said = 0.0

    def take(self):
        self.samples.append({
            "s": time.monotonic() - self.started,
            "RSS MiB": self.program.resident_mib(),
            "accepted": self.program.accepted(),
            "waiting": self.program.waiting(),
        })
        sample = self.samples[-1]
        if sample["s"] >= self.said:
            self.said = sample["s"] + SAID_SECONDS
            print("  ".join(f"{name} {value:,.0f}" for name, value in sample.items()), file=sys.stderr)
        return sample

    def drift(self):
        """MiB of resident memory over all but the first part of the samples, by least squares, and whether that is noise."""
        kept = self.samples[int(len(self.samples) * soak.WARM):]
        part, noise = soak.FLAT["RSS MiB"]
        drift = soak.slope(kept, "RSS MiB") * (kept[-1]["s"] - kept[0]["s"])
        return drift, drift <= max(part * statistics.fmean(each["RSS MiB"] for each in kept), noise)


def arrive(program, files, watch, paced, upto):
    """Lets events arrive until so many are accepted; says how many were answered."""
    with Load(program.port, files, paced) as load:
        wait_until(f"fewer than {upto:,} events are accepted", lambda: watch.take()["accepted"] >= upto)
    return load.answered


def catch_up(program, files, watch):
    """Gives the sink back while events arrive. Events answered; from the return: seconds until the sink takes events, and until it
    has caught up; and both rates over the time between."""
    with Load(program.port, files, True) as load:
        # At its pace before anything is measured.
        time.sleep(1)
        program.give_sink_back()
        back = watch.take()
        delivered = lambda sample: sample["accepted"] - sample["waiting"]
        # Both figures are asked for one after the other, so that a few events are between them.
        wait_until("the sink takes nothing", lambda: delivered(watch.take()) > delivered(back) + 2 * PIXELS_PER_SECOND)
        first = watch.samples[-2]
        few = CAUGHT_UP_SECONDS * PIXELS_PER_SECOND
        wait_until("the sink has not caught up", lambda: watch.take()["waiting"] < few)
        last = watch.samples[-1]
    seconds = last["s"] - first["s"]
    rate = (delivered(last) - delivered(first)) / seconds
    arriving = (last["accepted"] - first["accepted"]) / seconds
    return load.answered, first["s"] - back["s"], last["s"] - back["s"], rate, arriving


def outage(options, files, directory):
    """Rows of the table: memory while a sink is down, and how it catches up."""
    with Program(options.headwater, directory, DISK_BYTES // 2) as program:
        program.take_sink_away()
        down = Watch(program)
        answered = arrive(program, files, down, False, OUTAGE_EVENTS - PIXEL_EVENTS)
        print(f"{down.samples[-1]['accepted']:,.0f} events after {down.samples[-1]['s']:.0f} s", file=sys.stderr)
        answered += arrive(program, files, down, True, OUTAGE_EVENTS)
        bytes_held = program.metric("headwater_journal_disk_bytes")
        events = down.samples[-1]["waiting"]
        highest = max(each["RSS MiB"] for each in down.samples)
        middle = statistics.median(each["RSS MiB"] for each in down.samples)
        drift, flat = down.drift()
        after = Watch(program)
        more, pause, seconds, rate, arriving = catch_up(program, files, after)
        peak = program.peak_mib()
        found = bench.account(program, answered + more, (2 * bench.BATCH + 1) * CONNECTIONS)
    flat = flat and highest <= 200
    fast = rate >= 18_000
    slow = "" if arriving >= 0.9 * PIXELS_PER_SECOND else f" (less than {PIXELS_PER_SECOND:,})"
    return [
        (f"resident memory while {events:,.0f} events wait, MiB", f"{middle:.0f}, at most {highest:.0f}", "≤ 200, flat",
         f"{verdict(flat)}; trend {drift:+.1f} MiB over {down.samples[-1]['s']:.0f} s; {bytes_held / MIB:,.0f} MiB of journal"),
        (f"catch-up while {arriving:,.0f} events/s arrive{slow}, events/s", f"{rate:,.0f}", "≥ 18,000",
         f"{verdict(fast)}; {pause:.1f} s until the sink was tried again, caught up after {seconds:.1f} s, peak {peak:.0f} MiB"),
        ("events accepted, and in the files", f"{found:,}", "the same", "met"),
    ], flat and fast


def verdict(met):
    return "met" if met else "missed"


def room(directory):
    """Stops unless there is room for one of the runs."""
    free, needed = shutil.disk_usage(directory).free, DISK_BYTES + FREE_BYTES
    print(f"{free / MIB:,.0f} MiB are free below {directory}; a run takes {DISK_BYTES / MIB:,.0f} MiB at most", file=sys.stderr)
    if free < needed:
        raise Wrong(f"{directory} needs {needed / MIB:,.0f} MiB free; TMPDIR chooses another place")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--headwater", required=True, help="the product's release build")
    parser.add_argument("--cache", required=True, help="where the prepared requests are kept")
    parser.add_argument("--recovery", action="store_true", help="measure starts with a large journal")
    parser.add_argument("--outage", action="store_true", help="measure a sink that is down and comes back")
    parser.add_argument("--requests", type=int, default=70_000, help="distinct ones")
    parser.add_argument("--save", type=pathlib.Path, help="write the table to a file too")
    parser.add_argument("--strict", action="store_true", help="end with 1 when a goal is missed")
    options = parser.parse_args()
    # An end from outside cleans up as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("bench: terminated"))
    rows, all_met = [], True
    try:
        files, _ = bench.prepared(options)
        for wanted, measure in ((options.recovery, recovery), (options.outage, outage)):
            if wanted:
                with tempfile.TemporaryDirectory(prefix="headwater-bench-") as directory:
                    room(directory)
                    found, met = measure(options, files, pathlib.Path(directory))
                rows += found
                all_met = all_met and met
    except Wrong as wrong:
        sys.exit(f"bench: {wrong}")
    table = "\n".join([
        f"{os.cpu_count()} cores, Linux {platform.release()}; `fsync`, batches of {bench.BATCH} events and pixel requests, wrk with "
        f"{bench.THREADS} threads and {CONNECTIONS} connections.",
        "",
        "| | headwater | goal | |",
        "|---|---:|---|---|",
        *("| " + " | ".join(row) + " |" for row in rows),
    ]) + "\n"
    print(table, end="")
    if options.save:
        options.save.write_text(table)
    sys.exit(1 if options.strict and not all_met else 0)


if __name__ == "__main__":
    main()
