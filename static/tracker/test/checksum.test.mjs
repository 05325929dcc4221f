import assert from "node:assert/strict";
import { test } from "node:test";
import { canonical, checksum, murmur3 } from "../out/checksum.js";
import { queryOf } from "../out/query.js";

/** The parameters of a query, decoded, without its checksum. */
function parametersOf(query) {
  return query.split("&").map((part) => {
    const [name, value] = part.split("=");
    return [name, decodeURIComponent(value)];
  });
}

const IDS = "p=0%3Ai1t84hgy%3Aparty&s=0%3Ai1t84hgy%3Asession&v=0%3ApageView";

test("the hash agrees with its reference vectors", () => {
  for (const [text, hash] of [["", 0], ["a", 0x3c2569b2], ["hello", 0x248bfa47]]) {
    assert.equal(murmur3(text) >>> 0, hash, text);
  }
});

test("checksums of whole queries", () => {
  for (const [query, expected] of [
    [
      "p=0%3Ai1t84hgy%3A5AF359Zjq5kUy98u4wQjlIZzWGhN~GlG&s=0%3Ai1t84hgy%3A95CbiPCYln_1e0a6rFvuRkDkeNnc6KC8" +
        "&v=0%3A1fF6GFGjDOQiEx_OxnTm_tl4BH91eGLF&e=0%3A1fF6GFGjDOQiEx_OxnTm_tl4BH91eGLF0&c=i1t8q2b6&n=f&f=f" +
        "&l=http%3A%2F%2Flocalhost%3A8290%2F&i=1ak&j=sj&k=2&w=uq&h=qd&t=pageView",
      "si9804",
    ],
    [
      IDS + "&e=0%3AeventId&c=i1t8q2b6&n=f&f=f&l=http%3A%2F%2Flocalhost%3A8290%2F&i=1ak&j=sj&k=2&w=uq&h=qd" +
        "&t=%E1%BB%A5%C3%B1%E2%9A%95%C2%A9%C2%BA%E1%B8%8C%E2%84%A8",
      "-ql2p2c",
    ],
    [
      IDS + "&e=0%3ApageView1&c=i1t8q2b6&n=f&f=f&l=https%3A%2F%2Fexample.com%2F%3Fa%3Db%26c%3Dd" +
        "&r=https%3A%2F%2Fref.example%2F&i=1ak&j=sj&k=1&w=uq&h=qd&t=addToCart&u=(ssku!A~!1!dqty!2!jprice!9.95!)",
      "-qnx3bl",
    ],
    ["t=%F0%9F%98%80", "-2nxnzf"],
    ["a=1&a=2&t=buy&u=(skey!a%20b!)", "y0maa9"],
  ]) {
    assert.equal(checksum(parametersOf(query)), expected, query);
  }
});

test("parameters are hashed by name, and none is special", () => {
  assert.equal(canonical([["b", "2"], ["a", "1"], ["b", "3"]]), "a=1,;b=2,3,;");
  assert.equal(canonical([["__proto__", "1"], ["toString", "2"]]), "__proto__=1,;toString=2,;");
});

test("a query has what is known, in order, and its checksum last", () => {
  assert.equal(queryOf([["t", "😀"]]), "t=%F0%9F%98%80&x=-2nxnzf");
  const query = queryOf([["a", 1.5], ["b", undefined], ["c", "x y"], ["d", 42]]);
  assert.match(query, /^a=1\.i&c=x%20y&d=16&x=-?[0-9a-z]+$/);
  assert.match(queryOf([["t", "a\ud83d"]]), /^t=a%EF%BF%BD&x=/);
});
