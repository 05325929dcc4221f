"""Keeps the product at half load for some minutes, with clients that come, go and misbehave. Called by scripts/soak.

Every ten seconds it notes memory, descriptors and latency, and at the end says whether they are flat: the trend over the
whole run, start aside, must stay within the bounds of FLAT. What was accepted is counted against what the files hold.
Sends to the loopback address only.
"""
import argparse
import os
import pathlib
import platform
import random
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import bench
from bench import HOST, Wrong

SAMPLE_SECONDS = 10
CONNECTIONS = 128
# Part of the samples at the start that tell how the program warms up, not whether it grows.
WARM = 0.2
# How far each may drift over the run: part of its mean, and what is noise in any case.
# Between two loads the connections are those of the bad clients, which come and go.
FLAT = {
    "RSS MiB": (0.05, 8.0),
    "connections": (0.25, 100.0),
    "descriptors beside": (0.05, 8.0),
    "p50 ms": (0.25, 0.3),
    "p99 ms": (0.5, 3.0),
}

STRATEGY = 'working_dir = "{work}", publish_dir = "{published}"'
LIMITS = "limits { head_timeout = 2 seconds, body_timeout = 2 seconds, idle_timeout = 20 seconds }"

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"


def frame(kind, flags, stream, payload):
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


def rapid_resets():
    """Requests that are taken back at once."""
    block = b"\x82\x86\x84\x01\x01a"
    streams = range(1, 400, 2)
    return PREFACE + b"".join(frame(1, 5, s, block) + frame(3, 0, s, bytes((0, 0, 0, 8))) for s in streams)


# What bad clients send; none of it is an event.
BAD = [
    b"",
    b"GARBAGE\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(40),
    b"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /csc-event?p=%4 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /ping HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET /ping HTTP/1.1\r\n\r\n",
    b"GET /?" + b"a&" * 3000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /?" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /ping HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
    b"GET /ping HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * 400 + b"\r\n",
    b"GET /pi",
    b"POST /csc-event HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nhalf",
    rapid_resets(),
    PREFACE + frame(6, 0, 0, bytes(8)) * 500,
    PREFACE + frame(0, 0, 1, b"x"),
]


class Crowd:
    """Bad clients and good ones that are killed, until it is left."""

    def __init__(self, port, files):
        self.port, self.files = port, files
        self.stop = threading.Event()
        self.bad = self.killed = 0
        self.threads = [threading.Thread(target=self.misbehave, args=(seed,)) for seed in range(4)]
        self.threads.append(threading.Thread(target=self.restart))

    def misbehave(self, seed):
        rng = random.Random(seed)
        while not self.stop.wait(0.05):
            try:
                with socket.create_connection((HOST, self.port), timeout=2) as connection:
                    connection.sendall(rng.choice(BAD))
                    if rng.random() < 0.3:
                        # Until the server's patience is over, or just gone.
                        connection.settimeout(rng.choice((0.1, 5)))
                        while connection.recv(65536):
                            pass
            except OSError:
                pass
            self.bad += 1

    def restart(self):
        """A client that is killed every few seconds, in the middle of its requests."""
        while not self.stop.is_set():
            command = ["wrk", "-t1", "-c16", "-d60s", "-s", bench.HERE / "wrk.lua", f"http://{HOST}:{self.port}", "--"]
            # As slow as the others, and of no weight beside them.
            with subprocess.Popen(
                [*command, *self.files, "50"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            ) as client:
                self.stop.wait(3)
                client.kill()
            self.killed += 1

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()


class Published:
    """Counts the records of published files and removes them, so that a long run does not fill the disk."""

    def __init__(self, directory):
        self.directory, self.records = directory, 0

    def take(self):
        for path in sorted(self.directory.glob("*.avro")):
            self.records += bench.records_in(path)
            path.unlink()


def load(port, seconds, files, delay):
    """One run of wrk with a pause of `delay` milliseconds before each request of a connection."""
    command = ["wrk", f"-t{bench.THREADS}", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "5s"]
    command += ["-s", bench.HERE / "wrk.lua", f"http://{HOST}:{port}", "--", *files, str(delay)]
    output = subprocess.run(command, check=True, capture_output=True, text=True, timeout=seconds + 120).stdout
    result = {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", output)}
    if result.get("failed", 1) or result["status"]:
        raise Wrong(f"good requests failed:\n{output}")
    return result


def paced(port, files):
    """The full rate, and the pause that makes it about half."""
    full = load(port, 3, files, 0)
    rate = full["requests"] / full["microseconds"] * 1e6
    return rate, max(1, round(CONNECTIONS / (rate / 2) * 1000))


def sample(product, run, started):
    pid = product.process.pid
    pages = int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1])
    # Descriptors first: connections that open in between are no leak.
    descriptors = len(os.listdir(f"/proc/{pid}/fd"))
    connections = product.metric("headwater_connections")
    return {
        "s": time.monotonic() - started,
        "requests/s": run["requests"] / run["microseconds"] * 1e6,
        "RSS MiB": pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20),
        "connections": connections,
        "descriptors beside": max(0, descriptors - connections),
        "p50 ms": run["p50"] / 1000,
        "p99 ms": run["p99"] / 1000,
    }


