/* Headwater, a clickstream collector. Apache-2.0 */
"use strict";
(function() {
  // out/lifecycle.js
  function visibilityNames() {
    var prefixes = ["moz", "ms", "webkit"];
    if ("hidden" in document)
      return { hidden: "hidden", change: "visibilitychange" };
    for (var i = 0; i < prefixes.length; i++) {
      var hidden = prefixes[i] + "Hidden";
      if (hidden in document)
        return { hidden: hidden, change: prefixes[i] + "visibilitychange" };
    }
    return void 0;
  }
  function followPage(tracker) {
    var names = visibilityNames();
    var isHidden = function() {
      return !!names && !!document[names.hidden];
    };
    if (!names || !isHidden() || !document.addEventListener) {
      tracker.startPageView();
    } else {
      var seen_1 = function() {
        var begun = tracker.api.pageViewId !== null;
        if (begun || !isHidden())
          document.removeEventListener(names.change, seen_1);
        if (!begun && !isHidden())
          tracker.startPageView();
      };
      document.addEventListener(names.change, seen_1);
    }
    if (window.addEventListener) {
      var left_1 = false;
      window.addEventListener("pagehide", function() {
        left_1 = true;
      });
      window.addEventListener("pageshow", function() {
        if (left_1)
          tracker.startPageView();
      });
    }
  }

  // out/settings.js
  var settings = HEADWATER_SETTINGS;

  // out/log.js
  function log(level, message, detail) {
    if (settings.logging && typeof console !== "undefined" && console[level]) {
      if (detail === void 0) {
        console[level]("headwater: " + message);
      } else {
        console[level]("headwater: " + message, detail);
      }
    }
  }

  // out/script.js
  var FAILURE = "Divolte could not initialize itself.";
  function hasName(url, name) {
    var path = url.split(/[?#]/)[0];
    return path === name || path.slice(-name.length - 1) === "/" + name;
  }
  function scriptUrl(page, name) {
    var current = page.currentScript;
    if (current && current.src)
      return current.src;
    var found;
    var scripts = page.getElementsByTagName("script");
    for (var i = 0; i < scripts.length; i++) {
      var url = scripts[i].src;
      if (url && hasName(url, name)) {
        if (found !== void 0) {
          log("error", "several scripts have the name " + name);
          throw FAILURE;
        }
        found = url;
      }
    }
    if (found === void 0) {
      log("error", "no script has the name " + name);
      throw FAILURE;
    }
    return found;
  }
  function originOf(url) {
    var hash = url.indexOf("#");
    var fragment = hash < 0 ? "" : url.slice(hash + 1);
    if (fragment.indexOf("/") >= 0) {
      log("error", "a page view's identifier must not have a slash", fragment);
      throw FAILURE;
    }
    var path = url.split(/[?#]/)[0];
    return { base: path.slice(0, path.lastIndexOf("/") + 1), fragment: fragment };
  }

  // out/cookies.js
  function readCookie(cookies, name) {
    var parts = cookies.split(";");
    for (var i = 0; i < parts.length; i++) {
      var part = parts[i].replace(/^\s+/, "");
      if (part.slice(0, name.length + 1) === name + "=") {
        return part.slice(name.length + 1) || void 0;
      }
    }
    return void 0;
  }
  function cookieText(name, value, millis, seconds, domain) {
    var expires = new Date(millis + seconds * 1e3).toUTCString();
    var scope = domain ? "; domain=" + domain : "";
    return name + "=" + value + "; path=/; expires=" + expires + "; max-age=" + seconds + scope;
  }

  // out/delivery.js
  function run(callback) {
    try {
      callback();
    } catch (error) {
      log("error", "a callback has thrown", error);
      setTimeout(function() {
        throw error;
      }, 0);
    }
  }
  var Delivery = (function() {
    function Delivery2(url, timeoutMillis) {
      this.url = url;
      this.timeoutMillis = timeoutMillis;
      this.waiting = [];
    }
    Delivery2.prototype.add = function(query) {
      this.waiting.push(query);
      if (this.waiting.length === 1)
        this.start();
    };
    Delivery2.prototype.whenThrough = function(callback, timeoutMillis) {
      if (this.waiting.length === 0) {
        run(callback);
        return;
      }
      var done = false;
      var once = function() {
        if (done)
          return;
        done = true;
        run(callback);
      };
      if (timeoutMillis !== void 0)
        setTimeout(once, timeoutMillis || 0);
      this.waiting.push(once);
    };
    Delivery2.prototype.start = function() {
      while (this.waiting.length > 0) {
        var item = this.waiting[0];
        if (typeof item === "string") {
          this.send(item);
          return;
        }
        item();
        this.waiting.shift();
      }
    };
    Delivery2.prototype.send = function(query) {
      var _this = this;
      var image = new Image(1, 1);
      var done = false;
      var next = function() {
        if (done)
          return;
        done = true;
        clearTimeout(timer);
        _this.waiting.shift();
        _this.start();
      };
      var timer = setTimeout(function() {
        log("warn", "an event takes long, the next one is sent");
        next();
      }, this.timeoutMillis);
      image.onload = next;
      image.onerror = next;
      image.src = this.url + "?" + query;
    };
    return Delivery2;
  })();

  // out/ids.js
  var ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789~_";
  var LENGTH = 32;
  function systemRandom() {
    var scope = window;
    return scope.crypto || scope.msCrypto;
  }
  function unique(source) {
    if (source === void 0) {
      source = systemRandom();
    }
    var result = "";
    if (source && typeof Uint8Array !== "undefined") {
      var bytes = new Uint8Array(LENGTH);
      source.getRandomValues(bytes);
      for (var i = 0; i < LENGTH; i++) {
        result += ALPHABET.charAt(bytes[i] & 63);
      }
      return result;
    }
    for (var i = 0; i < LENGTH; i++) {
      result += ALPHABET.charAt(Math.floor(Math.random() * 64));
    }
    return result + "!";
  }
  function timedId(millis, source) {
    return "0:" + millis.toString(36) + ":" + unique(source);
  }
  function pageViewId(source) {
    return "0:" + unique(source);
  }

  // out/mincode.js
  var DEPTH_MAX = 1e3;
  function escape(text) {
    return text.replace(/[~!]/g, "~$&") + "!";
  }
  function numberText(value, label) {
    if (!isFinite(value))
      return "n" + label;
    var plain = value.toString();
    var exponential = value.toExponential();
    var decimal = exponential.length < plain.length ? exponential : plain;
    var base36 = value.toString(36);
    var short = Math.floor(value) === value && base36.length <= decimal.length;
    return short ? "d" + label + base36 + "!" : "j" + label + decimal + "!";
  }
  function replaced(value) {
    var scope = value;
    var isObject = typeof value === "object" && value !== null || typeof value === "function";
    return isObject && typeof scope.toJSON === "function" ? scope.toJSON() : value;
  }
  function containerText(value, label, depth) {
    if (depth === DEPTH_MAX)
      throw new Error("cyclic, or too deep");
    var text;
    if (Object.prototype.toString.call(value) === "[object Array]") {
      var items = value;
      text = "a" + label;
      for (var i = 0; i < items.length; i++) {
        text += valueText(items[i], "", depth + 1) || "n";
      }
      return text + ".";
    }
    text = "(" + label;
    for (var name_1 in value) {
      if (Object.prototype.hasOwnProperty.call(value, name_1)) {
        text += valueText(value[name_1], escape(name_1), depth + 1) || "";
      }
    }
    return text + ")";
  }
  function valueText(original, label, depth) {
    var value = replaced(original);
    if (value === null)
      return "n" + label;
    switch (typeof value) {
      case "string":
        return "s" + label + escape(value);
      case "number":
        return numberText(value, label);
      case "boolean":
        return (value ? "t" : "f") + label;
      case "bigint":
        return "s" + label + escape(String(value));
      case "object":
        return containerText(value, label, depth);
    }
    return void 0;
  }
  function mincode(value) {
    return valueText(value, "", 0);
  }

  // out/text.js
  function wellFormed(text) {
    var result = "";
    var from = 0;
    for (var i = 0; i < text.length; i++) {
      var unit = text.charCodeAt(i);
      if (unit < 55296 || unit > 57343)
        continue;
      var next = text.charCodeAt(i + 1);
      if (unit < 56320 && next >= 56320 && next <= 57343) {
        i++;
      } else {
        result += text.slice(from, i) + "�";
        from = i + 1;
      }
    }
    return result + text.slice(from);
  }
  function encode(text) {
    return encodeURIComponent(wellFormed(text));
  }

  // out/checksum.js
  function multiply(a, b) {
    return ((a >>> 16) * b << 16) + (a & 65535) * b | 0;
  }
  function rotate(value, by) {
    return value << by | value >>> 32 - by;
  }
  function bytesOf(text) {
    var encoded = encode(text);
    var bytes = [];
    for (var i = 0; i < encoded.length; i++) {
      if (encoded.charAt(i) === "%") {
        bytes.push(parseInt(encoded.substr(i + 1, 2), 16));
        i += 2;
      } else {
        bytes.push(encoded.charCodeAt(i));
      }
    }
    return bytes;
  }
  function murmur3(text) {
    var bytes = bytesOf(text);
    var mix = function(word2) {
      return multiply(rotate(multiply(word2, 3432918353), 15), 461845907);
    };
    var hash = 0;
    var word = 0;
    for (var i = 0; i < bytes.length; i++) {
      word |= bytes[i] << 8 * (i & 3);
      if ((i & 3) === 3) {
        hash = multiply(rotate(hash ^ mix(word), 13), 5) + 3864292196 | 0;
        word = 0;
      }
    }
    hash ^= mix(word) ^ bytes.length;
    hash = multiply(hash ^ hash >>> 16, 2246822507);
    hash = multiply(hash ^ hash >>> 13, 3266489909);
    return hash ^ hash >>> 16;
  }
  function canonical(parameters) {
    var names = [];
    var values = {};
    for (var i = 0; i < parameters.length; i++) {
      var key = " " + parameters[i][0];
      if (!Object.prototype.hasOwnProperty.call(values, key)) {
        names.push(parameters[i][0]);
        values[key] = "";
      }
      values[key] += parameters[i][1] + ",";
    }
    names.sort();
    var result = "";
    for (var i = 0; i < names.length; i++) {
      result += names[i] + "=" + values[" " + names[i]] + ";";
    }
    return result;
  }
  function checksum(parameters) {
    return murmur3(canonical(parameters)).toString(36);
  }

  // out/query.js
  function queryOf(fields) {
    var parameters = [];
    var query = "";
    for (var i = 0; i < fields.length; i++) {
      var _a = fields[i], name_1 = _a[0], value = _a[1];
      if (value === void 0)
        continue;
      var text = typeof value === "number" ? value.toString(36) : String(value);
      parameters.push([name_1, text]);
      query += name_1 + "=" + encode(text) + "&";
    }
    return query + "x=" + checksum(parameters);
  }

  // out/viewport.js
  function viewport() {
    if (window.innerWidth !== void 0)
      return [window.innerWidth, window.innerHeight];
    var page = document.documentElement;
    var body = document.body;
    if (page && page.clientWidth)
      return [page.clientWidth, page.clientHeight];
    if (body && body.clientWidth)
      return [body.clientWidth, body.clientHeight];
    if (page && page.offsetWidth)
      return [page.offsetWidth, page.offsetHeight];
    return body ? [body.offsetWidth, body.offsetHeight] : [void 0, void 0];
  }
  function available() {
    return [window.screen.availWidth, window.screen.availHeight];
  }

  // out/tracker.js
  function now() {
    return (/* @__PURE__ */ new Date()).getTime();
  }
  function flag(value) {
    return value ? "t" : "f";
  }
  function typeText(type) {
    if (!type || typeof type === "number")
      return type;
    try {
      return String(type);
    } catch (_a) {
      return "";
    }
  }
  function parametersText(parameters) {
    try {
      return mincode(parameters);
    } catch (error) {
      log("error", "the parameters of an event cannot be sent", error);
      return void 0;
    }
  }
  function makeTracker(origin) {
    var loaded = now();
    var party = readCookie(document.cookie, settings.partyCookie);
    var session = readCookie(document.cookie, settings.sessionCookie);
    var delivery = new Delivery(origin.base + settings.eventSuffix, settings.eventTimeoutSeconds * 1e3);
    var screenSize = available();
    var newParty = party === void 0;
    var firstInSession = session === void 0;
    var events = 0;
    var api = {
      partyId: party || timedId(loaded),
      sessionId: session || timedId(loaded),
      pageViewId: null,
      isNewPartyId: newParty,
      isFirstInSession: firstInSession,
      isServerPageView: origin.fragment !== "",
      signal: signal,
      whenCommitted: whenCommitted
    };
    function fieldsOf(type, parameters, eventId, time) {
      var size = viewport();
      return [
        ["p", api.partyId],
        ["s", api.sessionId],
        ["v", api.pageViewId],
        ["e", eventId],
        ["c", time],
        ["n", flag(newParty)],
        ["f", flag(firstInSession)],
        ["l", window.location.href],
        ["r", document.referrer || void 0],
        ["i", screenSize[0]],
        ["j", screenSize[1]],
        ["k", window.devicePixelRatio],
        ["w", size[0]],
        ["h", size[1]],
        ["t", type],
        ["u", parameters]
      ];
    }
    function writeCookies(time) {
      var write = function(name, value, seconds) {
        document.cookie = cookieText(name, value, time, seconds, settings.cookieDomain);
      };
      write(settings.sessionCookie, api.sessionId, settings.sessionTimeoutSeconds);
      write(settings.partyCookie, api.partyId, settings.partyTimeoutSeconds);
    }
    function signal(type, parameters) {
      if (api.pageViewId === null)
        startPageView();
      var name = typeText(type);
      if (!name) {
        log("warn", "an event without a type is not sent");
        return null;
      }
      var time = now();
      var eventId = api.pageViewId + (events++).toString(16);
      var query = queryOf(fieldsOf(name, parametersText(parameters), eventId, time));
      newParty = firstInSession = false;
      writeCookies(time);
      delivery.add(query);
      log("info", "event " + eventId, name);
      return eventId;
    }
    function whenCommitted(callback, timeoutMillis) {
      delivery.whenThrough(callback, timeoutMillis);
    }
    function startPageView() {
      if (!api.isServerPageView) {
        api.pageViewId = pageViewId();
        events = 0;
      } else {
        api.pageViewId = origin.fragment;
      }
      log("info", "page view " + api.pageViewId);
      if (settings.autoPageView)
        signal("pageView");
    }
    return { api: api, startPageView: startPageView };
  }

  // out/main.js
  function hand(page, api) {
    if (typeof page.define === "function" && page.define.amd) {
      page.define(function() {
        return api;
      });
    } else if (typeof page.module === "object" && page.module && page.module.exports) {
      page.module.exports = api;
    } else {
      page.divolte = api;
    }
  }
  function main() {
    var origin = originOf(scriptUrl(document, settings.scriptName));
    var page = window;
    if (typeof page.divolte === "object") {
      log("warn", "the page has a tracker already, this one does nothing");
      return;
    }
    var tracker = makeTracker(origin);
    hand(page, tracker.api);
    followPage(tracker);
  }
  main();
})();
