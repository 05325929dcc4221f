// Makes elements. Text is always text: nothing that comes from outside is read as HTML.

/** An element with attributes (a function is a listener, `true` an attribute without a value) and children. */
export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(key, value);
    else if (value !== false && value !== undefined) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** A drawing of our own, as an element. */
export function drawing(svg) {
  const holder = document.createElement("div");
  holder.innerHTML = svg;
  return holder.firstElementChild;
}