def slope(samples, name):
    """Least squares: change per second."""
    times = [each["s"] for each in samples]
    values = [each[name] for each in samples]
    middle = statistics.fmean(times)
    spread = sum((each - middle) ** 2 for each in times)
    return sum((at - middle) * value for at, value in zip(times, values)) / spread


def verdicts(samples):
    """For each figure its row, and whether it is flat."""
    kept = samples[int(len(samples) * WARM):]
    lasted = kept[-1]["s"] - kept[0]["s"]
    for name, (part, noise) in FLAT.items():
        values = [each[name] for each in kept]
        drift = slope(kept, name) * lasted
        flat = drift <= max(part * statistics.fmean(values), noise)
        row = (name, f"{kept[0][name]:.1f}", f"{statistics.median(values):.1f}", f"{max(values):.1f}",
               f"{kept[-1][name]:.1f}", f"{drift / lasted * 60:+.2f}", "flat" if flat else "grows")
        yield row, flat


def soak(options, files, directory):
    with bench.Product(options.headwater, directory) as product:
        published = Published(product.published)
        full, delay = paced(product.port, files)
        samples, started = [], time.monotonic()
        with Crowd(product.port, files) as crowd:
            while time.monotonic() - started < options.minutes * 60:
                run = load(product.port, SAMPLE_SECONDS, files, delay)
                samples.append(sample(product, run, started))
                published.take()
                print("  ".join(f"{name} {value:,.1f}" for name, value in samples[-1].items()), file=sys.stderr)
        accepted = product.settled()
        refused = product.metric("headwater_bad_requests")
        if product.stop() != 0:
            raise Wrong(f"the orderly stop failed:\n{product.output()}")
        published.take()
        if published.records != accepted:
            raise Wrong(f"{accepted} events accepted, {published.records} in the files")
    return samples, full, (crowd.bad, crowd.killed, refused, accepted)


def report(samples, full, counts):
    bad, killed, refused, accepted = counts
    rate = statistics.median(each["requests/s"] for each in samples)
    rows = list(verdicts(samples))
    return "\n".join([
        f"{os.cpu_count()} cores, Linux {platform.release()}; {samples[-1]['s'] / 60:.1f} minutes at {rate:,.0f} requests/s "
        f"({rate / full:.2f} × of {full:,.0f}) over {CONNECTIONS} connections that are opened anew every "
        f"{SAMPLE_SECONDS} s; {bad:,} bad clients ({refused:,.0f} refusals), {killed} good ones killed; {accepted:,} events, all in "
        "the files.",
        "",
        "| | at first | median | highest | at last | trend per minute | |",
        "|---|---:|---:|---:|---:|---:|---|",
        *("| " + " | ".join(row) + " |" for row, _ in rows),
    ]) + "\n", all(flat for _, flat in rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("minutes", type=float, nargs="?", default=10)
    parser.add_argument("--headwater", required=True, help="the product's release build")
    parser.add_argument("--cache", required=True, help="where the prepared requests are kept")
    parser.add_argument("--requests", type=int, default=70_000, help="distinct ones")
    parser.add_argument("--save", type=pathlib.Path, help="write the table to a file too")
    options = parser.parse_args()
    if not 1 <= options.minutes <= 24 * 60:
        parser.error("between one minute and a day")
    bench.CONFIGURATION = bench.CONFIGURATION.replace(STRATEGY, STRATEGY + ", roll_every = 30 seconds")
    limits = LIMITS.replace("{", "{{").replace("}", "}}")
    bench.CONFIGURATION = bench.CONFIGURATION.replace("port = {port} }}", f"port = {{port}}, {limits} }}}}", 1)
    files, _ = bench.prepared(options)
    try:
        with tempfile.TemporaryDirectory(prefix="headwater-soak-") as directory:
            samples, full, counts = soak(options, files, pathlib.Path(directory))
    except Wrong as wrong:
        sys.exit(f"soak: {wrong}")
    table, flat = report(samples, full, counts)
    print(table, end="")
    if options.save:
        options.save.write_text(table)
    sys.exit(0 if flat else 1)


if __name__ == "__main__":
    main()
