// A visitor buys a canoe in the demo shop, and the records tell it.
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { DESKTOP, PHONE } from "./browsers.mjs";
import { inBrowsers } from "./harness.mjs";
import { eventsOf } from "./mincode.mjs";
import { Shop } from "./shop.mjs";

const canoe = { product_id: "kingfisher-canoe", name: "Kingfisher canoe", category: "boats", price: 890, currency: "EUR" };
const kettle = { product_id: "ember-kettle", name: "Ember kettle", category: "camp", price: 45.25, currency: "EUR" };
const order = { items: [{ product_id: "kingfisher-canoe", quantity: 2, price: 890 }], value: 1780, currency: "EUR" };

/** What the visit below sends: type, path, parameters. */
const expected = (orderId) => [
  ["pageView", "/"],
  ["pageView", "/products"],
  ["pageView", "/products/kingfisher-canoe"],
  ["view_item", "/products/kingfisher-canoe", canoe],
  ["add_to_cart", "/products/kingfisher-canoe", { ...canoe, quantity: 2 }],
  ["pageView", "/products"],
  ["pageView", "/products/ember-kettle"],
  ["view_item", "/products/ember-kettle", kettle],
  ["add_to_cart", "/products/ember-kettle", { ...kettle, quantity: 1 }],
  ["pageView", "/cart"],
  ["view_cart", "/cart", { quantity: 3, value: 1825.25, currency: "EUR" }],
  ["remove_from_cart", "/cart", { product_id: "ember-kettle", quantity: 1 }],
  ["pageView", "/checkout"],
  ["checkout", "/checkout", order],
  ["pageView", "/checkout/confirm"],
  ["purchase", "/checkout/confirm", { order_id: orderId, ...order, delivery: "courier" }],
  // Looked at again, an order is not bought again.
  ["pageView", "/checkout/confirm"],
];

/** Clicks through the shop; gives the number of the order. */
async function buy(shop) {
  await shop.open();
  await shop.toProducts();
  await shop.toProduct("kingfisher-canoe");
  await shop.add(2);
  await shop.toProducts();
  await shop.toProduct("ember-kettle");
  await shop.add(1);
  await shop.toCart();
  await shop.session.click('button[aria-label="Remove Ember kettle"]');
  await shop.sent("remove_from_cart");
  await shop.toCheckout();
  await shop.placeOrder();
  const orderId = await shop.session.text("#order-id");
  await shop.session.reload();
  await shop.arrived("/checkout/confirm");
  return orderId;
}

/** The records against the visit. */
function check(records, sent, { size, page, party, session }) {
  const seen = records.map((record) => [record.eventType, new URL(record.location).pathname]);
  assert.deepEqual(seen, sent.map(([type, path]) => [type, path]));
  const values = (field) => new Set(records.map((record) => record[field]));
  assert.deepEqual([...values("partyId")], [party], "one party");
  assert.deepEqual([...values("sessionId")], [session], "one session");
  assert.deepEqual(records.map((record) => record.firstInSession), records.map((_, index) => index === 0));
  assert.deepEqual([...values("detectedCorruption"), ...values("detectedDuplicate")], [false, false]);
  assert.deepEqual([...values("viewportPixelWidth")], [size.width]);
  // A browser without a window says so, and counts as a program that nobody looks at.
  const machine = records[0].userAgentString.includes("Headless") ? "Other" : "Personal computer";
  assert.deepEqual([...values("userAgentDeviceCategory")], [size === PHONE ? "Smartphone" : machine]);
  // A page view has an identifier of its own, which its events share; it knows where it came from.
  let view = null;
  let came = null;
  for (const record of records) {
    if (record.eventType === "pageView") {
      assert.notEqual(record.pageViewId, view, record.location);
      view = record.pageViewId;
    }
    assert.equal(record.pageViewId, view, record.eventType);
    assert.ok(record.location.startsWith(`${page}/`), record.location);
    if (came && came !== record.location) assert.equal(record.referer, came);
    if (record.eventType === "pageView") came = record.location;
  }
  assert.equal(values("pageViewId").size, sent.filter(([type]) => type === "pageView").length);
  const times = records.map((record) => record.clientTimestamp);
  assert.deepEqual(times, times.toSorted((a, b) => a - b));
}

