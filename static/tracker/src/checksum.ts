// The checksum by which the collector sees that a query was cut or changed on its way.

import { encode } from "./text.js";

/** A parameter: its name and its value, not encoded. */
export type Parameter = [string, string];

/** Low 32 bits of a product (`Math.imul` is younger than the browsers that this runs in). */
function multiply(a: number, b: number): number {
  return ((((a >>> 16) * b) << 16) + (a & 0xffff) * b) | 0;
}

function rotate(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by));
}

/** UTF-8 bytes of a text. */
function bytesOf(text: string): number[] {
  const encoded = encode(text);
  const bytes: number[] = [];
  for (let i = 0; i < encoded.length; i++) {
    if (encoded.charAt(i) === "%") {
      bytes.push(parseInt(encoded.substr(i + 1, 2), 16));
      i += 2;
    } else {
      bytes.push(encoded.charCodeAt(i));
    }
  }
  return bytes;
}

/** MurmurHash3 (x86, 32 bits, seed 0; Austin Appleby, public domain) of the text's UTF-8, as a signed number. */
export function murmur3(text: string): number {
  const bytes = bytesOf(text);
  const mix = (word: number): number => multiply(rotate(multiply(word, 0xcc9e2d51), 15), 0x1b873593);
  let hash = 0;
  let word = 0;
  for (let i = 0; i < bytes.length; i++) {
    word |= bytes[i] << (8 * (i & 3));
    if ((i & 3) === 3) {
      hash = (multiply(rotate(hash ^ mix(word), 13), 5) + 0xe6546b64) | 0;
      word = 0;
    }
  }
  hash ^= mix(word) ^ bytes.length;
  hash = multiply(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = multiply(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

/** The parameters in the one order that both sides hash: by name, values of one name in their order. */
export function canonical(parameters: Parameter[]): string {
  const names: string[] = [];
  const values: { [name: string]: string } = {};
  for (let i = 0; i < parameters.length; i++) {
    // A name like `__proto__` must be a member like any other.
    const key = " " + parameters[i][0];
    if (!Object.prototype.hasOwnProperty.call(values, key)) {
      names.push(parameters[i][0]);
      values[key] = "";
    }
    values[key] += parameters[i][1] + ",";
  }
  names.sort();
  let result = "";
  for (let i = 0; i < names.length; i++) {
    result += names[i] + "=" + values[" " + names[i]] + ";";
  }
  return result;
}

/** The value of the parameter `x`. */
export function checksum(parameters: Parameter[]): string {
  return murmur3(canonical(parameters)).toString(36);
}
