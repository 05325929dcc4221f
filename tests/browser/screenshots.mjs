// Takes pictures of the shop's pages, to be looked at: node screenshots.mjs DIRECTORY [BROWSER]
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { BROWSERS, DESKTOP, PHONE, openBrowser } from "./browsers.mjs";
import { startServer } from "./server.mjs";
import { Shop } from "./shop.mjs";

const directory = resolve(process.argv[2] ?? "screenshots");
mkdirSync(directory, { recursive: true });

const server = await startServer();
try {
  for (const browser of process.argv[3] ? [process.argv[3]] : Object.keys(BROWSERS)) {
    for (const size of [DESKTOP, PHONE]) {
      for (const dark of [false, true]) {
        const session = await openBrowser(browser, { size, dark });
        const take = (page) =>
          session.screenshot(join(directory, `${page}-${browser}-${size.name}-${dark ? "dark" : "light"}.png`));
        const shop = new Shop(session, server.page);
        await shop.open();
        await take("home");
        await shop.toProducts();
        await take("products");
        await shop.toProduct("kingfisher-canoe");
        await shop.add(2);
        await take("product");
        await shop.toCart();
        await take("cart");
        await shop.toCheckout();
        await take("checkout");
        await shop.placeOrder();
        await take("confirmation");
        if (size === PHONE) {
          await session.click(".panel-head");
          await take("panel");
        }
        await session.close();
      }
    }
  }
} finally {
  await server.kill();
}
