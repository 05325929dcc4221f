// The pages up to the cart, each with the event that it sends.
import * as cart from "./cart.js";
import { CURRENCY, amount, find, price, products } from "./catalogue.js";
import { drawing, h } from "./dom.js";
import { send } from "./events.js";
import { pictures, river } from "./pictures.js";

/** Replaces what the page shows. */
export function show(content, title, ...children) {
  document.title = title ? `${title} · Brook & Bend` : "Brook & Bend";
  content.replaceChildren(...children.filter(Boolean));
}

export function picture(product) {
  return drawing(pictures[product.id]);
}

function card(product) {
  return h(
    "li",
    {},
    h(
      "a",
      { class: "card", href: `/products/${product.id}`, "data-product": product.id },
      picture(product),
      h("span", { class: "card-name" }, product.name),
      h("span", { class: "card-short" }, product.short),
      h("span", { class: "card-price" }, price(product.cents)),
    ),
  );
}

function step(number, title, ...text) {
  return h("li", {}, h("span", { class: "step-number", "aria-hidden": "true" }, number), h("h3", {}, title), h("p", {}, ...text));
}

export function home(content) {
  show(
    content,
    "",
    h(
      "section",
      { class: "hero" },
      drawing(river),
      h(
        "div",
        { class: "hero-text" },
        h("h1", {}, "Gear for small rivers"),
        h("p", {}, "Boats, bags and kettles for the water that has no name on the map."),
        h("a", { class: "button", href: "/products" }, "See the products"),
      ),
    ),
    h(
      "section",
      { class: "how" },
      h("h2", {}, "This is a demo. You are the data."),
      h(
        "ol",
        { class: "steps" },
        step("1", "Click around", "Look at a product, put it into the cart, buy it. Nothing is for sale."),
        step("2", "Watch the corner", "Each page view and event is shown there, with its parameters, as it is sent."),
        step("3", "Read the records", "They are in files: ", h("code", {}, "headwater cat data/events/*.avro")),
      ),
    ),
    h("section", {}, h("h2", {}, "Picked for you"), h("ul", { class: "grid" }, products.slice(0, 4).map(card))),
  );
}

export function productList(content) {
  show(content, "Products", h("h1", {}, "Products"), h("ul", { class: "grid" }, products.map(card)));
}

export function product(content, id, changed) {
  const shown = find(id);
  if (!shown) return missing(content);
  const quantity = h(
    "select",
    { id: "quantity" },
    [1, 2, 3, 4, 5].map((number) => h("option", { value: number }, String(number))),
  );
  const said = h("p", { class: "said", role: "status" });
  const add = () => {
    const number = Number(quantity.value);
    cart.add(shown.id, number);
    changed();
    said.replaceChildren(number > 1 ? `${number} are in your cart. ` : "It is in your cart. ", h("a", { href: "/cart" }, "Go there"));
    send("add_to_cart", { ...described(shown), quantity: number });
  };
  show(
    content,
    shown.name,
    h("p", { class: "crumbs" }, h("a", { href: "/products" }, "Products"), " / ", shown.category),
    h(
      "article",
      { class: "product" },
      h("div", { class: "product-picture" }, picture(shown)),
      h(
        "div",
        {},
        h("h1", {}, shown.name),
        h("p", { class: "price" }, price(shown.cents)),
        h("p", {}, shown.text),
        h("ul", { class: "facts" }, shown.facts.map((fact) => h("li", {}, fact))),
        h(
          "div",
          { class: "buy" },
          h("label", { for: "quantity" }, "Quantity"),
          quantity,
          h("button", { id: "add", class: "button", type: "button", click: add }, "Add to cart"),
        ),
        said,
      ),
    ),
  );
  return send("view_item", described(shown));
}

/** A product as events describe it. */
function described({ id, name, category, cents }) {
  return { product_id: id, name, category, price: amount(cents), currency: CURRENCY };
}

export function cartPage(content, _, changed) {
  send("view_cart", { quantity: cart.count(), value: amount(cart.totalCents()), currency: CURRENCY });
  drawCart(content, changed);
}

function drawCart(content, changed) {
  const lines = cart.lines();
  if (lines.length === 0) {
    show(
      content,
      "Cart",
      h("h1", {}, "Your cart"),
      h("p", { class: "note" }, "There is nothing in it yet."),
      h("a", { class: "button", href: "/products" }, "See the products"),
    );
    return;
  }
  const remove = (line) => () => {
    cart.put(line.product.id, 0);
    changed();
    drawCart(content, changed);
    send("remove_from_cart", { product_id: line.product.id, quantity: line.quantity });
  };
  show(
    content,
    "Cart",
    h("h1", {}, "Your cart"),
    h(
      "ul",
      { class: "lines" },
      lines.map((line) =>
        h(
          "li",
          {},
          picture(line.product),
          h("a", { href: `/products/${line.product.id}` }, line.product.name),
          h("span", { class: "quantity" }, `× ${line.quantity}`),
          h("span", { class: "line-price" }, price(line.quantity * line.product.cents)),
          h("button", { class: "quiet", type: "button", "aria-label": `Remove ${line.product.name}`, click: remove(line) }, "Remove"),
        ),
      ),
    ),
    h("p", { class: "total" }, h("span", {}, "Total"), h("strong", {}, price(cart.totalCents()))),
    h("p", { class: "next" }, h("a", { id: "to-checkout", class: "button", href: "/checkout" }, "Check out")),
  );
}

export function missing(content) {
  show(
    content,
    "Not here",
    h("h1", {}, "The river has taken this page"),
    h("p", {}, "We do not have what you are looking for."),
    h("a", { class: "button", href: "/products" }, "See the products"),
  );
}
