// Text as it travels in a query.

/** The text with U+FFFD in the place of each surrogate that has no partner: nothing else can be encoded. */
export function wellFormed(text: string): string {
  let result = "";
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0xd800 || unit > 0xdfff) continue;
    const next = text.charCodeAt(i + 1);
    if (unit < 0xdc00 && next >= 0xdc00 && next <= 0xdfff) {
      i++;
    } else {
      result += text.slice(from, i) + "\ufffd";
      from = i + 1;
    }
  }
  return result + text.slice(from);
}

/** Percent-encoded UTF-8. */
export function encode(text: string): string {
  return encodeURIComponent(wellFormed(text));
}
