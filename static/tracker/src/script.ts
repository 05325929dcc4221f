// Where this script came from: events go to the same place, and a page may give its page view an identifier behind `#`.

import { log } from "./log.js";

const FAILURE = "Divolte could not initialize itself.";

export interface Origin {
  /** Up to and with the last `/` of the path. */
  base: string;
  /** What stands behind `#`; empty if nothing does. */
  fragment: string;
}

/** Whether a URL is that of a script of this name, whatever is in front and behind. */
function hasName(url: string, name: string): boolean {
  const path = url.split(/[?#]/)[0];
  return path === name || path.slice(-name.length - 1) === "/" + name;
}

/** The URL of this script; throws a text when it cannot be told. */
export function scriptUrl(page: Document, name: string): string {
  const current = page.currentScript as HTMLScriptElement | null | undefined;
  if (current && current.src) return current.src;
  let found: string | undefined;
  const scripts = page.getElementsByTagName("script");
  for (let i = 0; i < scripts.length; i++) {
    const url = scripts[i].src;
    if (url && hasName(url, name)) {
      if (found !== undefined) {
        log("error", "several scripts have the name " + name);
        throw FAILURE;
      }
      found = url;
    }
  }
  if (found === undefined) {
    log("error", "no script has the name " + name);
    throw FAILURE;
  }
  return found;
}

/** Takes a script's URL apart; throws a text when the page view's identifier has a `/`. */
export function originOf(url: string): Origin {
  const hash = url.indexOf("#");
  const fragment = hash < 0 ? "" : url.slice(hash + 1);
  if (fragment.indexOf("/") >= 0) {
    log("error", "a page view's identifier must not have a slash", fragment);
    throw FAILURE;
  }
  const path = url.split(/[?#]/)[0];
  return { base: path.slice(0, path.lastIndexOf("/") + 1), fragment };
}
