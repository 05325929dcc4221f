// The script: finds itself, makes the tracker, hands it to the page, begins the first page view.

import { followPage } from "./lifecycle.js";
import { log } from "./log.js";
import { originOf, scriptUrl } from "./script.js";
import { settings } from "./settings.js";
import { type Divolte, makeTracker } from "./tracker.js";

interface Page {
  divolte?: unknown;
  define?: { (factory: () => Divolte): void; amd?: unknown };
  module?: { exports?: unknown };
}

/** Gives the page its tracker in the way that it loads modules. */
function hand(page: Page, api: Divolte): void {
  if (typeof page.define === "function" && page.define.amd) {
    page.define(() => api);
  } else if (typeof page.module === "object" && page.module && page.module.exports) {
    page.module.exports = api;
  } else {
    page.divolte = api;
  }
}

function main(): void {
  const origin = originOf(scriptUrl(document, settings.scriptName));
  const page = window as unknown as Page;
  if (typeof page.divolte === "object") {
    log("warn", "the page has a tracker already, this one does nothing");
    return;
  }
  const tracker = makeTracker(origin);
  hand(page, tracker.api);
  followPage(tracker);
}

main();
