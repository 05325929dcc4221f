// Mincode: the short form of JSON in which an event's parameters travel. One type character, inside objects the
// member's name, then the payload.

/** Objects and arrays within each other, at most: the collector reads no deeper ones, and a cycle never ends. */
const DEPTH_MAX = 1000;

function escape(text: string): string {
  return text.replace(/[~!]/g, "~$&") + "!";
}

/** The shortest of three notations: a whole number in base 36, else a decimal one with or without an exponent. */
function numberText(value: number, label: string): string {
  if (!isFinite(value)) return "n" + label;
  const plain = value.toString();
  const exponential = value.toExponential();
  const decimal = exponential.length < plain.length ? exponential : plain;
  const base36 = value.toString(36);
  const short = Math.floor(value) === value && base36.length <= decimal.length;
  return short ? "d" + label + base36 + "!" : "j" + label + decimal + "!";
}

/** What JSON would take in the place of the value. */
function replaced(value: unknown): unknown {
  const scope = value as { toJSON?: unknown } | null | undefined;
  const isObject = (typeof value === "object" && value !== null) || typeof value === "function";
  return isObject && typeof scope!.toJSON === "function" ? scope!.toJSON() : value;
}

function containerText(value: object, label: string, depth: number): string {
  if (depth === DEPTH_MAX) throw new Error("cyclic, or too deep");
  let text: string;
  if (Object.prototype.toString.call(value) === "[object Array]") {
    const items = value as unknown[];
    text = "a" + label;
    for (let i = 0; i < items.length; i++) {
      text += valueText(items[i], "", depth + 1) || "n";
    }
    return text + ".";
  }
  text = "(" + label;
  for (const name in value) {
    if (Object.prototype.hasOwnProperty.call(value, name)) {
      text += valueText((value as { [name: string]: unknown })[name], escape(name), depth + 1) || "";
    }
  }
  return text + ")";
}

/** `label`: the escaped name of a member, empty elsewhere. */
function valueText(original: unknown, label: string, depth: number): string | undefined {
  const value = replaced(original);
  if (value === null) return "n" + label;
  switch (typeof value) {
    case "string":
      return "s" + label + escape(value);
    case "number":
      return numberText(value, label);
    case "boolean":
      return (value ? "t" : "f") + label;
    case "bigint":
      return "s" + label + escape(String(value));
    case "object":
      return containerText(value!, label, depth);
  }
  return undefined;
}

/**
 * The value in mincode; undefined for what JSON leaves out: undefined, functions, symbols. Throws what a page's own
 * `toJSON` or getter throws, and when containers are more than 1000 deep.
 */
export function mincode(value: unknown): string | undefined {
  return valueText(value, "", 0);
}
