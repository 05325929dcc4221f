// The tag that the demo shop shows, pasted into a page of somebody else's own server.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { DESKTOP } from "./browsers.mjs";
import { inBrowsers } from "./harness.mjs";
import { eventsOf } from "./mincode.mjs";
import { Shop } from "./shop.mjs";

/** A site of one page. */
async function startSite(html) {
  const site = createServer((request, response) => {
    response.setHeader("content-type", "text/html; charset=utf-8");
    response.end(html);
  }).listen(0, "127.0.0.1");
  await once(site, "listening");
  return site;
}

/** Everything that a page may want to say. */
const deep = {
  text: "a!b~c (d). é😀 &=?#+% \"'<>",
  numbers: [0, -1, 42, 9.95, -7.83e-9, 1e20, 1e21],
  nothing: { object: {}, array: [], nested: [[], [{}]], null: null },
  flags: [true, false],
  "": "no name",
};

for (const quirks of [false, true]) {
  const mode = quirks ? "quirks mode" : "strict mode";
  inBrowsers(`the pasted tag works elsewhere, in ${mode}`, { sizes: [DESKTOP] }, async ({ server, session }) => {
    await new Shop(session, server.page).open();
    const tag = await session.text("#tag");
    assert.equal(tag, `<script src="${server.page}/divolte.js" defer async></script>`);
    const site = await startSite(`${quirks ? "" : "<!DOCTYPE html>"}<title>mine</title>${tag}<h1>Mine</h1>`);
    try {
      session.requests.length = 0;
      const address = `http://127.0.0.1:${site.address().port}/own?page=1#top`;
      await session.goto(address);
      await session.until(() => typeof window.divolte === "object" && document.readyState === "complete");
      assert.equal(await session.evaluate(() => document.compatMode), quirks ? "BackCompat" : "CSS1Compat");
      const ids = await session.evaluate((parameters) => {
        window.through = false;
        const sent = [divolte.signal("deep", parameters), divolte.signal("date", { at: new Date(0), none: undefined })];
        divolte.whenCommitted(() => (window.through = true));
        return sent;
      }, deep);
      await session.until(() => window.through);
      const view = await session.evaluate(() => divolte.pageViewId);
      assert.deepEqual(ids, [`${view}1`, `${view}2`]);
      assert.deepEqual(eventsOf(session.requests), [
        ["pageView", "/own"],
        ["deep", "/own", deep],
        ["date", "/own", { at: "1970-01-01T00:00:00.000Z" }],
      ]);
      const cookies = Object.fromEntries((await session.cookies()).map(({ name, domain }) => [name, domain]));
      assert.ok("_dvp" in cookies && "_dvs" in cookies);
      const records = (await server.stop()).filter((record) => record.location === address);
      assert.deepEqual(records.map((record) => record.eventType), ["pageView", "deep", "date"]);
      assert.deepEqual(records.map((record) => record.detectedCorruption), [false, false, false]);
      assert.deepEqual(records.map((record) => record.pageViewId), [view, view, view]);
    } finally {
      site.closeAllConnections();
      site.close();
    }
  });
}
