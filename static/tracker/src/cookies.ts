// The two cookies. They are always the page's own: this script writes them, the collector never does.

/** Value of the first cookie of this name as it stands there; undefined if there is none or it is empty. */
export function readCookie(cookies: string, name: string): string | undefined {
  const parts = cookies.split(";");
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i].replace(/^\s+/, "");
    if (part.slice(0, name.length + 1) === name + "=") {
      return part.slice(name.length + 1) || undefined;
    }
  }
  return undefined;
}

/** What to assign to `document.cookie`. */
export function cookieText(name: string, value: string, millis: number, seconds: number, domain: string): string {
  const expires = new Date(millis + seconds * 1000).toUTCString();
  const scope = domain ? "; domain=" + domain : "";
  return name + "=" + value + "; path=/; expires=" + expires + "; max-age=" + seconds + scope;
}