inBrowsers("a visitor buys, and the records tell it", {}, async ({ server, session, size }) => {
  const shop = new Shop(session, server.page);
  const sent = expected(await buy(shop));
  const shown = await session.evaluate(() =>
    [...document.querySelectorAll(".events > li")].map((row) => [row.dataset.type, row.querySelector(".where").textContent]),
  );
  assert.deepEqual(shown.toReversed(), sent.map(([type, path]) => [type, path]), "the panel shows what was sent");
  assert.deepEqual(eventsOf(session.requests), sent, "with these parameters");
  const outside = session.requests.filter((url) => !url.startsWith(`${server.page}/`) && url.startsWith("http"));
  assert.deepEqual(outside, [], "nothing is asked of anybody else");
  assert.deepEqual(session.errors, []);
  const cookies = Object.fromEntries((await session.cookies()).map(({ name, value }) => [name, value]));
  assert.deepEqual(Object.keys(cookies).sort(), ["_dvp", "_dvs"]);
  const records = await server.stop();
  check(records, sent, { size, page: server.page, party: cookies._dvp, session: cookies._dvs });
});

inBrowsers("going back is a page view of its own", { sizes: [DESKTOP] }, async ({ server, session }) => {
  const shop = new Shop(session, server.page);
  await shop.open();
  await shop.toProducts();
  await session.back();
  await shop.arrived("/");
  await session.until(() => document.querySelectorAll('[data-type="pageView"][data-state="through"]').length === 3);
  const records = await server.stop();
  assert.deepEqual(records.map((record) => new URL(record.location).pathname), ["/", "/products", "/"]);
  assert.equal(new Set(records.map((record) => record.pageViewId)).size, 3);
  assert.equal(new Set(records.map((record) => record.sessionId)).size, 1);
});

inBrowsers("what the shop does not have", { sizes: [DESKTOP] }, async ({ server, session }) => {
  const shop = new Shop(session, server.page);
  for (const path of ["/products/%3Cimg%20src=x%20onerror=alert(1)%3E", "/products/none"]) {
    await shop.open(path);
    assert.equal(await session.text("h1"), "The river has taken this page");
    assert.equal(await session.evaluate(() => document.querySelectorAll("img[onerror]").length), 0);
  }
  await shop.open("/checkout");
  assert.equal(await session.text("h1"), "Checkout");
  assert.deepEqual(eventsOf(session.requests).map(([type]) => type), ["pageView", "pageView", "pageView"]);
});

const own = Object.entries({ schema_file: "shop.avsc", mapping_script_file: "shop.groovy" }).flatMap(([key, file]) => [
  "--set",
  `divolte.mappings.default.${key}=${fileURLToPath(new URL(file, import.meta.url))}`,
]);

/** What the mapping makes of the parameters of an event. */
const mapped = (parameters = {}) => ({
  productId: parameters.product_id ?? null,
  quantity: parameters.quantity ?? null,
  value: parameters.value ?? null,
  orderId: parameters.order_id ?? null,
  items: parameters.items ?? [],
});

inBrowsers("with a schema of one's own the parameters are in the records", { sizes: [DESKTOP], args: own },
  async ({ server, session }) => {
    const sent = expected(await buy(new Shop(session, server.page)));
    const records = await server.stop();
    const seen = records.map(({ timestamp, partyId, sessionId, ...rest }) => rest);
    assert.deepEqual(seen, sent.map(([eventType, path, parameters]) => ({ eventType, path, ...mapped(parameters) })));
  });
