'use strict';
// What comes from events is text of strangers: it becomes text nodes and nothing else. The page's policy (no HTML from
// strings, no address but our own) would stop whatever forgets that.
(() => {
  const TOKEN_KEY = 'headwater-token';
  const THINGS_MAX = 100;
  const COLOURS = 8;
  const SECONDS = 60;
  const PROMISES = {
    none: 'events wait in memory until they are in a file; an orderly stop loses nothing',
    flush: 'an answered event survives a crash of the program',
    fsync: 'an answered event survives a power cut',
  };
  const COUNTS = [
    ['delivered', 'delivered'], ['discarded_corrupt', 'discarded: corrupt'],
    ['discarded_duplicate', 'discarded: duplicate'], ['other_source', 'of other sources'], ['skipped', 'skipped'],
    ['gap', 'lost'],
  ];

  const byId = (id) => document.getElementById(id);
  const integer = new Intl.NumberFormat('en');
  const count = (number) => integer.format(Math.round(number));
  const perSecond = (number) => (number > 0 && number < 10 ? number.toFixed(1) : count(number));

  // Characters that cannot be seen, or that turn the text around them, are named instead.
  const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
  const visible = (text) => text.replace(UNSEEN, (character) => {
    const code = character.codePointAt(0).toString(16).toUpperCase().padStart(4, '0');
    return `\u27e8U+${code}\u27e9`;
  });

  // An element with classes and children; a child that is no element becomes a text node.
  const make = (name, classes, ...children) => {
    const element = document.createElement(name);
    if (classes) element.className = classes;
    element.append(...children.map((child) => (typeof child === 'string' ? visible(child) : child)));
    return element;
  };
  const draw = (name, attributes, ...children) => {
    const element = document.createElementNS('http://www.w3.org/2000/svg', name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };
  const write = (id, text) => {
    const element = byId(id);
    if (element.textContent !== text) element.textContent = text;
  };
  const show = (id, shown) => { byId(id).hidden = !shown; };

  // Numbers that JavaScript cannot hold exactly keep their digits.
  class Digits { constructor(text) { this.text = text; } }
  const parse = (json) => JSON.parse(json, (_key, value, context) => {
    const inexact = typeof value === 'number' && context && !Number.isSafeInteger(value);
    return inexact && /^-?\d+$/.test(context.source) ? new Digits(context.source) : value;
  });
  const print = (value, indent = '') => {
    if (value instanceof Digits) return value.text;
    if (value === null || typeof value !== 'object') return JSON.stringify(value);
    const inner = indent + '  ';
    const list = Array.isArray(value);
    const lines = list
      ? value.map((item) => inner + print(item, inner))
      : Object.keys(value).map((key) => `${inner}${JSON.stringify(key)}: ${print(value[key], inner)}`);
    if (lines.length === 0) return list ? '[]' : '{}';
    return `${list ? '[' : '{'}\n${lines.join(',\n')}\n${indent}${list ? ']' : '}'}`;
  };
  const plain = (value) => (typeof value === 'string' ? value : print(value));

  // --- Types and their colours, which stay.
  const colours = new Map();
  const UNTYPED = 'untyped';
  const OTHERS = 'others';
  const keyOf = (type) => (type === null || type === undefined ? UNTYPED : `type ${type}`);
  const labelOf = (key) => (key === UNTYPED ? 'without type' : key === OTHERS ? 'further types' : key.slice(5));
  const colourOf = (key) => {
    if (key === UNTYPED || key === OTHERS) return 'cx';
    if (!colours.has(key)) colours.set(key, colours.size < COLOURS ? `c${colours.size}` : 'cx');
    return colours.get(key);
  };
  const nameOf = (key, classes) => make('span', key.startsWith('type ') ? classes : `${classes} made-up`, labelOf(key));

  // --- State of the page
  let run = null;
  let token = null;
  let seconds = new Map();
  let marks = [];
  let paused = false;
  let held = 0;
  const lists = { records: { next: 0, waiting: [] }, letters: { next: 0, waiting: [] } };

  const reset = () => {
    seconds = new Map();
    marks = [];
    held = 0;
    for (const [name, list] of Object.entries(lists)) {
      list.next = 0;
      list.waiting = [];
      byId(name).replaceChildren();
    }
    show('none', true);
    show('no-letters', true);
  };

  // --- Once a second: totals, health, chart
  const showState = (state) => {
    if (state.run !== run) {
      reset();
      run = state.run;
    }
    for (const second of state.seconds) seconds.set(second.at, byType(second));
    // The most frequent type comes first in every tab, as far as each has the same minute before it.
    [...totals()].sort(([, many], [, more]) => more - many).forEach(([key]) => colourOf(key));
    const now = Math.floor(state.time / 1000);
    for (const at of seconds.keys()) if (at < now - SECONDS) seconds.delete(at);
    const { journal, sinks, version } = state.status;
    write('version', version);
    showTiles(state, journal, sinks);
    showHealth(state);
    showChart(now);
    showSinks(sinks);
  };

  // Counts by type; where not every event was looked at, each stands for several.
  const byType = (second) => {
    const weight = second.looked_at > 0 ? second.events / second.looked_at : 1;
    const counts = new Map(Object.entries(second.types).map(([type, number]) => [keyOf(type), number * weight]));
    if (second.untyped > 0) counts.set(UNTYPED, second.untyped * weight);
    if (second.others > 0) counts.set(OTHERS, second.others * weight);
    const estimated = second.looked_at < second.events;
    return { counts, events: second.events, estimated, omitted: second.records - second.shown };
  };

  // Events of the last minute by type.
  const totals = () => {
    const found = new Map();
    for (const { counts } of seconds.values()) {
      for (const [key, number] of counts) found.set(key, (found.get(key) ?? 0) + number);
    }
    return found;
  };

  const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

  const showTiles = (state, journal, sinks) => {
    marks = [...marks.filter((mark) => mark.time > state.time - 3500), { time: state.time, next: journal.next }];
    const [first, last] = [marks[0], marks[marks.length - 1]];
    const rate = last.time > first.time ? (last.next - first.next) * 1000 / (last.time - first.time) : 0;
    const mappings = sinks.flatMap((sink) => sink.mappings);
    const reasons = new Map();
    for (const { dead } of mappings) {
      for (const [reason, number] of Object.entries(dead)) reasons.set(reason, (reasons.get(reason) ?? 0) + number);
    }
    const dead = sum([...reasons.values()]);
    const full = Math.max(journal.events / journal.events_max, journal.bytes / journal.bytes_max);
    write('rate', perSecond(rate));
    write('peak', `at most ${count(Math.max(0, ...[...seconds.values()].map(({ events }) => events)))} in the last minute`);
    write('accepted', count(journal.next));
    write('delivered', count(sum(mappings.map((mapping) => mapping.delivered))));
    write('waiting', count(Math.max(0, ...sinks.map((sink) => sink.waiting))));
    write('room', `events on their way; journal ${(full * 100).toFixed(full < 0.1 ? 1 : 0)}\u00a0% full`);
    write('dead', count(dead));
    byId('dead').classList.toggle('bad', dead > 0);
    write('reasons', dead > 0 ? [...reasons].map(([reason, number]) => `${count(number)} ${reason}`).join(', ') : 'none');
    write('durability', journal.durability);
    write('promise', PROMISES[journal.durability] ?? '');
    document.title = `${perSecond(rate)}/s · Headwater`;
  };

  const showHealth = ({ health }) => {
    const chip = byId('health');
    const [word, kind] = !health.ready ? ['sick', 'bad'] : health.degraded.length > 0 ? ['degraded', ''] : ['healthy', 'good'];
    chip.hidden = false;
    chip.className = `chip ${kind}`;
    write('health', word);
    const complaint = (kind) => ({ part, reason }) => make('li', kind, make('b', '', part), reason);
    const items = [...health.sick.map(complaint('sick')), ...health.degraded.map(complaint(''))];
    byId('complaints').replaceChildren(...items);
    show('complaints', items.length > 0);
  };

  // A round number at or above the largest, of which the half is round, too.
  const roof = (largest) => {
    const power = 10 ** Math.floor(Math.log10(Math.max(largest, 1)));
    return [1, 2, 4, 6, 8, 10].map((step) => step * power).find((step) => step >= largest) ?? largest;
  };

  const showChart = (now) => {
    const chart = byId('chart');
    const whole = Math.max(chart.clientWidth, 200);
    const [left, top, height, width] = [34, 8, 140, whole - 36];
    const largest = roof(Math.max(4, ...[...seconds.values()].map(({ events }) => events)));
    const y = (value) => top + height - height * value / largest;
    const parts = [0, largest / 2, largest].flatMap((value) => [
      draw('line', { x1: left, x2: left + width, y1: y(value), y2: y(value) }),
      draw('text', { x: left - 6, y: y(value) + 3.5, 'text-anchor': 'end' }, count(value)),
    ]);
    parts.push(draw('text', { x: left, y: 166 }, 'a minute ago'), draw('text', { x: left + width, y: 166, 'text-anchor': 'end' }, 'now'));
    const step = width / SECONDS;
    for (let index = 0; index < SECONDS; index += 1) {
      const second = seconds.get(now - SECONDS + index);
      if (second) parts.push(column(second, left + index * step, step, y, now - SECONDS + index));
    }
    chart.setAttribute('viewBox', `0 0 ${whole} 170`);
    chart.replaceChildren(...parts);
    showLegend(now);
  };

  const column = ({ counts, events }, x, step, y, at) => {
    const sorted = [...counts].sort(([one], [other]) => order(one) - order(other));
    const lines = sorted.map(([key, number]) => `${visible(labelOf(key)).replaceAll('\n', ' ')}: ${count(number)}`);
    const time = new Date(at * 1000).toLocaleTimeString('en-GB');
    const group = draw('g', {}, draw('title', {}, [`${time}: ${count(events)} events`, ...lines].join('\n')));
    let below = 0;
    for (const [key, number] of sorted) {
      const [bottom, upper] = [y(below), y(below + number)];
      below += number;
      const size = Math.max(bottom - upper, 0.6);
      group.append(draw('rect', { class: `bar1 ${colourOf(key)}`, x: x + 1, y: upper, width: step - 2, height: size, rx: 1 }));
    }
    group.append(draw('rect', { class: 'hover', x, y: 8, width: step, height: 140 }));
    return group;
  };

  const order = (key) => {
    const colour = colourOf(key);
    return colour === 'cx' ? COLOURS + (key === UNTYPED ? 1 : key === OTHERS ? 2 : 0) : Number(colour.slice(1));
  };

  const showLegend = (now) => {
    const omitted = sum([...seconds.values()].map((second) => second.omitted));
    const last = seconds.get(now - 1)?.counts ?? new Map();
    const sorted = [...totals()].sort(([one, many], [other, more]) => order(one) - order(other) || more - many);
    const rows = sorted.slice(0, 24).map(([key, number]) => {
      const row = make('li', '', make('span', `swatch ${colourOf(key)}`), nameOf(key, 'name'),
        make('span', 'now', `${perSecond(last.get(key) ?? 0)}/s`), make('span', 'minute', `${count(number)}/min`));
      row.dataset.type = labelOf(key);
      row.dataset.minute = String(Math.round(number));
      return row;
    });
    byId('legend').replaceChildren(...rows);
    show('estimated', [...seconds.values()].some((second) => second.estimated));
    show('omitted', omitted > 0);
    write('omitted', `A sample: ${count(omitted)} further records of the last minute are not shown here.`);
  };

  const showSinks = (sinks) => {
    const sections = sinks.map((sink) => {
      const kind = { healthy: 'good', degraded: '' }[sink.health] ?? 'bad';
      const line = make('div', 'line', make('h3', '', sink.name), make('span', `chip ${kind}`, sink.health),
        make('span', 'muted', `${count(sink.waiting)} waiting`));
      const section = make('div', 'sink', line);
      if (sink.reason) section.append(make('p', `reason ${kind}`, sink.reason));
      section.append(...sink.mappings.map(mappingOf));
      if (sink.mappings.length === 0) section.append(make('p', 'muted', 'has made no checkpoint yet'));
      section.dataset.sink = sink.name;
      return section;
    });
    byId('sinks').replaceChildren(...sections);
  };

  const mappingOf = (mapping) => {
    const frozen = mapping.frozen === undefined ? '' : ' (no longer feeds this sink)';
    const counts = make('dl', 'counts');
    const add = (label, number, kind) => {
      counts.append(make('div', number > 0 ? kind : 'zero', make('dt', '', label), make('dd', '', count(number))));
    };
    for (const [key, label] of COUNTS) add(label, mapping[key], '');
    const reasons = Object.entries(mapping.dead);
    for (const [reason, number] of reasons) add(`dead: ${reason}`, number, 'dead');
    if (reasons.length === 0) add('dead letters', 0, '');
    const box = make('div', 'mapping', make('h4', '', mapping.mapping + frozen), counts);
    box.dataset.mapping = mapping.mapping;
    return box;
  };

  // --- Records and dead letters, newest first
  const clock = (time) => {
    if (time === null) return '–';
    const date = new Date(time);
    return `${date.toLocaleTimeString('en-GB')}.${String(date.getMilliseconds()).padStart(3, '0')}`;
  };

  const summaryOf = (thing, ...more) => {
    const key = keyOf(thing.type);
    const time = make('time', '', clock(thing.time));
    if (thing.time !== null) time.title = new Date(thing.time).toISOString();
    const type = make('span', 'type', make('span', `swatch ${colourOf(key)}`), nameOf(key, ''));
    return make('summary', '', time, type, ...more);
  };

  const fieldsOf = (pairs) => {
    const list = make('dl', 'fields');
    const set = pairs.filter(([, value]) => value !== null && value !== undefined);
    const unset = pairs.filter(([, value]) => value === null).map(([name]) => name);
    for (const [name, value] of set) list.append(make('div', '', make('dt', '', name), make('dd', '', plain(value))));
    if (unset.length > 0) list.append(make('div', '', make('dt', '', 'null'), make('dd', 'unset', unset.join(', '))));
    return list;
  };

  // The fields are made when somebody wants to see them.
  const foldable = (summary, body) => {
    const details = make('details', '', summary);
    details.addEventListener('toggle', () => {
      if (details.open && details.childElementCount === 1) details.append(body());
    });
    return details;
  };

  // What tells most at a glance: the page.
  const gistOf = (record) => {
    const links = Object.entries(record ?? {}).filter(([, value]) => typeof value === 'string' && /^https?:/.test(value));
    const page = links.find(([name]) => /location|page|url/i.test(name)) ?? links[0];
    return page ? page[1] : '';
  };

  const recordItem = (thing) => {
    const way = make('span', 'way', `${thing.mapping} → ${thing.sink}`);
    way.title = `offset ${thing.offset}, source ${thing.source}`;
    const summary = summaryOf(thing, make('span', 'gist', thing.note ?? gistOf(thing.record)), way);
    return make('li', '', foldable(summary, () => fieldsOf(Object.entries(thing.record ?? {}))));
  };

  const letterItem = (thing) => {
    const summary = summaryOf(thing, make('span', 'gist', thing.reason));
    const place = [`${thing.mapping} → ${thing.sink}`, `offset ${thing.offset}`, ...(thing.position ? [thing.position] : [])];
    const message = make('p', 'message', thing.message, make('br', ''), make('span', 'muted', place.join(' · ')));
    return make('li', '', foldable(summary, () => fieldsOf(Object.entries(thing.event ?? {}))), message);
  };

  const texts = new WeakMap();
  const matches = (item) => texts.get(item).includes(byId('filter').value.trim().toLowerCase());

  const put = (name, makeItem) => {
    const list = byId(name);
    const { waiting } = lists[name];
    const items = waiting.map((thing) => {
      const item = makeItem(thing);
      texts.set(item, print(thing).toLowerCase());
      item.classList.add('new');
      item.hidden = name === 'records' && !matches(item);
      return item;
    });
    lists[name].waiting = [];
    list.prepend(...items.reverse());
    while (list.childElementCount > THINGS_MAX) list.lastElementChild.remove();
  };

  const render = () => {
    if (paused) {
      byId('pause').textContent = held > 0 ? `Go on (${count(held)} new)` : 'Go on';
      return;
    }
    held = 0;
    put('records', recordItem);
    put('letters', letterItem);
    show('none', byId('records').childElementCount === 0);
    show('no-letters', byId('letters').childElementCount === 0);
  };

  const take = (name, data) => {
    const list = lists[name];
    const fresh = data.items.slice(Math.max(0, list.next - data.first));
    list.next = Math.max(list.next, data.first + data.items.length);
    list.waiting = [...list.waiting, ...fresh].slice(-THINGS_MAX);
    held += fresh.length;
    render();
  };

  // --- The stream
  const hear = (name, data) => {
    if (name === 'state') showState(JSON.parse(data));
    else if (name in lists) take(name, parse(data));
  };

  const connected = (text, kind) => {
    byId('connection').className = `chip ${kind}`;
    write('connection', text);
  };

  const ask = (refused) => {
    show('live', false);
    show('health', false);
    show('gate', true);
    show('refused', refused);
    connected('locked', '');
    byId('token').focus();
  };

  const read = async (body) => {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const blocks = (text + value).split('\n\n');
      text = blocks.pop();
      for (const block of blocks) {
        const [, name, data] = /^event: (.*)\ndata: ([^]*)$/.exec(block) ?? [];
        if (name) hear(name, data);
      }
    }
  };

  const follow = async () => {
    for (let wait = 500; ; wait = Math.min(wait * 2, 5000)) {
      try {
        const headers = { Authorization: `Bearer ${token}` };
        const response = await fetch('/live', { headers, cache: 'no-store', credentials: 'omit' });
        if (response.status === 401) {
          remember(null);
          ask(true);
          return;
        }
        if (response.ok) {
          wait = 500;
          show('gate', false);
          show('live', true);
          connected('live', 'good');
          await read(response.body);
        } else {
          connected((await response.text()).trim(), 'bad');
        }
      } catch {
        // Told below; whatever it was, it may pass.
      }
      if (byId('connection').classList.contains('good')) connected('no connection', 'bad');
      await new Promise((resume) => { setTimeout(resume, wait); });
    }
  };

  // The token lives in this tab: not in a cookie, which every port of this host would be sent.
  const remember = (value) => {
    token = value;
    try {
      if (value === null) sessionStorage.removeItem(TOKEN_KEY);
      else sessionStorage.setItem(TOKEN_KEY, value);
    } catch {
      // Without storage it lasts until the page is left.
    }
  };
  const recall = () => {
    const given = new URLSearchParams(location.search).get('token');
    if (given !== null) {
      history.replaceState(null, '', location.pathname);
      return given;
    }
    try {
      return sessionStorage.getItem(TOKEN_KEY);
    } catch {
      return null;
    }
  };

  byId('unlock').addEventListener('submit', (event) => {
    event.preventDefault();
    remember(byId('token').value.trim());
    byId('token').value = '';
    follow();
  });
  byId('pause').addEventListener('click', () => {
    paused = !paused;
    byId('pause').setAttribute('aria-pressed', String(paused));
    if (!paused) byId('pause').textContent = 'Pause';
    render();
  });
  byId('filter').addEventListener('input', () => {
    for (const item of byId('records').children) item.hidden = !matches(item);
  });

  const known = recall();
  if (known) {
    remember(known);
    follow();
  } else {
    ask(false);
  }
})();
