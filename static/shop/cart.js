// The cart, the same in all tabs of this browser, and the last order of this tab.
import { find } from "./catalogue.js";

const CART = "shop.cart";
const ORDER = "shop.order";

function read(storage, key, otherwise) {
  try {
    return JSON.parse(storage.getItem(key)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

function write(storage, key, value) {
  try {
    storage.setItem(key, JSON.stringify(value));
  } catch {
    // A browser that keeps nothing has a cart until the next page.
  }
}

/** What is in the cart: products with their quantities. */
export function lines() {
  const quantities = read(localStorage, CART, {});
  return Object.entries(quantities)
    .map(([id, quantity]) => ({ product: find(id), quantity }))
    .filter((line) => line.product && line.quantity > 0);
}

export function count() {
  return lines().reduce((sum, line) => sum + line.quantity, 0);
}

export function totalCents(of = lines()) {
  return of.reduce((sum, line) => sum + line.quantity * line.product.cents, 0);
}

/** Puts a product in as often as `quantity` says; 0 takes it out. */
export function put(id, quantity) {
  const quantities = read(localStorage, CART, {});
  quantities[id] = Math.max(0, Math.min(99, quantity));
  write(localStorage, CART, quantities);
}

export function add(id, quantity) {
  const before = lines().find((line) => line.product.id === id);
  put(id, (before ? before.quantity : 0) + quantity);
}

export function empty() {
  write(localStorage, CART, {});
}

/** The order that the confirmation page shows. */
export function lastOrder() {
  return read(sessionStorage, ORDER, null);
}

export function saveOrder(order) {
  write(sessionStorage, ORDER, order);
}
