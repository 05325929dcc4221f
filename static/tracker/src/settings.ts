// What the collector tells the script of the source that serves it (`src/source/script.rs`).

export interface Settings {
  partyCookie: string;
  partyTimeoutSeconds: number;
  sessionCookie: string;
  sessionTimeoutSeconds: number;
  /** Empty: none. */
  cookieDomain: string;
  scriptName: string;
  eventSuffix: string;
  autoPageView: boolean;
  eventTimeoutSeconds: number;
  logging: boolean;
}

/** The collector puts an object literal in the place of this name. */
declare const HEADWATER_SETTINGS: Settings;

export const settings: Settings = HEADWATER_SETTINGS;
