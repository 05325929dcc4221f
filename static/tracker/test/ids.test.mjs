import assert from "node:assert/strict";
import { test } from "node:test";
import { pageViewId, timedId, unique } from "../out/ids.js";

const NO_SOURCE = { getRandomValues: undefined };

test("identifiers have their form", () => {
  assert.match(timedId(1414499908146, globalThis.crypto), /^0:i1t8q2b6:[A-Za-z0-9~_]{32}$/);
  assert.match(pageViewId(globalThis.crypto), /^0:[A-Za-z0-9~_]{32}$/);
});

test("each byte gives one of 64 characters, evenly", () => {
  const seen = new Map();
  for (let start = 0; start < 256; start += 32) {
    const source = { getRandomValues: (into) => into.forEach((_, i) => (into[i] = start + i)) };
    for (const character of unique(source)) seen.set(character, (seen.get(character) ?? 0) + 1);
  }
  assert.equal(seen.size, 64);
  assert.deepEqual([...new Set(seen.values())], [4]);
});

test("identifiers do not repeat", () => {
  const ids = new Set(Array.from({ length: 1000 }, () => unique(globalThis.crypto)));
  assert.equal(ids.size, 1000);
});

test("a weak source of random numbers is marked", () => {
  globalThis.window = {};
  try {
    assert.match(unique(), /^[A-Za-z0-9~_]{32}!$/);
  } finally {
    delete globalThis.window;
  }
  assert.throws(() => unique(NO_SOURCE));
});
