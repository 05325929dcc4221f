// Starts the program that is under test, in a directory of its own, and reads what it has written.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { get } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const { HEADWATER_PYTHON: python } = process.env;
const program = process.env.HEADWATER_PROGRAM && resolve(process.env.HEADWATER_PROGRAM);
const reader = fileURLToPath(new URL("../suite/read_avro.py", import.meta.url));

/** Generous: the machine may be busy. */
const START_PATIENCE_MILLIS = 30_000;

/** A port that nobody listens on, outside the range of which the kernel takes ports for outgoing connections. */
async function freePort() {
  for (;;) {
    const port = 11_000 + Math.floor(Math.random() * 19_000);
    const probe = createServer().listen(port, "127.0.0.1");
    const [event] = await Promise.race([
      once(probe, "listening").then(() => ["listening"]),
      once(probe, "error").then(() => ["error"]),
    ]);
    if (event === "error") continue;
    probe.close();
    return port;
  }
}

/** Whether something answers `/ping`. */
function answers(port) {
  return new Promise((resolve) => {
    const request = get({ port, host: "127.0.0.1", path: "/ping", timeout: 2000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on("error", () => resolve(false));
    request.on("timeout", () => request.destroy());
  });
}

/**
 * The program with these arguments behind `serve`, once it answers:
 * `page` and `admin` are the addresses of its listeners, `output()` is what it has printed, `stop()` ends it in order
 * and gives the records that it has published, `kill()` ends it at once.
 */
export async function startServer({ args = [] } = {}) {
  if (!program || !python) throw new Error("scripts/test names the program and the Python that read it");
  const directory = mkdtempSync(join(tmpdir(), "headwater-browser-"));
  const [port, admin] = [await freePort(), await freePort()];
  const settings = [
    `divolte.global.admin.port=${admin}`,
    // On a busy machine an answer may take longer than pages wait for it, and later events would overtake it.
    "divolte.sources.browser.javascript.event_timeout=20 seconds",
  ].flatMap((setting) => ["--set", setting]);
  const environment = { PATH: process.env.PATH, HOME: process.env.HOME, DIVOLTE_PORT: String(port) };
  const child = spawn(program, ["serve", ...settings, ...args], { cwd: directory, env: environment });
  const { ended, output, kill } = watch(child, directory);
  const until = Date.now() + START_PATIENCE_MILLIS;
  while (!(await answers(port))) {
    if (child.exitCode !== null || Date.now() > until) {
      await kill();
      throw new Error(`the program does not answer:\n${output()}`);
    }
    await pause(20);
  }
  return {
    page: `http://localhost:${port}`,
    admin: `http://localhost:${admin}`,
    directory,
    output,
    kill,
    async stop() {
      child.kill("SIGTERM");
      const [code] = await ended;
      if (code !== 0) throw new Error(`ended with ${code}:\n${output()}`);
      const records = published(join(directory, "data", "events")).flatMap(readRecords);
      rmSync(directory, { recursive: true, force: true });
      return records;
    },
  };
}

/** A child process: `ended` when it has, what it has printed so far, and its end together with that of its directory. */
function watch(child, directory) {
  const ended = once(child, "exit");
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => (printed += text));
  }
  const kill = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    await ended;
    rmSync(directory, { recursive: true, force: true });
  };
  return { ended, output: () => printed, kill };
}

/**
 * The playground with these arguments, once it has printed its link: `link`, `page`, `collect` (where it takes requests),
 * `output()` and `kill()`.
 */
export async function startPlayground({ args = [] } = {}) {
  if (!program) throw new Error("scripts/test names the program");
  const directory = mkdtempSync(join(tmpdir(), "headwater-browser-"));
  const environment = { PATH: process.env.PATH, HOME: process.env.HOME };
  const collecting = await freePort();
  const listen = ["--listen", `127.0.0.1:${await freePort()}`, "--collect", `127.0.0.1:${collecting}`];
  const child = spawn(program, ["playground", ...listen, ...args], { cwd: directory, env: environment });
  const { ended, output, kill } = watch(child, directory);
  const until = Date.now() + START_PATIENCE_MILLIS;
  for (;;) {
    const [link, page] = /(http:\S+)\/\?token=\w+\s/.exec(output()) ?? [];
    if (link) return { link: link.trim(), page, collect: `http://127.0.0.1:${collecting}`, output, kill };
    if (child.exitCode !== null || Date.now() > until) {
      await kill();
      throw new Error(`the playground does not start:\n${output()}`);
    }
    await pause(20);
  }
}

function published(directory) {
  const files = readdirSync(directory).filter((name) => name.endsWith(".avro"));
  return files.sort().map((name) => join(directory, name));
}

/** The records of a container file, as fastavro reads them. */
function readRecords(path) {
  return JSON.parse(execFileSync(python, [reader, path], { maxBuffer: 1 << 26 })).records;
}
