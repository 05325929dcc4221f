// Parameters as text. `fixtures/mincode.json` is read back by the collector's own tests.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { mincode } from "../out/mincode.js";

const fixture = JSON.parse(readFileSync(new URL("fixtures/mincode.json", import.meta.url), "utf8"));

test("values of JSON", () => {
  for (const [value, expected] of fixture) assert.equal(mincode(value), expected);
});

test("what JSON changes or leaves out", () => {
  const inherited = Object.create({ of: "the prototype" }, { own: { value: 2, enumerable: true }, hidden: { value: 3 } });
  for (const [value, expected] of [
    [undefined, undefined],
    [() => 1, undefined],
    [Symbol("x"), undefined],
    [{ a: undefined, b: () => 1, c: Symbol("x"), d: 1 }, "(dd!1!)"],
    [[undefined, () => 1, Symbol("x"), , 1], "annnnd1!."],
    [NaN, "n"],
    [{ a: Infinity, b: -Infinity }, "(na!nb!)"],
    [-0, "d0!"],
    [10n, "s10!"],
    [{ big: -(2n ** 70n) }, "(sbig!-1180591620717411303424!)"],
    [new Date(1595428642286), "s2020-07-22T14:37:22.286Z!"],
    [{ bad: new Date(NaN) }, "(nbad!)"],
    [{ toJSON: () => ({ j: 1 }) }, "(dj!1!)"],
    [{ toJSON: () => undefined }, undefined],
    [{ a: { toJSON: () => undefined } }, "()"],
    [[{ toJSON: () => undefined }], "an."],
    [inherited, "(down!2!)"],
    [new String("s"), "(s0!s!)"],
    [new Map([[1, 2]]), "()"],
    [Object.assign(Object.create(null), { a: 1 }), "(da!1!)"],
    [{ b: 1, 2: "two", 1: "one" }, "(s1!one!s2!two!db!1!)"],
  ]) {
    assert.equal(mincode(value), expected);
  }
});

test("a number takes the shortest of its notations", () => {
  for (const [value, expected] of [
    [1e6, "dlfls!"],
    [1e7, "j1e+7!"],
    [12345678, "d7clzi!"],
    [1e20, "j1e+20!"],
    [0.5, "j0.5!"],
    [0.01, "j0.01!"],
    [0.001, "j1e-3!"],
    [123456789.123, "j123456789.123!"],
  ]) {
    assert.equal(mincode(value), expected, String(value));
  }
});

test("as deep as the collector reads, and no deeper", () => {
  const nest = (depth) => {
    let value = {};
    for (let i = 1; i < depth; i++) value = { a: value };
    return value;
  };
  assert.equal(mincode(nest(1000)).length, 2 + 999 * 4);
  assert.throws(() => mincode(nest(1001)), /too deep/);
  const cycle = [];
  cycle.push(cycle);
  assert.throws(() => mincode(cycle), /cyclic/);
});
