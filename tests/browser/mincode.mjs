// Reads the parameter `u` of an event, independently of the tracker and of the program.

/** The value that a mincode text stands for. */
export function readMincode(text) {
  let at = 0;
  const upTo = () => {
    let result = "";
    for (; text[at] !== "!"; at++) {
      if (at >= text.length) throw new Error(`no end of text: ${text}`);
      if (text[at] === "~") at++;
      result += text[at];
    }
    at++;
    return result;
  };
  /** A value; in an object, `name` takes the name between the type and the payload. */
  const value = (name) => {
    const type = text[at++];
    name?.(upTo());
    switch (type) {
      case "s":
        return upTo();
      case "d":
        return parseInt(upTo(), 36);
      case "j":
        return Number(upTo());
      case "t":
        return true;
      case "f":
        return false;
      case "n":
        return null;
      case "a": {
        const items = [];
        while (text[at] !== ".") items.push(value());
        at++;
        return items;
      }
      case "(": {
        const members = {};
        while (text[at] !== ")") {
          let key;
          const member = value((found) => (key = found));
          members[key] = member;
        }
        at++;
        return members;
      }
    }
    throw new Error(`no type at ${at - 1}: ${text}`);
  };
  return value();
}

/** Type, path and parameters of the events among these requests. */
export function eventsOf(requests) {
  const queries = requests.map((url) => new URL(url)).filter((url) => url.pathname === "/csc-event");
  return queries.map(({ searchParams }) => {
    const parameters = searchParams.get("u");
    return [
      searchParams.get("t"),
      new URL(searchParams.get("l")).pathname,
      ...(parameters === null ? [] : [readMincode(parameters)]),
    ];
  });
}
