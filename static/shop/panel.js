// The corner of each page: the last events of this tab, newest first, and the tag for a page of one's own.
import { h } from "./dom.js";
import { follow, visitor } from "./events.js";

const OPEN = "shop.panel";

/** Room beside the page for an open panel. */
const wide = window.matchMedia("(min-width: 1100px)");

function wasOpen() {
  try {
    const said = localStorage.getItem(OPEN);
    return said === null ? wide.matches : said === "open" && wide.matches;
  } catch {
    return wide.matches;
  }
}

function text(value) {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function parameters(of) {
  if (!of) return null;
  return h("dl", {}, Object.entries(of).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, text(value)))));
}

function row(event) {
  const state = event.through ? "sent" : "on its way";
  return h(
    "li",
    { "data-type": event.type, "data-id": event.id, "data-state": event.through ? "through" : "waiting" },
    h(
      "p",
      { class: "event-head" },
      h("span", { class: "dot", title: state }),
      h("strong", {}, event.type),
      h("span", { class: "where" }, event.page),
      h("time", {}, new Date(event.time).toLocaleTimeString("en-GB")),
    ),
    parameters(event.parameters),
  );
}

/** The address of the tracker, as this page loads it. */
function trackerAddress() {
  const script = document.querySelector("script[src]:not([type])");
  return script ? script.src : `${location.origin}/divolte.js`;
}

function copyButton(of) {
  const button = h("button", { class: "quiet", type: "button" }, "Copy");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(of);
      button.textContent = "Copied";
    } catch {
      // Only secure pages may copy: then the text is at least selected.
      window.getSelection().selectAllChildren(button.previousElementSibling);
      button.textContent = "Selected";
    }
  });
  return button;
}

function tagBox() {
  const tag = `<script src="${trackerAddress()}" defer async></script>`;
  const call = 'divolte.signal("add_to_cart", { product_id: "kettle", quantity: 1 })';
  return h(
    "details",
    // The first page is where a newcomer looks for it.
    { class: "tag", open: wide.matches && location.pathname === "/" },
    h("summary", {}, "Put it on your own page"),
    h("p", {}, "This tag is all. It sends the page views:"),
    h("div", { class: "snippet" }, h("pre", { id: "tag" }, tag), copyButton(tag)),
    h("p", {}, "And this, an event of your own:"),
    h("div", { class: "snippet" }, h("pre", {}, call), copyButton(call)),
  );
}

async function showVisitor(line) {
  const known = await visitor();
  if (!known) {
    line.textContent = "No browser source: nothing is sent.";
    return;
  }
  const short = (id) => h("code", { title: id }, id.split(":").pop().slice(0, 8));
  line.replaceChildren("party ", short(known.party), " · session ", short(known.session));
}

export function showPanel(panel) {
  const list = h("ol", { class: "events" });
  const count = h("span", { class: "count" }, "0");
  const last = h("span", { class: "last" });
  const who = h("p", { class: "who" });
  const body = h("div", { id: "panel-body", class: "panel-body" }, who, list, tagBox());
  const toggle = h(
    "button",
    { class: "panel-head", type: "button", "aria-controls": "panel-body" },
    h("span", {}, "Events"),
    count,
    last,
    h("span", { class: "arrow", "aria-hidden": "true" }),
  );
  const set = (open) => {
    toggle.setAttribute("aria-expanded", String(open));
    body.hidden = !open;
    document.body.classList.toggle("with-panel", open);
  };
  toggle.addEventListener("click", () => {
    const open = toggle.getAttribute("aria-expanded") !== "true";
    set(open);
    try {
      localStorage.setItem(OPEN, open ? "open" : "closed");
    } catch {
      // A browser that keeps nothing asks again.
    }
  });
  panel.append(toggle, body);
  set(wasOpen());
  showVisitor(who);
  follow((events) => {
    count.textContent = String(events.length);
    last.textContent = events.length > 0 ? events[0].type : "none yet";
    list.replaceChildren(...events.map(row));
  });
}
