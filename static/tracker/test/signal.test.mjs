// `signal` and `whenCommitted`, with the calls that were recorded in a browser with Divolte Collector's own script.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import vm from "node:vm";
import { checksum } from "../out/checksum.js";
import { open } from "./page.mjs";

const recorded = JSON.parse(readFileSync(new URL("fixtures/signals.json", import.meta.url), "utf8"));

/** The parameters of a query as a browser sends them, neither decoded nor in another order. */
function raw(url) {
  return new URL(url).search.slice(1).split("&").map((part) => part.split("="));
}

test("recorded calls send what they sent", () => {
  let sent = 1;
  const { divolte, images, queries } = open();
  images[0].onload();
  for (const { name, call, names, t, u } of recorded) {
    const result = vm.runInNewContext(call, { divolte });
    if (names === undefined) {
      assert.equal(result, null, name);
      continue;
    }
    assert.equal(result, divolte.pageViewId + sent.toString(16), name);
    const parts = raw(images[sent].src);
    // The recording page had no referrer, neither has this one.
    assert.equal(parts.map(([key]) => key).join(""), names, name);
    const value = (key) => parts.find((part) => part[0] === key)?.[1];
    assert.equal(value("t"), t, name);
    assert.equal(value("u"), u, name);
    const query = [...queries()[sent]];
    assert.equal(query.pop()[1], checksum(query), name);
    images[sent].onload();
    sent++;
  }
  assert.equal(images.length, sent);
});

test("signal never throws, and a bad value takes only itself away", () => {
  const { divolte, images } = open();
  images[0].onload();
  const cyclic = {};
  cyclic.self = cyclic;
  const throwing = { get a() { throw new Error("no"); } };
  let sent = 1;
  for (const [parameters, u] of [
    [cyclic, undefined],
    [throwing, undefined],
    [{ toJSON() { throw new Error("no"); } }, undefined],
    [() => 1, undefined],
    [Symbol("x"), undefined],
    [{ f: () => 1, s: Symbol("x"), n: 1 }, "(dn!1!)"],
    [{ n: 10n }, "(sn!10!)"],
    [{ t: "a\ud83dz" }, "(st!a%EF%BF%BDz!)"],
    ["\udc00", "s%EF%BF%BD!"],
  ]) {
    assert.equal(divolte.signal("odd", parameters), divolte.pageViewId + sent);
    const parts = raw(images[sent].src);
    assert.equal(parts.find((part) => part[0] === "u")?.[1], u);
    images[sent].onload();
    sent++;
  }
  assert.equal(divolte.signal(Object.create(null)), null, "a type that is no text");
  assert.equal(images.length, sent);
});

test("an event says what was true at its call, however late it is sent", () => {
  const { page, divolte, images, queries } = open();
  const parameters = { step: 1 };
  divolte.signal("a", parameters);
  parameters.step = 2;
  page.location.href = "http://shop.example/later";
  page.innerWidth = 10;
  divolte.signal("b");
  images[0].onload();
  images[1].onload();
  const [, first, second] = queries();
  assert.deepEqual([first.get("u"), first.get("l"), first.get("w")], ["(dstep!1!)", "http://shop.example/a?b=c#d", "rs"]);
  assert.deepEqual([second.get("u"), second.get("l"), second.get("w")], [null, "http://shop.example/later", "a"]);
});

test("callbacks run in their turn", () => {
  const { divolte, images } = open();
  const seen = [];
  divolte.signal("a");
  divolte.whenCommitted(() => seen.push("behind a"));
  divolte.signal("b");
  divolte.whenCommitted(() => seen.push("behind b"));
  images[0].onload();
  assert.deepEqual(seen, []);
  images[1].onerror();
  assert.deepEqual(seen, ["behind a"]);
  assert.equal(images.length, 3);
  images[2].onload();
  assert.deepEqual(seen, ["behind a", "behind b"]);
  divolte.whenCommitted(() => seen.push("at once"));
  assert.equal(seen.pop(), "at once");
});

test("a callback may add to what waits", () => {
  const { divolte, images, queries } = open();
  const seen = [];
  divolte.whenCommitted(() => {
    divolte.signal("late");
    divolte.whenCommitted(() => seen.push("behind late"));
  });
  images[0].onload();
  assert.deepEqual([queries().length, queries()[1].get("t"), seen.length], [2, "late", 0]);
  images[1].onload();
  assert.deepEqual(seen, ["behind late"]);
});

test("a callback with a time limit runs once, whatever comes first", () => {
  const timers = [];
  const setTimeout = (task, millis) => timers.push({ task, millis });
  const { divolte, images } = open({ window: { setTimeout } });
  let runs = 0;
  divolte.whenCommitted(() => runs++, 500);
  divolte.whenCommitted(() => runs++, null);
  assert.deepEqual(timers.map(({ millis }) => millis), [750, 500, 0]);
  timers[1].task();
  assert.equal(runs, 1);
  images[0].onload();
  assert.equal(runs, 2);
  timers[2].task();
  assert.equal(runs, 2);
});

test("a callback that throws stops nothing and is heard of", () => {
  const timers = [];
  const { divolte, images, queries } = open({ window: { setTimeout: (task) => timers.push(task) } });
  divolte.whenCommitted(() => {
    throw new Error("mine");
  });
  divolte.signal("a");
  images[0].onload();
  assert.equal(queries()[1].get("t"), "a");
  assert.throws(timers[1], /mine/);
  images[1].onload();
  divolte.whenCommitted("no function");
  assert.equal(divolte.signal("b"), divolte.pageViewId + "2");
});

test("an event that takes too long lets the next one go", () => {
  const timers = [];
  const { divolte, images } = open({ window: { setTimeout: (task) => timers.push(task) } });
  divolte.signal("a");
  timers[0]();
  assert.equal(images.length, 2);
  images[0].onload();
  assert.equal(images.length, 2, "what arrives late is counted once");
});

test("a session ends when no event came for its time", () => {
  const jar = new Map();
  let now = Date.UTC(2030, 0, 1);
  class Clock extends Date {
    constructor(...given) {
      super(...(given.length ? given : [now]));
    }
  }
  const document = {
    get cookie() {
      const alive = [...jar].filter(([, { until }]) => until > now);
      return alive.map(([name, { value }]) => `${name}=${value}`).join("; ");
    },
    set cookie(text) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(text);
      const seconds = Number(/max-age=(\d+)/.exec(text)[1]);
      assert.equal(Date.parse(/expires=([^;]+)/.exec(text)[1]), now + seconds * 1000);
      jar.set(name, { value, until: now + seconds * 1000 });
    },
  };
  const visit = () => open({ document, window: { Date: Clock } }).divolte;
  const minute = 60_000;
  const first = visit();
  now += 29 * minute;
  const second = visit();
  assert.deepEqual([second.sessionId, second.isFirstInSession], [first.sessionId, false]);
  now += 29 * minute;
  second.signal("still here");
  now += 29 * minute;
  assert.equal(visit().sessionId, first.sessionId, "an event makes the session last");
  now += 30 * minute;
  const later = visit();
  assert.notEqual(later.sessionId, first.sessionId);
  assert.deepEqual([later.isFirstInSession, later.partyId, later.isNewPartyId], [true, first.partyId, false]);
});
