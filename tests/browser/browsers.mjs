// One way to use two real browsers: Chromium by playwright, Firefox by selenium and WebDriver BiDi, both headless and
// with a profile of their own that is gone when the session is closed.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const modules = process.env.HEADWATER_BROWSER_MODULES;
if (!modules) throw new Error("scripts/prepare installs what drives the browsers");
const require = createRequire(join(modules, "package.json"));

/** How long a page may take to become what a test expects. */
const PATIENCE_MILLIS = 20_000;

export const DESKTOP = { name: "desktop", width: 1280, height: 800, scale: 1 };
export const PHONE = { name: "phone", width: 390, height: 844, scale: 2 };

const PHONE_AGENTS = {
  chromium: "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/132.0.0.0 Mobile Safari/537.36",
  firefox: "Mozilla/5.0 (Android 14; Mobile; rv:134.0) Gecko/134.0 Firefox/134.0",
};

/**
 * What tests do with a browser. Subclasses know how:
 * `goto(url)`, `back()`, `reload()`, `click(selector)`, `evaluate(function, ...arguments)` in the page,
 * `screenshot(path, wholePage)`, `close()`.
 */
class Session {
  /** Addresses of all requests so far, in the order in which the browser made them. */
  requests = [];
  /** Errors of pages and of the browser's console. */
  errors = [];

  /** Waits until the function, run in the page, gives something true; gives that. */
  async until(predicate, ...given) {
    const end = Date.now() + PATIENCE_MILLIS;
    let last;
    while (Date.now() < end) {
      try {
        last = await this.evaluate(predicate, ...given);
        if (last) return last;
      } catch (error) {
        // A page that is being left cannot be asked.
        last = error;
      }
      await pause(25);
    }
    throw new Error(`in vain: ${predicate} ${JSON.stringify(given)}; last: ${last}; errors: ${this.errors.join("; ")}`);
  }

  /** Waits for an element. */
  async find(selector) {
    return this.until((wanted) => document.querySelector(wanted) !== null, selector);
  }

  /** The text of an element, once it is there. */
  async text(selector) {
    await this.find(selector);
    return this.evaluate((wanted) => document.querySelector(wanted).textContent, selector);
  }
}

class Chromium extends Session {
  static async open({ size, dark, args = [] }) {
    const { chromium } = require("playwright-core");
    const session = new Chromium();
    session.profile = mkdtempSync(join(tmpdir(), "headwater-chromium-"));
    const phone = size === PHONE;
    session.context = await chromium.launchPersistentContext(session.profile, {
      executablePath: "/usr/bin/chromium",
      headless: true,
      args,
      viewport: { width: size.width, height: size.height },
      deviceScaleFactor: size.scale,
      colorScheme: dark ? "dark" : "light",
      ...(phone ? { isMobile: true, hasTouch: true, userAgent: PHONE_AGENTS.chromium } : {}),
    });
    session.page = session.context.pages()[0] ?? (await session.context.newPage());
    session.page.on("request", (request) => session.requests.push(request.url()));
    session.page.on("pageerror", (error) => session.errors.push(String(error)));
    session.page.on("console", (message) => message.type() === "error" && session.errors.push(message.text()));
    return session;
  }

  async goto(url) {
    await this.page.goto(url);
  }

  async back() {
    await this.page.goBack({ waitUntil: "commit" });
  }

  async reload() {
    await this.page.reload();
  }

  async click(selector) {
    await this.page.click(selector, { timeout: PATIENCE_MILLIS });
  }

  async evaluate(task, ...given) {
    return this.page.evaluate(`(${task})(...${JSON.stringify(given)})`);
  }

  async cookies() {
    return this.context.cookies();
  }

  async screenshot(path, wholePage = false) {
    await this.page.screenshot({ path, fullPage: wholePage });
  }

  async close() {
    await this.context.close();
    // Only now is the browser done with its profile.
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  }
}

class Firefox extends Session {
  static async open({ size, dark }) {
    const { Builder, Capabilities } = require("selenium-webdriver");
    const firefox = require("selenium-webdriver/firefox");
    const options = new firefox.Options().setBinary("/usr/bin/firefox-esr").addArguments("-headless");
    options.enableBidi();
    options.setPreference("layout.css.prefers-color-scheme.content-override", dark ? 0 : 1);
    if (size === PHONE) options.setPreference("general.useragent.override", PHONE_AGENTS.firefox);
    const service = new firefox.ServiceBuilder(process.env.HEADWATER_GECKODRIVER);
    const session = new Firefox();
    session.driver = await new Builder(Capabilities.firefox())
      .forBrowser("firefox")
      .setFirefoxOptions(options)
      .setFirefoxService(service)
      .build();
    session.bidi = await session.driver.getBidi();
    session.bidi.socket.on("message", (data) => session.#note(JSON.parse(data.toString())));
    await session.bidi.send({
      method: "session.subscribe",
      params: { events: ["network.beforeRequestSent", "log.entryAdded"] },
    });
    session.tab = await session.driver.getWindowHandle();
    await session.bidi.send({
      method: "browsingContext.setViewport",
      params: {
        context: session.tab,
        viewport: { width: size.width, height: size.height },
        devicePixelRatio: size.scale,
      },
    });
    return session;
  }

  #note({ method, params }) {
    if (method === "network.beforeRequestSent") this.requests.push(params.request.url);
    if (method === "log.entryAdded" && params.level === "error") this.errors.push(params.text);
  }

  async goto(url) {
    await this.driver.get(url);
  }

  async back() {
    await this.driver.navigate().back();
  }

  async reload() {
    await this.driver.navigate().refresh();
  }

  async click(selector) {
    await this.find(selector);
    const { By } = require("selenium-webdriver");
    const element = await this.driver.findElement(By.css(selector));
    await this.driver.executeScript("arguments[0].scrollIntoView({ block: 'center', behavior: 'instant' })", element);
    await element.click();
  }

  async evaluate(task, ...given) {
    return this.driver.executeScript(`return (${task})(...arguments)`, ...given);
  }

  async cookies() {
    return this.driver.manage().getCookies();
  }

  async screenshot(path, wholePage = false) {
    const params = { context: this.tab, origin: wholePage ? "document" : "viewport" };
    const { result } = await this.bidi.send({ method: "browsingContext.captureScreenshot", params });
    writeFileSync(path, Buffer.from(result.data, "base64"));
  }

  async close() {
    await this.driver.quit();
  }
}

export const BROWSERS = { chromium: Chromium, firefox: Firefox };

/** A session of `chromium` or `firefox`, of the size DESKTOP or PHONE, by day or, with `dark`, by night. */
export async function openBrowser(name, { size = DESKTOP, dark = false, ...more } = {}) {
  return BROWSERS[name].open({ size, dark, ...more });
}
