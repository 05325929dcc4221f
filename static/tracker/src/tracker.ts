// What a page gets as `divolte`: who visits, and `signal`.

import { cookieText, readCookie } from "./cookies.js";
import { Delivery } from "./delivery.js";
import { pageViewId, timedId } from "./ids.js";
import { log } from "./log.js";
import { mincode } from "./mincode.js";
import { type Field, queryOf } from "./query.js";
import { type Origin } from "./script.js";
import { settings } from "./settings.js";
import { available, viewport } from "./viewport.js";

/** The object that a page sees. */
export interface Divolte {
  partyId: string;
  sessionId: string;
  /** Null before the first page view. */
  pageViewId: string | null;
  isNewPartyId: boolean;
  isFirstInSession: boolean;
  isServerPageView: boolean;
  /**
   * Sends an event with parameters, of which everything is taken that JSON can hold. Gives the event's identifier at
   * once, or null when there is no type. Never throws.
   */
  signal(type: unknown, parameters?: unknown): string | null;
  /** Runs the callback when every event so far is through, or after some milliseconds; at once if none is waiting. */
  whenCommitted(callback: () => void, timeoutMillis?: number | null): void;
}

export interface Tracker {
  api: Divolte;
  /** Begins a page view, with its own event if the source wants one. */
  startPageView(): void;
}

function now(): number {
  return new Date().getTime();
}

function flag(value: boolean): string {
  return value ? "t" : "f";
}

/** A type as it is sent; empty if there is none. */
function typeText(type: unknown): unknown {
  if (!type || typeof type === "number") return type;
  try {
    return String(type);
  } catch {
    return "";
  }
}

/** The parameters as they are sent; a value that cannot be written takes only itself away, not the event. */
function parametersText(parameters: unknown): string | undefined {
  try {
    return mincode(parameters);
  } catch (error) {
    log("error", "the parameters of an event cannot be sent", error);
    return undefined;
  }
}

/** Reads or makes the identifiers. Nothing is written or sent before the first event. */
export function makeTracker(origin: Origin): Tracker {
  const loaded = now();
  const party = readCookie(document.cookie, settings.partyCookie);
  const session = readCookie(document.cookie, settings.sessionCookie);
  const delivery = new Delivery(origin.base + settings.eventSuffix, settings.eventTimeoutSeconds * 1000);
  const screenSize = available();
  let newParty = party === undefined;
  let firstInSession = session === undefined;
  let events = 0;

  const api: Divolte = {
    partyId: party || timedId(loaded),
    sessionId: session || timedId(loaded),
    pageViewId: null,
    isNewPartyId: newParty,
    isFirstInSession: firstInSession,
    isServerPageView: origin.fragment !== "",
    signal,
    whenCommitted,
  };

  /** The parameters of one event, in the order that the collector has always been sent. */
  function fieldsOf(type: unknown, parameters: string | undefined, eventId: string, time: number): Field[] {
    const size = viewport();
    return [
      ["p", api.partyId],
      ["s", api.sessionId],
      ["v", api.pageViewId],
      ["e", eventId],
      ["c", time],
      ["n", flag(newParty)],
      ["f", flag(firstInSession)],
      ["l", window.location.href],
      ["r", document.referrer || undefined],
      ["i", screenSize[0]],
      ["j", screenSize[1]],
      ["k", window.devicePixelRatio],
      ["w", size[0]],
      ["h", size[1]],
      ["t", type],
      ["u", parameters],
    ];
  }

  function writeCookies(time: number): void {
    const write = (name: string, value: string, seconds: number): void => {
      document.cookie = cookieText(name, value, time, seconds, settings.cookieDomain);
    };
    write(settings.sessionCookie, api.sessionId, settings.sessionTimeoutSeconds);
    write(settings.partyCookie, api.partyId, settings.partyTimeoutSeconds);
  }

  function signal(type: unknown, parameters?: unknown): string | null {
    if (api.pageViewId === null) startPageView();
    const name = typeText(type);
    if (!name) {
      log("warn", "an event without a type is not sent");
      return null;
    }
    const time = now();
    const eventId = api.pageViewId + (events++).toString(16);
    const query = queryOf(fieldsOf(name, parametersText(parameters), eventId, time));
    newParty = firstInSession = false;
    writeCookies(time);
    delivery.add(query);
    log("info", "event " + eventId, name);
    return eventId;
  }

  function whenCommitted(callback: () => void, timeoutMillis?: number | null): void {
    delivery.whenThrough(callback, timeoutMillis);
  }

  function startPageView(): void {
    if (!api.isServerPageView) {
      api.pageViewId = pageViewId();
      events = 0;
    } else {
      api.pageViewId = origin.fragment;
    }
    log("info", "page view " + api.pageViewId);
    if (settings.autoPageView) signal("pageView");
  }

  return { api, startPageView };
}
