// A page that exists only here, with the bundle in it as the collector serves it.
import { readFileSync } from "node:fs";
import vm from "node:vm";

const SETTINGS = {
  partyCookie: "_dvp",
  partyTimeoutSeconds: 63072000,
  sessionCookie: "_dvs",
  sessionTimeoutSeconds: 1800,
  cookieDomain: "",
  scriptName: "divolte.js",
  eventSuffix: "csc-event",
  autoPageView: true,
  eventTimeoutSeconds: 0.75,
  logging: false,
};

/** A page with the script in it; gives what it sent and wrote. */
export function open({ settings = {}, cookies = "", src = "http://c.example/p/divolte.js", document = {}, window = {} } = {}) {
  const images = [];
  const written = [];
  const listeners = {};
  const page = {
    document: {
      hidden: false,
      referrer: "",
      currentScript: { src },
      getElementsByTagName: () => [],
      addEventListener: (name, listener) => (listeners[name] = listener),
      removeEventListener: (name) => delete listeners[name],
      get cookie() {
        return cookies;
      },
      set cookie(text) {
        written.push(text);
      },
    },
    location: { href: "http://shop.example/a?b=c#d" },
    screen: { availWidth: 1280, availHeight: 720 },
    devicePixelRatio: 2,
    innerWidth: 1000,
    innerHeight: 700,
    crypto: globalThis.crypto,
    Uint8Array,
    setTimeout: () => 0,
    clearTimeout: () => {},
    addEventListener: (name, listener) => (listeners[name] = listener),
    Image: class {
      constructor() {
        images.push(this);
      }
    },
    ...window,
  };
  // Not by `...`, which would read getters instead of taking them over.
  Object.defineProperties(page.document, Object.getOwnPropertyDescriptors(document));
  page.window = page;
  const told = JSON.stringify({ ...SETTINGS, ...settings });
  const bundle = readFileSync(new URL("../divolte.js", import.meta.url), "utf8");
  vm.runInNewContext(bundle.replace("HEADWATER_SETTINGS", told), page);
  const queries = () => images.map((image) => new URLSearchParams(image.src.split("?")[1]));
  return { page, divolte: page.divolte, images, written, listeners, queries };
}
