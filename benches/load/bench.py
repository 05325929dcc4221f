"""Loads the bare server and the product in turn, and prints what both do. Called by scripts/bench.

Sends to the loopback address only; every run is bounded in time. What the product answered is counted against what its
files hold: any difference ends with 1. Goals that are missed are printed, and end with 1 only under --strict.
"""
import argparse
import hashlib
import os
import pathlib
import platform
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import plan

HERE = pathlib.Path(__file__).resolve().parent
HOST = "127.0.0.1"
THREADS = 2
# Events of a batch.
BATCH = 50
TICKS = os.sysconf("SC_CLK_TCK")

CONFIGURATION = """
divolte {{
  global {{
    server {{ host = {host}, port = {port} }}
    admin {{ host = {host}, port = {admin} }}
    hdfs.enabled = true
    journal.durability = {durability}
  }}
  sources.browser.type = browser
  sources.app {{ type = json, event_path = /batch, batch = true, maximum_body_size = 262144 }}
  sinks.files {{ type = file, file_strategy {{ working_dir = "{work}", publish_dir = "{published}" }} }}
  mappings.events {{ sources = [browser, app], sinks = [files] }}
}}
"""


class Wrong(Exception):
    """Something that makes the whole run worthless."""


def free_port():
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def get(port, target):
    """Status and body of a GET; OSError while nobody listens."""
    with socket.create_connection((HOST, port), timeout=5) as connection:
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: {HOST}:{port}\r\nConnection: close\r\n\r\n".encode())
        reply = b""
        while part := connection.recv(65536):
            reply += part
    head, _, body = reply.partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), body.decode("latin-1")


class Server:
    """A server as a child process, from its start to its end."""

    def __init__(self, command, port, log):
        self.port = port
        self.log = open(log, "w+b")
        started = time.monotonic()
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        try:
            self.await_answer(started)
        except BaseException:
            self.__exit__()
            raise
        self.start_ms = (time.monotonic() - started) * 1000

    def await_answer(self, started):
        while True:
            try:
                get(self.port, "/ping")
                return
            except OSError:
                if self.process.poll() is not None:
                    raise Wrong(f"ended with {self.process.returncode} instead of listening:\n{self.output()}") from None
                if time.monotonic() - started > 30:
                    raise Wrong(f"does not listen:\n{self.output()}") from None
                time.sleep(0.0005)

    def output(self):
        self.log.flush()
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def peak_mib(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=120)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.log.close()


class Product(Server):
    """`headwater serve` with files below a directory."""

    def __init__(self, binary, directory, durability="none"):
        self.published = directory / "published"
        work = directory / "work"
        for path in (self.published, work):
            path.mkdir(parents=True)
        port, self.admin = free_port(), free_port()
        configuration = directory / "bench.conf"
        configuration.write_text(
            CONFIGURATION.format(
                host=HOST, port=port, admin=self.admin, durability=durability, work=work, published=self.published
            )
        )
        command = [binary, "serve", "-c", configuration, "--data", directory / "data"]
        super().__init__(command, port, directory / "output.log")

    def metric(self, name, label=""):
        """Sum of a metric over the lines that have a label."""
        status, text = get(self.admin, "/metrics")
        if status != 200:
            raise Wrong(f"/metrics answers {status}")
        lines = [line for line in text.splitlines() if re.match(rf"{name}(_total)?[ {{]", line) and label in line]
        return sum(float(line.rpartition(" ")[2]) for line in lines)

    def settled(self):
        """Events accepted, once no more come and the sink has stopped taking them. Some may be unsynced still."""
        before = None
        for _ in range(600):
            now = self.metric("headwater_events_accepted"), self.metric("headwater_sink_waiting_events")
            if now == before:
                return int(now[0])
            before = now
            time.sleep(0.3)
        raise Wrong("the sink does not come to rest")


class Viewer:
    """Somebody who follows the live page of a product."""

    def __init__(self, product):
        until = time.monotonic() + 10
        # It answers a moment before it prints.
        while (token := re.search(r"\?token=(\w+)\s", product.output())) is None:
            if time.monotonic() > until:
                raise Wrong(f"prints no token:\n{product.output()}")
            time.sleep(0.01)
        self.connection = socket.create_connection((HOST, product.admin), timeout=5)
        head = f"GET /live HTTP/1.0\r\nHost: {HOST}:{product.admin}\r\nAuthorization: Bearer {token[1]}\r\n\r\n"
        self.connection.sendall(head.encode())
        self.seen = 0
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        while part := self.connection.recv(1 << 20):
            self.seen += part.count(b'{"offset":')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.connection.close()


