// When page views begin: once the page can be seen, and again when the browser brings it back from its cache.

import { type Tracker } from "./tracker.js";

type Names = { hidden: string; change: string };

/** The names that this browser has for page visibility; undefined without support. */
function visibilityNames(): Names | undefined {
  const prefixes = ["moz", "ms", "webkit"];
  if ("hidden" in document) return { hidden: "hidden", change: "visibilitychange" };
  for (let i = 0; i < prefixes.length; i++) {
    const hidden = prefixes[i] + "Hidden";
    if (hidden in document) return { hidden, change: prefixes[i] + "visibilitychange" };
  }
  return undefined;
}

/** Begins page views as the page is seen. */
export function followPage(tracker: Tracker): void {
  const names = visibilityNames();
  const isHidden = (): boolean => !!names && !!(document as unknown as { [name: string]: boolean })[names.hidden];
  if (!names || !isHidden() || !document.addEventListener) {
    tracker.startPageView();
  } else {
    const seen = (): void => {
      const begun = tracker.api.pageViewId !== null;
      if (begun || !isHidden()) document.removeEventListener(names.change, seen);
      if (!begun && !isHidden()) tracker.startPageView();
    };
    document.addEventListener(names.change, seen);
  }
  if (window.addEventListener) {
    let left = false;
    window.addEventListener("pagehide", () => {
      left = true;
    });
    window.addEventListener("pageshow", () => {
      if (left) tracker.startPageView();
    });
  }
}
