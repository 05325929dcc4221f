// Sends one event after the other, each as the address of an image, so that they arrive in order.

import { log } from "./log.js";

/** Sends to one place. */
export class Delivery {
  /** The first is under way. */
  private readonly waiting: string[] = [];

  constructor(
    private readonly url: string,
    private readonly timeoutMillis: number,
  ) {}

  /** Adds an event. */
  add(query: string): void {
    this.waiting.push(query);
    if (this.waiting.length === 1) this.send();
  }

  /** Sends the first; the next goes when it has arrived, has failed, or has taken too long. */
  private send(): void {
    const image = new Image(1, 1);
    let done = false;
    const next = (): void => {
      if (done) return;
      done = true;
      clearTimeout(timer);
      this.waiting.shift();
      if (this.waiting.length > 0) this.send();
    };
    const timer = setTimeout(() => {
      log("warn", "an event takes long, the next one is sent");
      next();
    }, this.timeoutMillis);
    image.onload = next;
    image.onerror = next;
    image.src = this.url + "?" + this.waiting[0];
  }
}
