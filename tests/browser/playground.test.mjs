// The playground: a draft is checked and tried while it is written, hostile events are text, and strangers are turned away.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, request } from "node:http";
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

  // The hint is followed by a click, and taken back by a key.
  await session.click("#diagnostics .apply");
  await session.until(() => !document.querySelector("#diagnostics .wrong") && document.querySelector("#record tbody tr"));
  assert.deepEqual((await record(session)).location, first.location);

  // Changed: the record follows.
  await type(session, "script", "location()", "referer()");
  await session.until(() =>
    [...document.querySelectorAll("#record tbody tr")].some((row) => row.cells[0].textContent === "location" && row.cells[1].textContent === '"https://search.example/"'));
  await type(session, "requests", null, "/csc-event?p=0\n");
  await session.until(() => document.getElementById("outcome").textContent.includes("party_id is missing"));
  await session.click("#reset");
  assert.deepEqual(session.requests.filter((url) => url.startsWith("http") && !url.startsWith(`${server.page}/`)), []);
  assert.deepEqual(session.errors, []);
});

/** A page of another site with the tracker in it; `until` it was looked at. */
async function site(tracker) {
  const server = createServer((_, response) => {
    response.setHeader("Content-Type", "text/html; charset=utf-8");
    response.end(`<!doctype html><title>Boats</title><h1>Boats</h1><script src="${tracker}" defer></script>`);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { page: `http://localhost:${server.address().port}/boats?colour=red`, close: () => server.close() };
}

const live = (session) =>
  session.evaluate(() => [...document.querySelectorAll("#live button")].map((row) => [...row.children].slice(1).map((cell) => cell.textContent)));

inBrowsers("what pages send is shown as it comes", { start: startPlayground }, async ({ server, session, size, browser }) => {
  const boats = await site(`${server.collect}/divolte.js`);
  try {
    await session.goto(boats.page);
    await session.until(() => document.cookie.includes("_dvs"));
    await look(server, session);
    await session.until(() => document.querySelectorAll("#live li").length === 1);
    assert.deepEqual(await live(session), [["pageView", boats.page, "GET /csc-event"]]);

    // Clicked at, it is what is mapped.
    await session.click("#live button");
    await session.until((page) => document.getElementById("record").textContent.includes(page), boats.page);
    const made = await record(session);
    assert.equal(made.location[0], JSON.stringify(boats.page));
    assert.equal(made.eventType[0], '"pageView"');
    assert.equal(made.detectedCorruption[0], "false", "the checksum is right");
    const lines = await session.evaluate(() => document.querySelector("#script-editor textarea").value.split("\n"));
    assert.match(lines[Number(made.location[1]) - 1], /map location\(\)/, "the line that set it");
    assert.match(await session.evaluate(() => document.querySelector("#requests-editor textarea").value), /"user-agent": "Mozilla/);
    assert.equal(await session.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, "no sideways scrolling");

    // What an application sends comes while the page is open; followed, it is shown by itself.
    await session.click("#follow");
    const event = { session_id: "0:k0000000:s", event_id: "1", event_type: "rented", is_new_party: true, is_new_session: true,
      client_timestamp_iso: "2030-01-01T12:00:00Z", parameters: { boat: "Swan 7" } };
    const sent = await fetch(`${server.collect}/event?p=0:k0000000:p`, { method: "POST", body: JSON.stringify(event), headers: { "Content-Type": "application/json" } });
    assert.equal(sent.status, 204);
    await session.until(() => document.getElementById("record").textContent.includes('"rented"'));
    assert.deepEqual((await live(session))[0], ["rented", "", "POST /event"]);

    // The older one is still there to go back to.
    await session.click("#live li:last-child button");
    await session.until((page) => document.getElementById("record").textContent.includes(page), boats.page);
    if (pictures) await session.screenshot(`${pictures}/playground-live-${browser}-${size.name}.png`, true);
    assert.deepEqual(session.errors, []);
  } finally {
    boats.close();
  }
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
  // The same as a request, and as one that makes no event.
  const query = new URLSearchParams({ p: "0:k0000000:p", s: hostile, v: hostile, e: hostile, t: hostile, l: hostile, n: "t", f: "t" });
  await fetch(`${server.collect}/csc-event?${query}`, { headers: { "X-Odd": hostile.replace(/[^ -~]/g, "") } });
  await fetch(`${server.collect}/event?${query}`, { method: "POST", body: hostile, headers: { "Content-Type": "application/json" } });
  await session.until(() => document.querySelectorAll("#live button").length === 2);
  await session.click("#live button");
  await session.click("#live li:last-child button");
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
    ["/live?after=0", {}, "GET", 401],
    ["/live?after=0", { Authorization: `Bearer ${token}`, Host: "evil.example" }, "GET", 421],
    ["/live?after=0", { Authorization: `Bearer ${token}`, Origin: "http://evil.example" }, "GET", 403],
    ["/live?after=0", { Authorization: `Bearer ${token}` }, "GET", 200],
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
