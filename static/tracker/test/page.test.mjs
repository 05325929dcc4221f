// What a page sees of the script: identifiers, cookies, page views, the way it is handed over.
import assert from "node:assert/strict";
import { test } from "node:test";
import { checksum } from "../out/checksum.js";
import { open } from "./page.mjs";

test("a first visit", () => {
  const { divolte, images, written, queries } = open({ document: { referrer: "http://ref.example/" } });
  assert.equal(images.length, 1);
  assert.ok(images[0].src.startsWith("http://c.example/p/csc-event?p=0%3A"));
  const [query] = queries();
  assert.deepEqual([...query.keys()].join(""), "psvecnflrijkwhtx");
  assert.equal(query.get("p"), divolte.partyId);
  assert.equal(query.get("s"), divolte.sessionId);
  assert.equal(query.get("v"), divolte.pageViewId);
  assert.equal(query.get("e"), divolte.pageViewId + "0");
  assert.equal(query.get("n") + query.get("f"), "tt");
  assert.equal(query.get("l"), "http://shop.example/a?b=c#d");
  assert.equal(query.get("r"), "http://ref.example/");
  assert.equal(["i", "j", "k", "w", "h"].map((name) => parseInt(query.get(name), 36)).join(), "1280,720,2,1000,700");
  assert.equal(query.get("t"), "pageView");
  assert.equal(query.get("x"), checksum([...query].slice(0, -1)));
  assert.ok(Math.abs(parseInt(query.get("c"), 36) - Date.now()) < 60000);
  assert.equal(divolte.isNewPartyId && divolte.isFirstInSession && !divolte.isServerPageView, true);
  assert.match(written[0], /^_dvs=0:[0-9a-z]+:[A-Za-z0-9~_]{32}; path=\/; expires=[^;]+ GMT; max-age=1800$/);
  assert.match(written[1], /^_dvp=0:[0-9a-z]+:[A-Za-z0-9~_]{32}; path=\/; expires=[^;]+ GMT; max-age=63072000$/);
  assert.equal(written.length, 2);
});

test("a known visitor", () => {
  const { divolte, queries, written } = open({
    cookies: "x_dvp=no; _dvp=0:a:party; _dvs=1:zz:x; other=1",
    settings: { cookieDomain: ".shop.example" },
  });
  assert.equal(divolte.partyId, "0:a:party");
  assert.equal(divolte.sessionId, "1:zz:x", "taken as it is");
  assert.equal(queries()[0].get("n") + queries()[0].get("f"), "ff");
  assert.ok(written[0].endsWith("; max-age=1800; domain=.shop.example"));
});

test("events are sent one after the other", () => {
  const { divolte, images, queries } = open();
  assert.equal(divolte.signal("buy"), divolte.pageViewId + "1");
  assert.equal(divolte.signal(42), divolte.pageViewId + "2");
  assert.equal(images.length, 1);
  images[0].onload();
  images[0].onerror();
  assert.equal(images.length, 2, "one step per image");
  images[1].onerror();
  assert.deepEqual(queries().map((query) => query.get("t")), ["pageView", "buy", "16"]);
  assert.equal(queries()[1].get("n") + queries()[1].get("f"), "ff", "new only once");
});

test("without an automatic page view nothing is sent or written before the first event", () => {
  const { divolte, images, written } = open({ settings: { autoPageView: false } });
  assert.equal(images.length + written.length, 0);
  assert.match(divolte.pageViewId, /^0:.{32}$/);
  for (const type of [undefined, null, ""]) assert.equal(divolte.signal(type), null);
  assert.equal(divolte.signal("a"), divolte.pageViewId + "0");
});

test("a page view that the server named", () => {
  const { divolte, queries } = open({ src: "http://c.example/divolte.js?v=1/2#server%20view" });
  assert.equal(divolte.pageViewId, "server%20view");
  assert.equal(divolte.isServerPageView, true);
  assert.equal(queries()[0].get("e"), "server%20view0");
  assert.throws(() => open({ src: "http://c.example/divolte.js#a/b" }), (error) => typeof error === "string");
});

test("the script finds itself by its name when the browser does not tell", () => {
  const scripts = (...urls) => ({ currentScript: null, getElementsByTagName: () => urls.map((src) => ({ src })) });
  const { images } = open({ document: scripts("http://x.example/other.js", "http://y.example/t/divolte.js?v=1") });
  assert.ok(images[0].src.startsWith("http://y.example/t/csc-event?"));
  for (const urls of [[], ["http://x.example/mydivolte.js"], ["http://a/divolte.js", "http://b/divolte.js"]]) {
    assert.throws(() => open({ document: scripts(...urls) }), (error) => /^Divolte could not init/.test(error));
  }
});

test("a page that cannot be seen yet", () => {
  const { page, divolte, images, listeners } = open({ document: { hidden: true } });
  assert.equal(images.length, 0);
  assert.equal(divolte.pageViewId, null);
  page.document.hidden = false;
  listeners.visibilitychange();
  assert.equal(images.length, 1);
  assert.equal(listeners.visibilitychange, undefined);
});

test("a page that comes back from the browser's cache", () => {
  const { divolte, listeners, images } = open();
  const first = divolte.pageViewId;
  listeners.pageshow();
  assert.equal(divolte.pageViewId, first, "the first showing is no return");
  listeners.pagehide();
  listeners.pageshow();
  assert.notEqual(divolte.pageViewId, first);
  images[0].onload();
  assert.equal(images.length, 2);
});

test("one tracker per page, handed over as the page loads modules", () => {
  const mine = { mine: 1 };
  const taken = open({ window: { divolte: mine } });
  assert.equal(taken.page.divolte, mine);
  assert.equal(taken.images.length, 0);
  const defined = [];
  const define = Object.assign((factory) => defined.push(factory()), { amd: {} });
  const amd = open({ window: { define } });
  assert.equal(amd.page.divolte, undefined);
  assert.match(defined[0].partyId, /^0:/);
});
