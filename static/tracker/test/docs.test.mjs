// The examples of docs/tracker.md, run as a page would run them.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import vm from "node:vm";
import { brotliCompressSync } from "node:zlib";
import { open } from "./page.mjs";

const text = readFileSync(new URL("../../../docs/tracker.md", import.meta.url), "utf8");
const examples = [...text.matchAll(/```js\n([^]*?)```/g)].map(([, code]) => code);

test("the examples work as written", () => {
  const { page, divolte, images, queries } = open();
  page.divolte = divolte;
  for (const code of examples) vm.runInNewContext(code, page);
  // Each that has arrived lets the next one go.
  for (let i = 0; i < images.length; i++) images[i].onload();
  assert.deepEqual(queries().map((query) => query.get("t")), ["pageView", "add_to_cart"]);
  assert.equal(queries()[1].get("u"), "(sproduct_id!ember-kettle!dquantity!1!jprice!45.25!)");
  assert.equal(page.location.href, "/thanks");
});

test("the size is the one that is claimed", () => {
  const size = brotliCompressSync(readFileSync(new URL("../divolte.js", import.meta.url))).length;
  assert.ok(text.includes(`${(size / 1024).toFixed(1)} KiB`), `${size} bytes`);
});
