// The playground: a draft is checked and tried while it is written, hostile events are text, and strangers are turned away.
import assert from "node:assert/strict";
import { request } from "node:http";
import { fileURLToPath } from "node:url";
import { DESKTOP } from "./browsers.mjs";
import { inBrowsers } from "./harness.mjs";
import { startPlayground } from "./server.mjs";

const own = Object.entries({ schema_file: "admin.avsc", mapping_script_file: "admin.groovy" }).flatMap(([key, file]) => [
  "--set",
  `divolte.mappings.default.${key}=${fileURLToPath(new URL(file, import.meta.url))}`,
]);
const pictures = process.env.HEADWATER_SCREENSHOTS;

/** Opens the link that was printed, and waits for the first answer. */
async function look(server, session) {
  await session.goto(server.link);
  await session.until(() => document.querySelector("#record tbody tr") !== null);
}

/** Puts a text in the place of another, as if it were typed. */
const type = (session, editor, from, to) =>
  session.evaluate((name, from, to) => {
    const area = document.querySelector(`#${name}-editor textarea`);
    area.value = from === null ? to : area.value.replace(from, to);
    area.dispatchEvent(new Event("input", { bubbles: true }));
  }, editor, from, to);

const record = (session) =>
  session.evaluate(() =>
    Object.fromEntries([...document.querySelectorAll("#record tbody tr")].map((row) => [row.cells[0].textContent, [row.cells[1].textContent, row.cells[2].textContent]])));

inBrowsers("a draft is tried while it is written", { start: startPlayground }, async ({ server, session, size, browser }) => {
  await look(server, session);
  assert.equal(await session.evaluate(() => location.href), `${server.page}/`, "the token leaves the address");
  const first = await record(session);
  assert.equal(first.location[0], '"https://shop.example.com/kettles?colour=red"');
  const lines = await session.evaluate(() => document.querySelector("#script-editor textarea").value.split("\n"));
  assert.match(lines[Number(first.location[1]) - 1], /location\(\)/, "the line that set it");
  assert.equal(await session.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, "no sideways scrolling");
  if (pictures) await session.screenshot(`${pictures}/playground-${browser}-${size.name}.png`, true);

  // A mistake is marked where it is, with a way to it.
  await type(session, "script", "location()", "locaton()");
  await session.until(() => document.querySelector("#diagnostics .wrong") && document.getElementById("state").textContent.includes("error"));
  assert.match(await session.text("#diagnostics .wrong"), /script:\d+:\d+.*locaton/);
  assert.equal(await session.text("#script-editor .mark-wrong"), "locaton()".slice(0, (await session.text("#script-editor .mark-wrong")).length));
  if (pictures) await session.screenshot(`${pictures}/playground-wrong-${browser}-${size.name}.png`, true);
  await session.click("#diagnostics button");
  assert.equal(await session.evaluate(() => document.activeElement.getAttribute("aria-label")), "Script");

  // Mended, and changed: the record follows.
  await type(session, "script", "locaton()", "referer()");
  await session.until(() => !document.querySelector("#diagnostics .wrong") && document.querySelector("#record tbody tr"));
  assert.equal((await record(session)).location[0], '"https://search.example/"');
  await type(session, "requests", null, "/csc-event?p=0\n");
  await session.until(() => document.getElementById("outcome").textContent.includes("party_id is missing"));
  await session.click("#reset");
  assert.deepEqual(session.requests.filter((url) => url.startsWith("http") && !url.startsWith(`${server.page}/`)), []);
  assert.deepEqual(session.errors, []);
});

// Tries to run as markup, as script, in an attribute, in a style, and to turn the text around.
const hostile = `</script><img src=x onerror="window.hit=1"><svg onload=window.hit=1></svg><script>window.hit=1</script>` +
  `<iframe src="javascript:parent.hit=1"></iframe>'"><a href="javascript:window.hit=1">\${hit=1}{{hit=1}}</style>\u202e`;

inBrowsers("a hostile event is text", { sizes: [DESKTOP], start: startPlayground, args: own }, async ({ server, session }) => {
  await session.goto(server.link);
  await session.until(() => document.getElementById("work").hidden === false);
  const event = { event_type: hostile, location: `javascript:${hostile}`, referer: hostile, remote_host: hostile, parameters: { [hostile]: hostile } };
  await type(session, "requests", null, JSON.stringify(event));
  await session.until(() => document.getElementById("record").textContent.includes("onerror"));
  await session.click("#trace summary");
  await type(session, "script", null, `mapping { map ${hostile} onto '${hostile}' }`);
  await session.until(() => document.querySelector("#diagnostics .wrong"));
  const found = await session.evaluate(() => ({
    elements: document.querySelectorAll("main img, main svg, main iframe, main a, main script").length,
    hit: window.hit ?? "not hit",
  }));
  assert.deepEqual(found, { elements: 0, hit: "not hit" });
  assert.deepEqual(session.errors, []);
});

/** Status of a request as a client without manners sends it. */
const ask = (page, path, headers, method = "GET") =>
  new Promise((resolve, reject) => {
    const sent = request(page + path, { method, headers }, (response) => {
      response.resume().on("end", () => resolve(response.statusCode));
    });
    sent.on("error", reject);
    sent.end();
  });

inBrowsers("strangers are turned away", { sizes: [DESKTOP], start: startPlayground }, async ({ server, session }) => {
  const { page, link } = server;
  const token = link.split("=")[1];
  for (const [path, headers, method, status] of [
    ["/", {}, "GET", 401],
    ["/start", {}, "GET", 401],
    ["/try", {}, "POST", 401],
    ["/start", { Authorization: `Bearer ${token}` }, "GET", 200],
    ["/start", { Authorization: `Bearer ${token}`, Host: "evil.example" }, "GET", 421],
    ["/start", { Authorization: `Bearer ${token}`, Origin: "http://evil.example" }, "GET", 403],
    ["/start", { Authorization: `Bearer ${token}`, "Sec-Fetch-Site": "cross-site" }, "GET", 403],
    ["/try", { Authorization: `Bearer ${token}` }, "GET", 405],
  ]) {
    assert.equal(await ask(page, path, headers, method), status, `${method} ${path} ${JSON.stringify(headers)}`);
  }
  await session.goto(`${page}/`);
  await session.until(() => document.getElementById("gate").hidden === false);
  await session.evaluate((token) => { document.getElementById("token").value = token; }, token);
  await session.click("#unlock button");
  await session.until(() => document.querySelector("#record tbody tr") !== null);
});
