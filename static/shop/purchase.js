// Checkout and confirmation, each with the event that it sends.
import * as cart from "./cart.js";
import { CURRENCY, amount, price } from "./catalogue.js";
import { h } from "./dom.js";
import { leave, send } from "./events.js";
import { picture, show } from "./pages.js";

function itemsOf(lines) {
  return lines.map(({ product, quantity }) => ({ product_id: product.id, quantity, price: amount(product.cents) }));
}

function field(id, label, value, autocomplete) {
  return h("div", { class: "field" }, h("label", { for: id }, label), h("input", { id, value, autocomplete, required: true }));
}

function choice(value, label, note, checked) {
  return h(
    "label",
    { class: "choice" },
    h("input", { type: "radio", name: "delivery", value, checked }),
    h("span", {}, h("strong", {}, label), h("span", { class: "choice-note" }, note)),
  );
}

/** A number that no other order of this shop has, as far as anybody cares. */
function orderId() {
  const bytes = crypto.getRandomValues(new Uint32Array(1));
  return `BB-${bytes[0].toString(36).toUpperCase().padStart(7, "0")}`;
}

function summary(lines) {
  return h(
    "aside",
    { class: "summary" },
    h("h2", {}, "Your order"),
    h(
      "ul",
      {},
      lines.map(({ product, quantity }) =>
        h("li", {}, picture(product), h("span", {}, `${product.name} ×\u00a0${quantity}`), h("span", {}, price(product.cents * quantity))),
      ),
    ),
    h("p", { class: "total" }, h("span", {}, "Total"), h("strong", {}, price(cart.totalCents(lines)))),
  );
}

export function checkout(content) {
  const lines = cart.lines();
  if (lines.length === 0) {
    show(
      content,
      "Checkout",
      h("h1", {}, "Checkout"),
      h("p", { class: "note" }, "There is nothing to pay for yet."),
      h("a", { class: "button", href: "/products" }, "See the products"),
    );
    return;
  }
  const submit = (event) => {
    event.preventDefault();
    const delivery = new FormData(event.target).get("delivery");
    const items = itemsOf(lines);
    cart.saveOrder({ id: orderId(), delivery, items, cents: cart.totalCents(lines), sent: false });
    cart.empty();
    leave("/checkout/confirm");
  };
  show(
    content,
    "Checkout",
    h("h1", {}, "Checkout"),
    h(
      "div",
      { class: "checkout" },
      h(
        "form",
        { id: "checkout", submit },
        h("p", { class: "note" }, "What you type here stays here: no event carries it."),
        field("name", "Name", "Robin Rivers", "name"),
        field("address", "Address", "1 Mill Lane", "street-address"),
        h(
          "fieldset",
          {},
          h("legend", {}, "Delivery"),
          choice("courier", "By bicycle courier", "tomorrow", true),
          choice("pickup", "At the landing stage", "whenever you pass", false),
        ),
        h("button", { id: "place-order", class: "button", type: "submit" }, "Place the order"),
      ),
      summary(lines),
    ),
  );
  send("checkout", { items: itemsOf(lines), value: amount(cart.totalCents(lines)), currency: CURRENCY });
}

export function confirmation(content) {
  const order = cart.lastOrder();
  if (!order) {
    show(content, "Orders", h("h1", {}, "No order yet"), h("a", { class: "button", href: "/products" }, "See the products"));
    return;
  }
  show(
    content,
    "Thank you",
    h("h1", {}, "Thank you!"),
    h("p", {}, "Order ", h("strong", { id: "order-id" }, order.id), ` over ${price(order.cents)} is on its way, in spirit.`),
    h(
      "section",
      { class: "how" },
      h("h2", {}, "What happened meanwhile"),
      h(
        "p",
        {},
        "Each page was a page view of one session of one party: you. Each click that matters was an event. The collector " +
          "has mapped all of them onto a schema; about a minute after the first one they are in a file:",
      ),
      h("pre", {}, h("code", {}, "headwater cat data/events/*.avro")),
      h("p", {}, "The next step is a page of your own. The tag for it is in the corner."),
    ),
    h("p", { class: "next" }, h("a", { class: "button", href: "/" }, "Once more from the spring")),
  );
  if (order.sent) return;
  // An order is bought once, however often its confirmation is looked at.
  cart.saveOrder({ ...order, sent: true });
  const { id, delivery, items, cents } = order;
  send("purchase", { order_id: id, items, value: amount(cents), currency: CURRENCY, delivery });
}
