// The live page of the admin listener: the numbers of a visit, hostile events, and who is turned away.
import assert from "node:assert/strict";
import { request } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { DESKTOP, openBrowser } from "./browsers.mjs";
import { inBrowsers } from "./harness.mjs";
import { Shop } from "./shop.mjs";

/** The token that the program has printed; it answers a moment before it prints. */
async function tokenOf(server) {
  for (let tries = 0; tries < 1000; tries += 1) {
    const [, token] = /\?token=(\w+)\s/.exec(server.output()) ?? [];
    if (token) return token;
    await pause(10);
  }
  throw new Error("no token");
}

/** Opens the live page as the printed link does, and waits until it follows. */
async function look(server, session) {
  await session.goto(`${server.admin}/?token=${await tokenOf(server)}`);
  await session.until(() => document.getElementById("connection").textContent === "live");
}

/** Sends one request as a client without manners; gives its status. */
function send(page, path, { method = "GET", headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const sent = request(page + path, { method, headers }, (response) => {
      response.resume().on("end", () => resolve(response.statusCode));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

/** What the browser has asked of anybody else. */
const outside = (server, session) =>
  session.requests.filter((url) => url.startsWith("http") && !url.startsWith(`${server.admin}/`));

const count = (values) =>
  values.reduce((counts, value) => ({ ...counts, [value]: (counts[value] ?? 0) + 1 }), {});

inBrowsers("the live page shows the numbers of a visit", {}, async ({ server, session, size, browser }) => {
  await look(server, session);
  assert.equal(await session.evaluate(() => location.href), `${server.admin}/`, "the token leaves the address");
  const visitor = await openBrowser(browser, { size });
  const types = ["pageView", "pageView", "pageView", "view_item", "add_to_cart", "pageView", "view_cart"];
  try {
    const shop = new Shop(visitor, server.page);
    await shop.open();
    await shop.toProducts();
    await shop.toProduct("kingfisher-canoe");
    await shop.add(2);
    await shop.toCart();
  } finally {
    await visitor.close();
  }
  await session.until((wanted) => document.querySelectorAll("#records > li").length === wanted, types.length);
  const shown = await session.evaluate(() =>
    [...document.querySelectorAll("#records > li")].map((row) => row.querySelector(".type").textContent),
  );
  assert.deepEqual(shown, types.toReversed(), "newest first");
  // A second is told when it is over, totals when the file is synced.
  await session.until(
    (wanted) =>
      ["accepted", "delivered"].every((id) => document.getElementById(id).textContent === wanted) &&
      [...document.querySelectorAll("#legend > li")].reduce((sum, row) => sum + Number(row.dataset.minute), 0) ===
        Number(wanted),
    String(types.length),
  );
  const minute = await session.evaluate(() =>
    Object.fromEntries([...document.querySelectorAll("#legend > li")].map((row) => [row.dataset.type, Number(row.dataset.minute)])),
  );
  assert.deepEqual(minute, count(types));
  const totals = await session.evaluate(() =>
    Object.fromEntries([...document.querySelectorAll('[data-sink="files"] [data-mapping="default"] .counts > div')]
      .map((pair) => [pair.querySelector("dt").textContent, pair.querySelector("dd").textContent])),
  );
  assert.equal(totals.delivered, String(types.length));
  assert.equal(totals["dead letters"], "0");
  const texts = await session.evaluate(() => ["health", "durability", "dead", "waiting"].map((id) => document.getElementById(id).textContent));
  assert.deepEqual(texts, ["healthy", "flush", "0", "0"]);
  assert.ok(await session.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), "nothing to scroll sideways");

  await session.click("#records > li:first-child summary");
  await session.find("#records .fields");
  const fields = await session.evaluate(() =>
    Object.fromEntries([...document.querySelectorAll("#records .fields > div")].map((pair) => [...pair.children].map((part) => part.textContent))),
  );
  assert.deepEqual([outside(server, session), session.errors], [[], []]);
  // The token stays with the tab.
  await session.reload();
  await session.until((wanted) => document.querySelectorAll("#records > li").length === wanted, types.length);
  const records = await server.stop();
  assert.equal(records.length, types.length);
  const last = records.at(-1);
  assert.equal(fields.remoteHost, last.remoteHost.replace(/\d+$/, "x"), "the address is cut");
  for (const field of ["location", "partyId", "eventType", "timestamp", "viewportPixelWidth"]) {
    assert.equal(fields[field], String(last[field]), field);
  }
  await session.until(() => document.getElementById("connection").textContent === "no connection");
});

// Tries to run as markup, as script, in an attribute, in a style, and to turn the text around.
const hostile = `</script><img src=x onerror="window.hit=1"><svg onload=window.hit=1></svg><script>window.hit=1</script>` +
  `<iframe src="javascript:parent.hit=1"></iframe>'"><a href="javascript:window.hit=1">\${hit=1}{{hit=1}}</style>\u202e`;
const asShown = hostile.replace("\u202e", "\u27e8U+202E\u27e9");
const own = Object.entries({ schema_file: "admin.avsc", mapping_script_file: "admin.groovy" }).flatMap(([key, file]) => [
  "--set",
  `divolte.mappings.default.${key}=${fileURLToPath(new URL(file, import.meta.url))}`,
]);

inBrowsers("a hostile event is text", { sizes: [DESKTOP], args: own }, async ({ server, session }) => {
  await look(server, session);
  const id = (time) => `0:${time}:${hostile.replaceAll(":", "")}`;
  // Headers are Latin-1.
  const headers = { "User-Agent": hostile.replace("\u202e", "") };
  const query = new URLSearchParams({
    p: id("kcxgvgzh"), s: id("kcxh0qzs"), v: hostile, e: hostile, c: "kcxh0qzs", n: "f", f: "f", x: "1",
    l: `http://x.test/${hostile}`, r: `javascript:${hostile}`, t: hostile, u: `(s${hostile}!${hostile}!)`, [hostile]: hostile,
  });
  assert.equal(await send(server.page, `/csc-event?${query}`, { headers }), 200);
  const body = JSON.stringify({
    session_id: id("kcxh0qzs"), event_id: hostile, event_type: hostile, is_new_party: false, is_new_session: false,
    client_timestamp_iso: "2020-07-22T16:37:22.286+02:00", parameters: { [hostile]: hostile },
  });
  const json = { ...headers, "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) };
  assert.equal(await send(server.page, `/event?p=${encodeURIComponent(id("kcxgvgzh"))}`, { method: "POST", headers: json, body }), 204);

  await session.until(() => document.querySelector("#records > li") && document.querySelector("#letters > li"));
  await session.until(() => document.querySelector("#legend > li") && document.querySelector(".counts .dead"));
  await session.click("#records summary");
  await session.click("#letters summary");
  await session.until(() => document.querySelector("#records .fields") && document.querySelector("#letters .fields"));
  const { fields, letter, types, elements, hit } = await session.evaluate(() => {
    const pairs = (list) =>
      Object.fromEntries([...document.querySelectorAll(`${list} .fields > div`)].map((pair) => [...pair.children].map((part) => part.textContent)));
    return {
      fields: pairs("#records"),
      letter: { ...pairs("#letters"), reason: document.querySelector("#letters .gist").textContent },
      types: [...document.querySelectorAll("#records .type, #letters .type, #legend .name")].map((type) => type.textContent),
      elements: document.querySelectorAll("main :is(img, script, style, iframe, a, svg svg, [onerror], [onload], [src], [href])").length,
      hit: "hit" in window,
    };
  });
  assert.deepEqual([elements, hit], [0, false]);
  assert.equal(fields.page, `http://x.test/${asShown}`);
  assert.equal(fields.referer, `javascript:${asShown}`);
  assert.equal(fields.agent, headers["User-Agent"]);
  assert.deepEqual([fields.type.slice(0, 60), fields.view, fields.event], [asShown.slice(0, 60), asShown, asShown]);
  assert.equal(fields.party, id("kcxgvgzh").replace("\u202e", "\u27e8U+202E\u27e9"));
  assert.equal(letter.reason, "record_incomplete");
  assert.ok(letter.parameters.includes("<img src=x onerror="), letter.parameters);
  assert.equal(letter.userAgent, headers["User-Agent"]);
  assert.equal(types.length, 3);
  for (const type of types) assert.equal(type, asShown.slice(0, 64));
  assert.deepEqual([outside(server, session), session.errors], [[], []]);
});

inBrowsers("who is turned away from the live page", { sizes: [DESKTOP] }, async ({ server, session }) => {
  const token = await tokenOf(server);
  const text = () => session.evaluate(() => document.body.innerText);
  const gate = () => session.until(() => !document.getElementById("gate").hidden && document.getElementById("live").hidden);
  const live = async (address) => (await send(address, "/live", { headers: { Host: new URL(address).host } }));

  // Without the token, and with a wrong one.
  await session.goto(server.admin);
  await gate();
  assert.equal(await live(server.admin), 401);
  await session.goto(`${server.admin}/?token=${"0".repeat(32)}`);
  await gate();
  await session.until(() => !document.getElementById("refused").hidden);
  // The right one may be put in by hand.
  await session.evaluate((right) => (document.getElementById("token").value = right), token);
  await session.click("#unlock button");
  await session.until(() => document.getElementById("connection").textContent === "live");

  // Under a name that is not the listener's own.
  await session.goto(`${server.admin.replace("localhost", "evil.localhost")}/?token=${token}`);
  assert.match(await text(), /this host name is not served here/);

  // From a page of another origin: read by script, or followed.
  await new Shop(session, server.page).open();
  const headers = { Authorization: `Bearer ${token}` };
  for (const [path, given] of [["/live", headers], [`/live?token=${token}`, {}], ["/status", {}]]) {
    const outcome = await session.evaluate(
      ([url, own]) => fetch(url, { headers: own }).then(() => "read", () => "refused"),
      [server.admin + path, given],
    );
    assert.equal(outcome, "refused", path);
  }
  await session.evaluate((url) => (location.href = url), `${server.admin}/?token=${token}`);
  await session.until(() => document.body.innerText.includes("pages of other sites may not ask here"));
});