def result_of(output):
    """What wrk says at its end; every request must have been answered as it should."""
    line = next((line for line in output.splitlines() if line.startswith("RESULT")), None)
    if line is None:
        raise Wrong(f"wrk says:\n{output}")
    result = {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", line)}
    if result["failed"] or result["status"]:
        raise Wrong(f"requests failed: {line}")
    return result


def load(port, seconds, files, connections=64, batch=0):
    """One run of wrk: pixel requests, or batches of so many events."""
    command = ["wrk", f"-t{THREADS}", f"-c{connections}", f"-d{seconds}s", "--timeout", "5s", "-s"]
    script = [HERE / "batch.lua", batch] if batch else [HERE / "wrk.lua", *files]
    command += [script[0], f"http://{HOST}:{port}", "--", *map(str, script[1:])]
    output = subprocess.run(command, check=True, capture_output=True, text=True, timeout=seconds + 120).stdout
    return result_of(output)


def measure(server, options, files, settle, batch=0):
    """Warms a server up, loads it, and gives figures and the number of all events that were answered."""
    warm = load(server.port, options.warm, files, options.connections, batch)
    settle()
    before = server.cpu_seconds()
    run = load(server.port, options.seconds, files, options.connections, batch)
    settle()
    cpu = server.cpu_seconds() - before
    events = max(batch, 1)
    figures = {
        "requests/s": run["requests"] / run["microseconds"] * 1e6,
        "events/s": run["requests"] * events / run["microseconds"] * 1e6,
        "CPU seconds per million": cpu / (run["requests"] * events) * 1e6,
        "p50 ms": run["p50"] / 1000,
        "p99 ms": run["p99"] / 1000,
        "peak RSS MiB": server.peak_mib(),
    }
    return figures, (warm["requests"] + run["requests"]) * events


def records_in(path):
    """Number of records of an Avro file, by its block heads; every block must end with the file's marker."""
    data = path.read_bytes()
    at = 4

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return (value >> 1) ^ -(value & 1)

    if data[:4] != b"Obj\x01":
        raise Wrong(f"{path.name} is no Avro file")
    while count := number():
        for _ in range(abs(count) * 2):
            length = number()
            at += length
    marker, at, records = data[at : at + 16], at + 16, 0
    while at < len(data):
        records += number()
        length = number()
        at += length + 16
        if data[at - 16 : at] != marker:
            raise Wrong(f"{path.name} is torn at byte {at}")
    return records


def account(product, answered, unseen):
    """Stops the product; its files hold what it accepted, and it accepted what was answered. Gives that number. When wrk stops, each
    connection may have a request under way that it no longer counts: so many events at most are `unseen`."""
    accepted = product.settled()
    code = product.stop()
    if code != 0:
        raise Wrong(f"the orderly stop ended with {code}:\n{product.output()}")
    found = sum(records_in(path) for path in product.published.iterdir())
    if not answered <= accepted <= answered + unseen or found != accepted:
        raise Wrong(f"{answered} answered, {accepted} accepted, {found} in the files")
    return found


def allocations_per_event(binary, options, files):
    """Allocations and reallocations of the whole path: the difference of two runs, so that start and end do not count."""
    totals = []
    for seconds in (1, 4):
        with tempfile.TemporaryDirectory(prefix="headwater-bench-") as directory:
            with Product(binary, pathlib.Path(directory)) as product:
                answered = load(product.port, seconds, files)["requests"]
                events = account(product, answered, 64)
                said = re.findall(r"\b(?:re)?allocations: (\d+)", product.output())
                if len(said) != 2:
                    raise Wrong("the counting build does not say `allocations: N … reallocations: N`")
                totals.append((events, sum(map(int, said))))
    (few, small), (many, large) = totals
    if many <= few:
        raise Wrong("the longer run has fewer events")
    return (large - small) / (many - few)


def start_ms(binary):
    times = []
    for _ in range(5):
        with tempfile.TemporaryDirectory(prefix="headwater-bench-") as directory:
            with Product(binary, pathlib.Path(directory)) as product:
                times.append(product.start_ms)
                product.stop()
    return statistics.median(times)


def measure_watched(product, options, files):
    """As `measure`, with the live page open all the time."""
    with Viewer(product) as viewer:
        figures, answered = measure(product, options, files, product.settled)
    if viewer.seen == 0:
        raise Wrong("the live page shows nothing")
    return figures, answered


def rounds(options, files):
    """Figures of both servers, loaded in turn, of the product with more durability, and while somebody looks at its live
    page."""
    bare, own, watched = [], [], []
    durable = {durability: [] for durability in options.durability}
    batched = []
    unseen = 2 * options.connections
    for nth in range(1, options.rounds + 1):
        with tempfile.TemporaryDirectory(prefix="headwater-bench-") as directory:
            directory = pathlib.Path(directory)
            port = free_port()
            with Server([options.bare, "--port", str(port)], port, directory / "bare.log") as server:
                figures, _ = measure(server, options, files, lambda: None)
                bare.append(figures)
            with Product(options.headwater, directory / "product") as product:
                figures, answered = measure(product, options, files, product.settled)
                found = account(product, answered, unseen)
                own.append(figures)
            for durability, runs in durable.items():
                with Product(options.headwater, directory / durability, durability) as product:
                    figures, answered = measure(product, options, files, product.settled)
                    account(product, answered, unseen)
                    runs.append(figures)
            if options.batched:
                with Product(options.headwater, directory / "batched", "fsync") as product:
                    figures, answered = measure(product, options, files, product.settled, BATCH)
                    account(product, answered, unseen * BATCH)
                    batched.append(figures)
            if options.watched:
                with Product(options.headwater, directory / "watched") as product:
                    figures, answered = measure_watched(product, options, files)
                    account(product, answered, unseen)
                    watched.append(figures)
        print(
            f"round {nth}: bare {bare[-1]['requests/s']:,.0f}/s, headwater {own[-1]['requests/s']:,.0f}/s, "
            f"{found:,} events in the files",
            file=sys.stderr,
        )
    return bare, own, durable, batched, watched


def report(options, bare, own, durable, batched, watched, start, allocations, mean_bytes):
    """The table, and whether every goal is met."""

    def median(runs, name):
        return statistics.median(run[name] for run in runs)

    # Rounds are compared with themselves: what disturbs the machine disturbs both servers of a round.
    ratio = statistics.median(mine["requests/s"] / its["requests/s"] for its, mine in zip(bare, own))
    cpu, peak = median(own, "CPU seconds per million"), max(run["peak RSS MiB"] for run in own)
    goals = [ratio >= 0.75, cpu <= 11, peak <= 150, allocations is None or allocations <= 8, start <= 100]

    def verdict(met):
        return "met" if met else "missed"

    cpu_name = next(
        (line.partition(":")[2].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "unknown"
    )
    rows = [
        ("requests/s", f"{median(bare, 'requests/s'):,.0f}", f"{median(own, 'requests/s'):,.0f}", "≥ 0.75 ×",
         f"{ratio:.2f} ×, {verdict(goals[0])}"),
        ("CPU seconds per million events", f"{median(bare, 'CPU seconds per million'):.1f}", f"{cpu:.1f}", "≤ 11",
         verdict(goals[1])),
        ("p50, ms", f"{median(bare, 'p50 ms'):.2f}", f"{median(own, 'p50 ms'):.2f}", "", ""),
        ("p99, ms", f"{median(bare, 'p99 ms'):.2f}", f"{median(own, 'p99 ms'):.2f}", "", ""),
        ("peak RSS, MiB", f"{max(run['peak RSS MiB'] for run in bare):.0f}", f"{peak:.0f}", "≤ 150", verdict(goals[2])),
        ("allocations per event", "", "not measured" if allocations is None else f"{allocations:.2f}", "≤ 8",
         verdict(goals[3]) if allocations is not None else ""),
        ("start to first answer, ms", "", f"{start:.0f}", "≤ 100", verdict(goals[4])),
    ]
    for durability, runs in durable.items():
        of_bare = statistics.median(mine["requests/s"] / its["requests/s"] for its, mine in zip(bare, runs))
        of_none = statistics.median(mine["requests/s"] / its["requests/s"] for its, mine in zip(own, runs))
        rows.append((f"requests/s with `{durability}`", "", f"{median(runs, 'requests/s'):,.0f}", "",
                     f"{of_bare:.2f} × bare, {of_none:.2f} × `none`, {median(runs, 'CPU seconds per million'):.1f} CPU "
                     f"seconds per million, p99 {median(runs, 'p99 ms'):.1f} ms"))
    if batched:
        rows.append((f"events/s in batches of {BATCH} with `fsync`", "", f"{median(batched, 'events/s'):,.0f}", "≥ 250,000",
                     f"{median(batched, 'CPU seconds per million'):.1f} CPU seconds per million, p99 "
                     f"{median(batched, 'p99 ms'):.1f} ms, peak {max(run['peak RSS MiB'] for run in batched):.0f} MiB"))
    if watched:
        seen = statistics.median(mine["requests/s"] / its["requests/s"] for its, mine in zip(own, watched))
        more = median(watched, "CPU seconds per million") / cpu
        rows.append(("requests/s with the live page open", "", f"{median(watched, 'requests/s'):,.0f}", "",
                     f"{seen:.2f} × of those without, {more:.2f} × the CPU"))
    lines = [
        f"{os.cpu_count()} cores, {cpu_name}, Linux {platform.release()}; {options.rounds} rounds of {options.seconds} s "
        f"in turn, wrk with {THREADS} threads and {options.connections} connections, {options.requests:,} distinct requests of "
        f"{mean_bytes:.0f} bytes; medians over the rounds, the highest peak.",
        "",
        "| | bare server | headwater | goal | |",
        "|---|---:|---:|---|---|",
        *("| " + " | ".join(row) + " |" for row in rows),
    ]
    return "\n".join(lines) + "\n", all(goals)


def prepared(options):
    """The files of the load, made once per version of the plan; their mean length."""
    version = hashlib.sha256((HERE / "plan.py").read_bytes()).hexdigest()[:12]
    targets = pathlib.Path(options.cache) / f"bench-targets-{options.requests}-{version}"
    heads, mean = targets.with_suffix(".heads"), targets.with_suffix(".mean")
    if not mean.exists():
        print("preparing the requests, once", file=sys.stderr)
        length = plan.write(targets, options.requests)
        plan.write_heads(heads)
        mean.write_text(str(length))
    return (targets, heads), float(mean.read_text())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--headwater", required=True, help="the product's release build")
    parser.add_argument("--bare", required=True, help="the bare server's release build")
    parser.add_argument("--counting", help="a release build that counts allocations")
    parser.add_argument("--cache", required=True, help="where the prepared requests are kept")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=8, help="of each measured run")
    parser.add_argument("--warm", type=int, default=2, help="seconds before each")
    parser.add_argument("--requests", type=int, default=70_000, help="distinct ones")
    parser.add_argument("--durability", action="append", default=[], choices=["flush", "fsync"],
                        help="load the product once more with it; repeatable")
    parser.add_argument("--connections", type=int, default=64, help="of the load")
    parser.add_argument("--batched", action="store_true",
                        help=f"load the product once more with batches of {BATCH} events and fsync")
    parser.add_argument("--watched", action="store_true", help="load the product once more, with its live page open")
    parser.add_argument("--save", type=pathlib.Path, help="write the table to a file too")
    parser.add_argument("--strict", action="store_true", help="end with 1 when a goal is missed")
    options = parser.parse_args()
    if options.requests < 60_000 or not 1 <= options.seconds <= 60 or not 1 <= options.rounds <= 20:
        parser.error("at least 60,000 requests, 1 to 60 seconds, 1 to 20 rounds")
    files, mean_bytes = prepared(options)
    try:
        start = start_ms(options.headwater)
        bare, own, durable, batched, watched = rounds(options, files)
        allocations = allocations_per_event(options.counting, options, files) if options.counting else None
    except Wrong as wrong:
        sys.exit(f"bench: {wrong}")
    table, met = report(options, bare, own, durable, batched, watched, start, allocations, mean_bytes)
    print(table, end="")
    if options.save:
        options.save.write_text(table)
    sys.exit(1 if options.strict and not met else 0)


if __name__ == "__main__":
    main()
