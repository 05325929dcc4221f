// The query of an event.

import { checksum, type Parameter } from "./checksum.js";
import { encode } from "./text.js";

/** What an event says, in the order in which it is sent. Numbers travel in base 36, undefined and empty do not. */
export type Field = [string, unknown];

/** The query with its checksum. */
export function queryOf(fields: Field[]): string {
  const parameters: Parameter[] = [];
  let query = "";
  for (let i = 0; i < fields.length; i++) {
    const [name, value] = fields[i];
    if (value === undefined) continue;
    const text = typeof value === "number" ? value.toString(36) : String(value);
    parameters.push([name, text]);
    query += name + "=" + encode(text) + "&";
  }
  return query + "x=" + checksum(parameters);
}
