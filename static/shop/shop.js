// Draws the page that the address asks for.
import * as cart from "./cart.js";
import { leave } from "./events.js";
import { cartPage, home, missing, product, productList } from "./pages.js";
import { showPanel } from "./panel.js";
import { checkout, confirmation } from "./purchase.js";

const routes = [
  [/^\/$/, home],
  [/^\/products$/, productList],
  [/^\/products\/([^/]+)$/, product],
  [/^\/cart$/, cartPage],
  [/^\/checkout$/, checkout],
  [/^\/checkout\/confirm$/, confirmation],
];

function draw() {
  const path = location.pathname.replace(/\/+$/, "") || "/";
  for (const [pattern, page] of routes) {
    const match = pattern.exec(path);
    if (match) return page(document.getElementById("content"), match[1], countCart);
  }
  return missing(document.getElementById("content"));
}

/** Shows how many things are in the cart, in the bar. */
function countCart() {
  const badge = document.getElementById("cart-count");
  const number = cart.count();
  badge.textContent = String(number);
  badge.hidden = number === 0;
}

/** Follows links of the shop only when the events of this page are through. */
function holdLinks(event) {
  const link = event.target.closest("a[href]");
  const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  if (!link || !plain || event.defaultPrevented || link.origin !== location.origin || link.hash) return;
  event.preventDefault();
  leave(link.href);
}

for (const link of document.querySelectorAll(".bar nav a")) {
  if (location.pathname.startsWith(new URL(link.href).pathname)) link.setAttribute("aria-current", "page");
}
document.addEventListener("click", holdLinks);
// A page that comes back from the browser's cache is a page view of its own.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) {
    countCart();
    draw();
  }
});
showPanel(document.getElementById("events"));
countCart();
draw();
