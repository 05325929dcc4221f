// Sends one event after the other, each as the address of an image, so that they arrive in order.

import { log } from "./log.js";

/** An event's query, or what a page wants done when all that was before it is through. */
type Item = string | (() => void);

/** Runs what the page gave; its mistake is told to the page like any other, and stops nothing here. */
function run(callback: () => void): void {
  try {
    callback();
  } catch (error) {
    log("error", "a callback has thrown", error);
    setTimeout(() => {
      throw error;
    }, 0);
  }
}

/** Sends to one place. */
export class Delivery {
  /** The first is under way. */
  private readonly waiting: Item[] = [];

  constructor(
    private readonly url: string,
    private readonly timeoutMillis: number,
  ) {}

  /** Adds an event. */
  add(query: string): void {
    this.waiting.push(query);
    if (this.waiting.length === 1) this.start();
  }

  /** Runs the callback once all events so far are through, or when the time is over; at once if none is waiting. */
  whenThrough(callback: () => void, timeoutMillis: number | null | undefined): void {
    if (this.waiting.length === 0) {
      run(callback);
      return;
    }
    let done = false;
    const once = (): void => {
      if (done) return;
      done = true;
      run(callback);
    };
    if (timeoutMillis !== undefined) setTimeout(once, timeoutMillis || 0);
    this.waiting.push(once);
  }

  /** Begins with the first; the next is its turn when it has arrived, has failed, or has taken too long. */
  private start(): void {
    // A callback may add to what is waiting, so it stays the first until it has returned.
    while (this.waiting.length > 0) {
      const item = this.waiting[0];
      if (typeof item === "string") {
        this.send(item);
        return;
      }
      item();
      this.waiting.shift();
    }
  }

  private send(query: string): void {
    const image = new Image(1, 1);
    let done = false;
    const next = (): void => {
      if (done) return;
      done = true;
      clearTimeout(timer);
      this.waiting.shift();
      this.start();
    };
    const timer = setTimeout(() => {
      log("warn", "an event takes long, the next one is sent");
      next();
    }, this.timeoutMillis);
    image.onload = next;
    image.onerror = next;
    image.src = this.url + "?" + query;
  }
}
