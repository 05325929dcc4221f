// Sizes of window and screen.

/** Width and height; undefined where the browser does not tell. */
export type Size = [number | undefined, number | undefined];

/** Size of the viewport now. */
export function viewport(): Size {
  if (window.innerWidth !== undefined) return [window.innerWidth, window.innerHeight];
  const page = document.documentElement;
  const body = document.body;
  if (page && page.clientWidth) return [page.clientWidth, page.clientHeight];
  if (body && body.clientWidth) return [body.clientWidth, body.clientHeight];
  if (page && page.offsetWidth) return [page.offsetWidth, page.offsetHeight];
  return body ? [body.offsetWidth, body.offsetHeight] : [undefined, undefined];
}

/** Room for windows on the screen. */
export function available(): Size {
  return [window.screen.availWidth, window.screen.availHeight];
}
