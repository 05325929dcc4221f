// Logging to the console: only in the debug bundle, and there only if the source asks for it.

import { settings } from "./settings.js";

/** Set by the build: false removes every trace of logging. */
declare const DEBUG: boolean;

export function log(level: "info" | "warn" | "error", message: string, detail?: unknown): void {
  if (DEBUG && settings.logging && typeof console !== "undefined" && console[level]) {
    if (detail === undefined) {
      console[level]("headwater: " + message);
    } else {
      console[level]("headwater: " + message, detail);
    }
  }
}
