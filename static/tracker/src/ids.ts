// Identifiers: 192 random bits in 32 characters, for parties and sessions behind the time at which they were made.

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789~_";
const LENGTH = 32;

/** Where random bytes come from; `undefined` in browsers without a good source. */
export type RandomSource = { getRandomValues(into: Uint8Array): unknown } | undefined;

function systemRandom(): RandomSource {
  const scope = window as unknown as { crypto?: RandomSource; msCrypto?: RandomSource };
  return scope.crypto || scope.msCrypto;
}

/** 32 random characters; one more, `!`, marks those that a weak source made. */
export function unique(source: RandomSource = systemRandom()): string {
  let result = "";
  if (source && typeof Uint8Array !== "undefined") {
    const bytes = new Uint8Array(LENGTH);
    source.getRandomValues(bytes);
    for (let i = 0; i < LENGTH; i++) {
      result += ALPHABET.charAt(bytes[i] & 63);
    }
    return result;
  }
  for (let i = 0; i < LENGTH; i++) {
    result += ALPHABET.charAt(Math.floor(Math.random() * 64));
  }
  return result + "!";
}

/** An identifier of a party or a session. */
export function timedId(millis: number, source?: RandomSource): string {
  return "0:" + millis.toString(36) + ":" + unique(source);
}

/** An identifier of a page view. */
export function pageViewId(source?: RandomSource): string {
  return "0:" + unique(source);
}
