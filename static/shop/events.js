// Sends events, by the tracker's public API and nothing else, and remembers them for the panel.

const KEPT = "shop.events";
const KEPT_MAX = 30;

/** How long a click on a link may wait for the events before it. */
const PATIENCE_MILLIS = 700;

let kept = [];
/** The page view that was noticed last. */
let noticed = null;
const listeners = [];

function recall() {
  try {
    kept = JSON.parse(sessionStorage.getItem(KEPT)) ?? [];
  } catch {
    // A browser that keeps nothing shows the events of this page.
  }
}

function changed() {
  try {
    sessionStorage.setItem(KEPT, JSON.stringify(kept));
  } catch {
    // As above.
  }
  for (const listener of listeners) listener(kept);
}

/** The tracker, once it is there; null when the page has none. */
const tracker = new Promise((resolve) => {
  const look = () => resolve(window.divolte ?? null);
  // The script is loaded asynchronously, but always before the page counts as loaded.
  if (window.divolte || document.readyState === "complete") look();
  else window.addEventListener("load", look);
});

function remember(divolte, id, type, parameters) {
  const event = { id, type, parameters, time: Date.now(), page: location.pathname, through: false };
  kept = [event, ...kept].slice(0, KEPT_MAX);
  changed();
  divolte.whenCommitted(() => {
    event.through = true;
    changed();
  });
}

/** Remembers the page view that the tracker has begun by itself, if it is a new one. */
function noticePageView(divolte) {
  const view = divolte.pageViewId;
  if (view === null || view === noticed) return;
  noticed = view;
  remember(divolte, `${view}0`, "pageView");
}

/** Sends an event with its parameters. */
export async function send(type, parameters) {
  const divolte = await tracker;
  if (!divolte) return;
  noticePageView(divolte);
  const id = divolte.signal(type, parameters);
  noticePageView(divolte);
  if (id) remember(divolte, id, type, parameters);
}

/** Goes to another page when all events are through, so that none is lost on the way. */
export async function leave(address) {
  const divolte = await tracker;
  const go = () => location.assign(address);
  if (divolte) divolte.whenCommitted(go, PATIENCE_MILLIS);
  else go();
}

/** Calls the listener with the events sent from this tab, newest first, now and whenever they change. */
export function follow(listener) {
  listeners.push(listener);
  listener(kept);
}

/** What the page knows of its visitor; null without a tracker. */
export async function visitor() {
  const divolte = await tracker;
  return divolte && { party: divolte.partyId, session: divolte.sessionId };
}

async function notice() {
  const divolte = await tracker;
  if (divolte) noticePageView(divolte);
}

recall();
notice();
// The tracker listens to the same two, maybe later than this.
document.addEventListener("visibilitychange", () => setTimeout(notice, 0));
window.addEventListener("pageshow", (event) => {
  // Back from the browser's cache: other pages have sent events meanwhile, and the tracker begins a new page view.
  if (event.persisted) recall();
  setTimeout(notice, 0);
});
