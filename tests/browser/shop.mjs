// Walks through the demo shop as a visitor does; each step ends when its events are through.

/** A visitor with a browser. */
export class Shop {
  constructor(session, page) {
    this.session = session;
    this.page = page;
  }

  /** Waits until the panel shows this event of this page, sent. */
  async sent(type) {
    await this.session.until(
      (wanted) => {
        const view = window.divolte?.pageViewId;
        const rows = [...document.querySelectorAll(`.events [data-type="${wanted}"][data-state="through"]`)];
        return view && rows.some((row) => row.dataset.id.startsWith(view));
      },
      type,
    );
  }

  /** Waits for a page by its path, and for its page view. */
  async arrived(path) {
    await this.session.until((wanted) => location.pathname === wanted && document.readyState === "complete", path);
    await this.sent("pageView");
  }

  async open(path = "/") {
    await this.session.goto(this.page + path);
    await this.arrived(path);
  }

  async toProducts() {
    await this.session.click('nav a[href="/products"]');
    await this.arrived("/products");
  }

  async toProduct(id) {
    await this.session.click(`a[data-product="${id}"]`);
    await this.arrived(`/products/${id}`);
    await this.sent("view_item");
  }

  async add(quantity) {
    await this.session.evaluate((number) => (document.getElementById("quantity").value = number), String(quantity));
    await this.session.click("#add");
    await this.sent("add_to_cart");
  }

  async toCart() {
    await this.session.click("#cart-link");
    await this.arrived("/cart");
    await this.sent("view_cart");
  }

  async toCheckout() {
    await this.session.click("#to-checkout");
    await this.arrived("/checkout");
    await this.sent("checkout");
  }

  async placeOrder() {
    await this.session.click("#place-order");
    await this.arrived("/checkout/confirm");
    await this.sent("purchase");
  }
}
