'use strict';
// Events, scripts and answers are text of strangers: they become text nodes and nothing else. The page's policy (no HTML
// from strings, no address but our own) would stop whatever forgets that.
(() => {
  const TOKEN_KEY = 'headwater-playground-token';
  const WAIT_MILLIS = 250;
  const LIVE_MILLIS = 1000;

  const byId = (id) => document.getElementById(id);
  // Characters that cannot be seen, or that turn the text around them, are named instead.
  const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
  const visible = (text) => text.replace(UNSEEN, (character) => {
    const code = character.codePointAt(0).toString(16).toUpperCase().padStart(4, '0');
    return `\u27e8U+${code}\u27e9`;
  });
  const make = (name, classes, ...children) => {
    const element = document.createElement(name);
    if (classes) element.className = classes;
    element.append(...children.map((child) => (typeof child === 'string' ? visible(child) : child)));
    return element;
  };

  // Each language as one expression with a group per class; what no group takes is plain.
  const GROOVY = /(?<comment>\/\/[^\n]*|\/\*[^]*?(?:\*\/|$))|(?<string>"""[^]*?(?:"""|$)|'''[^]*?(?:'''|$)|'(?:[^'\\\n]|\\[^])*'?|"(?:[^"\\\n]|\\[^])*"?)|(?<number>\b\d[\w.]*)|(?<keyword>\b(?:mapping|map|onto|when|apply|parse|to|section|stop|exit|exitWhen|def|if|else|for|in|while|return|true|false|null|and|or|not)\b)|(?<name>\b[A-Za-z_]\w*(?=\s*\())/g;
  const JSON_TEXT = /(?<name>"(?:[^"\\\n]|\\.)*"(?=\s*:))|(?<string>"(?:[^"\\\n]|\\.)*"?)|(?<number>-?\b\d[\d.eE+-]*)|(?<keyword>\b(?:true|false|null)\b)/g;
  const REQUESTS = /(?<keyword>^(?:GET|POST|PUT|HEAD|OPTIONS)\b|\bHTTP\/1\.[01]$)|(?<name>^[A-Za-z][\w-]*(?=:\s))|(?<string>"(?:[^"\\\n]|\\.)*"?)|(?<number>(?<==)[^&\s"]+)/gm;

  const tokens = (text, language) => {
    const found = [];
    for (const match of text.matchAll(language)) {
      const kind = Object.entries(match.groups).find(([, value]) => value !== undefined)?.[0];
      if (match[0]) found.push({ start: match.index, end: match.index + match[0].length, kind });
    }
    return found;
  };

  // A text area under which its text is shown once more, in colours.
  class Editor {
    constructor(id, label, language, changed) {
      this.language = language;
      this.marks = [];
      this.lines = new Map();
      this.box = byId(id);
      this.numbers = make('pre', 'numbers');
      this.numbers.setAttribute('aria-hidden', 'true');
      this.shown = make('pre');
      this.shown.setAttribute('aria-hidden', 'true');
      this.area = make('textarea');
      for (const [key, value] of Object.entries({ 'aria-label': label, spellcheck: 'false', autocomplete: 'off', autocapitalize: 'off', autocorrect: 'off', wrap: 'off' })) {
        this.area.setAttribute(key, value);
      }
      this.box.append(this.numbers, make('div', 'sheet', this.shown, this.area));
      this.area.addEventListener('input', () => { this.marks = []; this.draw(); changed(); });
      this.area.addEventListener('keydown', (event) => this.key(event));
    }

    // Tab indents; behind Escape it leaves, for who has no mouse.
    key(event) {
      if (event.key === 'Escape') { this.leaves = true; return; }
      if (event.key === 'Tab' && !event.shiftKey && !event.ctrlKey && !event.altKey && !this.leaves) {
        event.preventDefault();
        if (!document.execCommand('insertText', false, '  ')) this.area.setRangeText('  ', this.area.selectionStart, this.area.selectionEnd, 'end');
      }
      this.leaves = false;
    }

    get text() { return this.area.value; }
    set text(text) { this.area.value = text; this.marks = []; this.lines.clear(); this.draw(); }

    // Marks: pieces of the text with a class; lines: classes of line numbers.
    mark(marks, lines) { this.marks = marks; this.lines = lines; this.draw(); }

    draw() {
      const text = this.text;
      const colours = tokens(text, this.language);
      const cuts = new Set([0, text.length]);
      for (const { start, end } of [...colours, ...this.marks]) cuts.add(Math.min(start, text.length)).add(Math.min(end, text.length));
      const at = [...cuts].sort((a, b) => a - b);
      const pieces = [];
      let colour = 0;
      for (let i = 0; i + 1 < at.length; i += 1) {
        const [start, end] = [at[i], at[i + 1]];
        while (colour < colours.length && colours[colour].end <= start) colour += 1;
        const classes = [];
        if (colour < colours.length && colours[colour].start <= start) classes.push(colours[colour].kind);
        for (const mark of this.marks) if (mark.start <= start && end <= mark.end) classes.push(mark.kind);
        const piece = text.slice(start, end);
        if (!classes.length) { pieces.push(piece); continue; }
        const span = document.createElement('span');
        span.className = classes.join(' ');
        span.textContent = piece;
        pieces.push(span);
      }
      // The last line has its height even when it is empty.
      this.shown.replaceChildren(...pieces, '\n');
      const count = text.split('\n').length;
      this.numbers.replaceChildren(...Array.from({ length: count }, (_, index) => make('span', this.lines.get(index + 1) ?? '', String(index + 1))));
    }

    // Puts another text in the place of a piece, as if it were typed: it can be taken back.
    replace(start, end, text) {
      this.area.focus({ preventScroll: true });
      this.area.setSelectionRange(start, end);
      if (document.execCommand('insertText', false, text)) return;
      this.area.setRangeText(text, start, end, 'end');
      this.area.dispatchEvent(new Event('input', { bubbles: true }));
    }

    // Shows a piece of the text, and puts the cursor there.
    reveal(start, end) {
      this.mark([...this.marks.filter((mark) => mark.kind !== 'mark-here'), { start, end, kind: 'mark-here' }], this.lines);
      const line = this.text.slice(0, start).split('\n').length;
      const number = this.numbers.children[line - 1];
      this.box.scrollTop = Math.max(0, number.offsetTop - this.box.clientHeight / 3);
      this.box.scrollIntoView({ block: 'nearest' });
      this.area.focus({ preventScroll: true });
      this.area.setSelectionRange(start, start);
    }
  }

  let token = new URLSearchParams(location.search).get('token') ?? sessionStorage.getItem(TOKEN_KEY) ?? '';
  let mappings = [];
  let chosen = 0;
  let answer = { diagnostics: [], samples: [] };
  let waiting;
  let asked = 0;

  const state = (text, kind) => { byId('state').textContent = text; byId('state').className = `chip ${kind}`; };
  const later = () => { clearTimeout(waiting); waiting = setTimeout(attempt, WAIT_MILLIS); };
  const script = new Editor('script-editor', 'Script', GROOVY, later);
  const schema = new Editor('schema-editor', 'Schema', JSON_TEXT, later);
  const requests = new Editor('requests-editor', 'Requests', REQUESTS, () => {
    // It is no longer what came.
    shownLive = undefined;
    tellLive(Infinity);
    later();
  });

  const ask = async (path, body) => {
    const how = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
    const response = await fetch(path, { ...how, headers: { Authorization: `Bearer ${token}` }, cache: 'no-store' });
    if (response.status === 401) throw new Error('token');
    if (!response.ok) throw new Error(await response.text());
    return response.json();
  };

  const failed = (error) => {
    if (error.message !== 'token') { state('no connection', 'bad'); return; }
    byId('gate').hidden = false;
    byId('work').hidden = true;
    state('locked', '');
  };

  async function attempt() {
    asked += 1;
    const number = asked;
    const draft = { mapping: mappings[chosen].name, script: script.text, schema: schema.text, requests: requests.text };
    try {
      const found = await ask('/try', draft);
      // A later question is on its way.
      if (number !== asked) return;
      answer = found;
      tell();
    } catch (error) { failed(error); }
  }

  const jump = (place) => (place.file === 'schema' ? schema : script).reveal(place.start, place.end);

  function tell() {
    const wrong = answer.diagnostics.filter((one) => one.severity === 'error').length;
    const odd = answer.diagnostics.length - wrong;
    const several = (count, what) => `${count} ${what}${count === 1 ? '' : 's'}`;
    if (wrong) state(several(wrong, 'error'), 'bad');
    else if (odd) state(several(odd, 'warning'), '');
    else state('compiles', 'good');
    byId('diagnostics').replaceChildren(...answer.diagnostics.map((one) => {
      const [place] = one.places;
      const button = make('button', '', place ? make('span', 'place', `${place.file}:${place.line}:${place.column}`) : '', `${one.code}: ${one.message}`);
      button.type = 'button';
      if (place) button.addEventListener('click', () => jump(place));
      const item = make('li', one.severity === 'error' ? 'wrong' : '', button, ...one.hints.map((hint) => make('span', 'hint', hint)));
      if (one.fix) item.append(applyButton(one.fix));
      return item;
    }));
    tellSamples();
  }

  const applyButton = (fix) => {
    const button = make('button', 'apply', `Write ${fix.text}`);
    button.type = 'button';
    button.addEventListener('click', () => (fix.file === 'schema' ? schema : script).replace(fix.start, fix.end, fix.text));
    return button;
  };

  let sample = 0;
  function tellSamples() {
    if (sample >= answer.samples.length) sample = 0;
    byId('samples').replaceChildren(...answer.samples.map((one, index) => {
      const button = make('button', one.kind === 'wrong' ? 'wrong' : '', String(index + 1));
      button.type = 'button';
      button.title = one.name;
      button.setAttribute('aria-pressed', String(index === sample));
      button.addEventListener('click', () => { sample = index; tellSamples(); });
      return button;
    }));
    const one = answer.samples[sample];
    const steps = one?.steps ?? [];
    byId('outcome').textContent = visible(one ? `${one.name}: ${one.outcome}` : answer.problem ?? 'Correct the errors to see the record.');
    byId('outcome').className = `outcome ${one ? one.kind : answer.problem ? 'wrong' : 'odd'}`;
    byId('record').hidden = !one?.fields.length;
    byId('record').tBodies[0].replaceChildren(...(one?.fields ?? []).map((field) => {
      const cell = make('td', '');
      if (field.place) cell.append(placeButton(field.place));
      return make('tr', field.place ? '' : 'unset', make('td', '', field.name), make('td', '', field.value), cell);
    }));
    byId('trace').hidden = !steps.length;
    byId('trace').querySelector('ol').replaceChildren(...steps.map((step) => {
      const code = script.text.slice(step.place.start, step.place.end).split('\n')[0];
      return make('li', '', placeButton(step.place), make('code', '', code), make('span', 'seen', step.seen));
    }));
    marks(steps);
  }

  const placeButton = (place) => {
    const button = make('button', '', String(place.line));
    button.type = 'button';
    button.setAttribute('aria-label', `line ${place.line} of the script`);
    button.addEventListener('click', () => jump(place));
    return button;
  };

  function marks(steps) {
    for (const [name, editor] of [['script', script], ['schema', schema]]) {
      const found = [];
      const lines = new Map();
      if (name === 'script') for (const step of steps) lines.set(step.place.line, 'fired');
      for (const one of answer.diagnostics) {
        const [place] = one.places.filter((place) => place.file === name);
        if (!place) continue;
        const kind = one.severity === 'error' ? 'wrong' : 'odd';
        found.push({ start: place.start, end: Math.max(place.end, place.start + 1), kind: `mark-${kind}` });
        if (lines.get(place.line) !== 'wrong') lines.set(place.line, kind);
      }
      editor.mark(found, lines);
    }
  }

  // What came to the port for requests, the newest first.
  let live = [];
  let port;
  let shownLive;
  let watching;
  let lost = false;

  // What a request is about, as far as a look at it tells; whatever it is, it is shown as text.
  const about = (one) => {
    try {
      const { url, body } = JSON.parse(one.request);
      const asked = new URL(url, 'http://localhost').searchParams;
      return { type: asked.get('t') ?? body?.event_type, place: asked.get('l') ?? body?.parameters?.location ?? '' };
    } catch { return {}; }
  };
  const short = (text) => (String(text).length > 200 ? `${String(text).slice(0, 200)}\u2026` : String(text));

  function tellLive(fresh) {
    byId('live-count').textContent = live.length ? `${live.length === port.requests_max ? 'the last ' : ''}${live.length} requests`.replace(/^1 requests/, '1 request') : 'waiting for requests';
    byId('live').replaceChildren(...live.map((one) => {
      const { type, place } = about(one);
      const button = make('button', '',
        make('span', 'time', new Date(one.time).toTimeString().slice(0, 8)),
        make('span', 'type', short(type ?? one.note ?? 'request')),
        make('span', 'about', short(place ?? '')),
        make('span', 'path', one.status < 400 ? one.name : `${one.status} ${one.name}`));
      button.type = 'button';
      button.disabled = one.request === null;
      button.setAttribute('aria-pressed', String(one.number === shownLive));
      button.addEventListener('click', () => showLive(one));
      return make('li', one.number > fresh ? 'new' : '', button);
    }));
  }

  function showLive(one) {
    shownLive = one.number;
    requests.text = one.request;
    sample = 0;
    tellLive(Infinity);
    attempt();
  }

  async function watch() {
    const last = live[0]?.number ?? 0;
    try {
      const found = document.hidden ? [] : await ask(`/live?after=${last}`);
      if (lost) attempt();
      lost = false;
      if (found.length) {
        live = [...found.reverse(), ...live].slice(0, port.requests_max);
        tellLive(last);
        const newest = live.find((one) => one.request !== null);
        if (byId('follow').checked && newest && newest.number > last) showLive(newest);
      }
    } catch (error) {
      failed(error);
      lost = true;
      if (error.message === 'token') return;
    }
    watching = setTimeout(watch, LIVE_MILLIS);
  }

  function tellPort() {
    const parts = ['What comes to ', make('code', '', port.address), ' shows here and goes nowhere else'];
    if (port.has_page) parts.push(': look at the page there');
    if (port.tracker) parts.push(port.has_page ? ', or put ' : ': put ', make('code', '', `<script src="${port.tracker}" defer><\/script>`), ' into one of yours');
    byId('live-where').replaceChildren(...parts, '.');
  }

  function choose(index) {
    chosen = index;
    const mapping = mappings[index];
    script.text = mapping.script;
    schema.text = mapping.schema;
    byId('script-file').textContent = mapping.script_file;
    byId('schema-file').textContent = mapping.schema_file;
    attempt();
  }

  async function open() {
    try {
      const start = await ask('/start');
      sessionStorage.setItem(TOKEN_KEY, token);
      history.replaceState(null, '', '/');
      ({ mappings, live: port } = start);
      byId('mapping').replaceChildren(...mappings.map((mapping, index) => {
        const option = make('option', '', mapping.name);
        option.value = String(index);
        return option;
      }));
      requests.text = start.requests;
      byId('gate').hidden = true;
      byId('work').hidden = false;
      tellPort();
      choose(0);
      clearTimeout(watching);
      watch();
    } catch (error) { failed(error); }
  }

  byId('mapping').addEventListener('change', (event) => choose(Number(event.target.value)));
  byId('reset').addEventListener('click', () => choose(chosen));
  byId('copy').addEventListener('click', async () => {
    try { await navigator.clipboard.writeText(script.text); } catch { script.area.select(); document.execCommand('copy'); }
    byId('copy').textContent = 'Copied';
    setTimeout(() => { byId('copy').textContent = 'Copy'; }, 1200);
  });
  byId('unlock').addEventListener('submit', (event) => {
    event.preventDefault();
    token = byId('token').value.trim();
    open();
  });
  open();
})();
