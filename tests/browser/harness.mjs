// What every test file starts from: one test per browser and size, each with a server and a session of its own.
//
// A new topic is a new file `TOPIC.test.mjs` beside this one; `scripts/test` runs them all. To run one while writing it:
//   . scripts/prepare && prepare_python && prepare_browsers
//   cargo build && HEADWATER_PROGRAM=target/debug/headwater node --test tests/browser/TOPIC.test.mjs
import { test } from "node:test";
import { BROWSERS, DESKTOP, PHONE, openBrowser } from "./browsers.mjs";
import { startServer } from "./server.mjs";

/** Starting a browser takes seconds, on a busy machine many. */
const TIMEOUT_MILLIS = 180_000;

/**
 * Runs the task in each browser, at each of the sizes. It gets `server` (see `startServer`), `session` (see
 * `browsers.mjs`), `size`, `browser` (the name), and ends the server by `server.stop()` when it wants the records.
 * `args` go to the program, `start` starts another server than `startServer`, all else to `openBrowser`.
 */
export function inBrowsers(title, { sizes = [DESKTOP, PHONE], args, start = startServer, ...how } = {}, task) {
  for (const browser of Object.keys(BROWSERS)) {
    for (const size of sizes) {
      test(`${title} (${browser}, ${size.name})`, { timeout: TIMEOUT_MILLIS }, async () => {
        const server = await start({ args });
        let session;
        try {
          session = await openBrowser(browser, { size, ...how });
          await task({ server, session, size, browser });
        } catch (error) {
          error.message += `\nerrors in the browser: ${session?.errors.join("; ")}\nthe program:\n${server.output()}`;
          throw error;
        } finally {
          await session?.close();
          await server.kill();
        }
      });
    }
  }
}
