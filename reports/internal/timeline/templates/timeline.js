"use strict";
// The bars of the timeline are rows of columns (see packing.go): bar i begins at bars.from[i], lasts bars.length[i]
// microseconds, and is in row bars.row[i], which is lane * 8 + row within the lane. bars.op[i] - 1 is its operation.
const $ = id => document.getElementById(id);
const canvas = $("canvas"), g = canvas.getContext("2d"), tip = $("tip"), scroller = $("scroll");
const perLane = 8, rowHeight = 15, laneGap = 9, axis = 26, least = 10;
const whole = { a: 0, b: Math.max(data.end, 1) };
let bars = {}, ops = {}, txns = {};
let view = { ...whole }, width = 0, names = 0, shownHeight = 0, tops = [], bottom = 0;
let list = new Uint32Array(0), starts = new Uint32Array(1), failed, unsure, busy; // the bars of each row that pass the filter
let matches = 0, filtered = false, chosen = -1, marked = new Map(), focused = -1;

// unpack reads the columns while they are decompressed, so that only what is kept takes memory.
async function unpack() {
  const box = $("columns"), text = box.textContent.trim(), stream = new DecompressionStream("gzip");
  box.remove();
  const writer = stream.writable.getWriter(), reader = stream.readable.getReader();
  const feed = async () => {
    const step = 1 << 20;
    for (let at = 0; at < text.length; at += step) {
      const raw = atob(text.slice(at, at + step)), bytes = new Uint8Array(raw.length);
      for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
      await writer.write(bytes);
    }
    await writer.close();
  };
  const fed = feed(), kinds = { u8: Uint8Array, u16: Uint16Array, u32: Uint32Array, f64: Float64Array }, all = {};
  let column = -1, rows = 0, row = 0, value = 0, scale = 1, last = 0, delta = false, array = null;
  const next = () => {
    do {
      if (++column === data.columns.length) return;
      const c = data.columns[column];
      rows = c.rows; row = 0; last = 0; delta = !!c.delta;
      all[c.name] = array = new kinds[c.kind](rows);
    } while (rows === 0);
  };
  next();
  for (;;) {
    const { done, value: chunk } = await reader.read();
    if (done) break;
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i];
      value += (byte & 127) * scale;
      if (byte & 128) { scale *= 128; continue; }
      if (delta) last += value % 2 ? -(value + 1) / 2 : value / 2; else last = value;
      array[row] = last;
      value = 0; scale = 1;
      if (++row === rows) next();
    }
  }
  await fed;
  return all;
}

function back() { return colour("--back"); }
function colour(name) { return getComputedStyle(document.documentElement).getPropertyValue(name); }
function x(t) { return names + (t - view.a) / (view.b - view.a) * (width - names); }
function time(px) { return view.a + (px - names) / (width - names) * (view.b - view.a); }
function end(i) { return bars.from[i] + bars.length[i]; }

// filter puts the bars that pass into list, sorted by row and time. Of each it adds up how many failed, how many
// have an unknown outcome, and how long they took, so that any stretch of a row is summed up at once.
function filter() {
  const want = wanted(), pass = new Uint8Array(data.ops.count + 1), n = data.bars;
  filtered = !want.any;
  pass[0] = 1; // bars without an operation, such as faults, always pass
  matches = 0;
  for (let i = 0; i < data.ops.count; i++) if (want.takes(i)) { pass[i + 1] = 1; matches++; }
  const rows = data.lanes.length * perLane;
  starts = new Uint32Array(rows + 1);
  for (let i = 0; i < n; i++) if (pass[bars.op[i]]) starts[bars.row[i] + 1]++;
  for (let r = 0; r < rows; r++) starts[r + 1] += starts[r];
  const at = starts.slice();
  list = new Uint32Array(starts[rows]);
  for (let i = 0; i < n; i++) if (pass[bars.op[i]]) list[at[bars.row[i]]++] = i;
  failed = new Uint32Array(list.length + 1); unsure = new Uint32Array(list.length + 1); busy = new Float64Array(list.length + 1);
  for (let k = 0; k < list.length; k++) {
    const i = list[k], outcome = bars.shows[i] ? ops.outcome[bars.op[i] - 1] : 0;
    failed[k + 1] = failed[k] + (outcome === 1); unsure[k + 1] = unsure[k] + (outcome > 1); busy[k + 1] = busy[k] + bars.length[i];
  }
  $("matches").textContent = matches === data.ops.count ? number(matches) + " operations" : number(matches) + " of " + number(data.ops.count) + " operations match";
  layOut();
}

// wanted is what the form asks for.
function wanted() {
  const client = $("client").value, key = $("key").value.trim(), f = $("operation").value, outcome = $("outcome").value, session = $("session").value.trim().toLowerCase();
  const text = $("search").value.trim().toLowerCase();
  const ids = (all, test) => { const set = new Uint8Array(all.length + 1); all.forEach((name, i) => { set[i + 1] = test(name) ? 1 : 0; }); return set; };
  const exact = key !== "" && data.ops.keys.includes(key);
  const keys = key === "" ? null : ids(data.ops.keys, name => exact ? name === key : name.includes(key));
  const sessions = session === "" ? null : ids(data.ops.sessions, name => name.includes(session));
  const words = text === "" ? null : text.split(/\s+/).map(word => [
    ids(data.ops.names, s => s.toLowerCase().includes(word)), ids(data.ops.keys, s => s.toLowerCase().includes(word)), ids(data.ops.errors, s => s.toLowerCase().includes(word)),
    ids(data.ops.sessions, s => s.includes(word)), ids(data.ops.values, s => s.toLowerCase().includes(word)), ids(data.outcomes, s => s.startsWith(word)), /^\d+$/.test(word) ? Number(word) : -1, word,
  ]);
  const has = (i, [fs, ks, es, ss, vs, os, line, word]) => fs[ops.f[i] + 1] || ks[ops.key[i] + 1] || es[ops.error[i]] || ss[ops.session[i]] || ss[ops.session2[i]] ||
    vs[ops.asked[i]] || vs[ops.got[i]] || os[ops.outcome[i] + 1] || ops.invoke[i] + 1 === line || ops.after[i] > 0 && ops.invoke[i] + ops.after[i] + 1 === line || word === "client" + ops.client[i];
  return {
    any: !client && !keys && !f && !outcome && !sessions && !words,
    takes: i => (client === "" || ops.client[i] === Number(client)) && (!keys || keys[ops.key[i] + 1]) && (f === "" || ops.f[i] === Number(f)) &&
      (outcome === "" || ops.outcome[i] === Number(outcome)) && (!sessions || sessions[ops.session[i]] || sessions[ops.session2[i]]) && (!words || words.every(word => has(i, word))),
  };
}

function layOut() {
  const scale = window.devicePixelRatio || 1;
  width = scroller.clientWidth;
  g.font = "12px system-ui, sans-serif";
  names = Math.min(220, Math.round(width * 0.35), 12 + Math.max(...data.lanes.map(l => g.measureText(l.name).width)));
  tops = []; bottom = axis;
  data.lanes.forEach((l, i) => { // lanes in which nothing matches are left out
    const empty = filtered && starts[i * perLane] === starts[(i + 1) * perLane];
    tops.push(empty ? -1e9 : bottom + laneGap / 2);
    if (!empty) bottom += l.rows * rowHeight + laneGap;
  });
  shownHeight = Math.min(bottom, Math.max(220, Math.round(window.innerHeight * 0.72)));
  scroller.style.height = shownHeight + 2 + "px"; // with its borders
  $("spacer").style.height = bottom + "px";
  canvas.width = width * scale; canvas.height = shownHeight * scale; canvas.style.height = shownHeight + "px";
  g.setTransform(scale, 0, 0, scale, 0, 0);
  draw();
}

function step() {
  const want = (view.b - view.a) / Math.max(2, (width - names) / 110), power = 10 ** Math.floor(Math.log10(want));
  for (const m of [1, 2, 5]) if (m * power >= want) return m * power;
  return 10 * power;
}

// firstFrom is the first bar of list[lo..hi) that begins at t or later.
function firstFrom(lo, hi, t) {
  while (lo < hi) { const mid = (lo + hi) >> 1; if (bars.from[list[mid]] < t) lo = mid + 1; else hi = mid; }
  return lo;
}

let drawing = false;
function draw() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => { drawing = false; paint(); });
}

function paint() {
  const top = scroller.scrollTop, fore = colour("--fore"), soft = colour("--soft"), line = colour("--line"), back = colour("--back");
  g.globalAlpha = 1;
  g.fillStyle = back; g.fillRect(0, 0, width, shownHeight);
  g.font = "12px system-ui, sans-serif";
  g.textBaseline = "middle";
  for (const band of data.bands || []) {
    if (band.b < view.a || band.a > view.b) continue;
    const left = Math.max(names, x(band.a)), right = Math.max(left + 1, Math.min(width, x(band.b)));
    g.globalAlpha = 0.3; g.fillStyle = ink(band.c); g.fillRect(left, axis, right - left, shownHeight);
  }
  g.globalAlpha = 1;
  const s = step(), digits = Math.max(0, Math.min(6, Math.ceil(6 - Math.log10(s) - 1e-9)));
  for (let t = Math.ceil(view.a / s) * s; t <= view.b; t += s) { g.fillStyle = line; g.fillRect(x(t), axis - 6, 1, shownHeight); }
  data.lanes.forEach((lane, i) => {
    const y = tops[i] - top;
    if (y > shownHeight || y + lane.rows * rowHeight + laneGap < axis) return;
    for (let row = 0; row < lane.rows; row++) paintRow(i * perLane + row, y + row * rowHeight);
    g.fillStyle = back; g.fillRect(0, y, names - 4, lane.rows * rowHeight);
    g.fillStyle = fore; g.textAlign = "left"; g.fillText(lane.name, 0, y + lane.rows * rowHeight / 2, names - 8);
    g.fillStyle = line; g.fillRect(0, y + lane.rows * rowHeight + laneGap / 2 - 1, width, 1);
  });
  paintMoments(top);
  paintChosen(top, fore);
  g.fillStyle = back; g.fillRect(0, 0, width, axis - 2);
  g.fillStyle = soft; g.textAlign = "center";
  for (let t = Math.ceil(view.a / s) * s; t <= view.b; t += s) {
    const text = (t / 1e6).toFixed(digits) + " s", half = g.measureText(text).width / 2;
    g.fillText(text, Math.max(names + half, Math.min(x(t), width - half)), 9);
  }
}

// paintRow draws a row in steps of a pixel: bars that begin within one pixel are drawn as one, paler where they leave
// time between them, with the share of those that did not succeed at the bottom. So it takes as long for a million bars
// as for a thousand.
function paintRow(row, y) {
  const lo = starts[row], hi = starts[row + 1], perPixel = (view.b - view.a) / (width - names);
  if (lo === hi) return;
  let k = firstFrom(lo, hi, view.a);
  for (let back = k - 1; back >= lo && back >= k - perLane; back--) if (end(list[back]) > view.a) k = back; // what began before
  while (k < hi) {
    const i = list[k];
    if (bars.from[i] > view.b) break;
    const left = Math.max(names, Math.floor(x(bars.from[i]))), until = time(left + 1);
    let to = k + 1;
    if (to < hi && bars.from[list[to]] < until) to = firstFrom(to, hi, until);
    const last = list[to - 1], right = Math.min(width, Math.max(left + 1, x(Math.max(end(last), end(i)))));
    if (to - k === 1) {
      g.globalAlpha = 1; g.fillStyle = fill(i);
      g.fillRect(left, y + 1, right - left, rowHeight - 2);
      const who = bars.shows[i] ? null : /^(?:item in \S+ for \{d\}, put by )?client (\d+)\b/.exec(data.texts[bars.text[i]]);
      if (who && right - left > 8 + 7 * who[1].length) { // colours repeat, and not everybody sees them
        g.fillStyle = back(); g.textAlign = "left"; g.fillText(who[1], left + 4, y + rowHeight / 2);
      }
    } else {
      const bad = failed[to] - failed[k], open = unsure[to] - unsure[k];
      g.globalAlpha = 0.35 + 0.65 * Math.min(1, (busy[to] - busy[k]) / perPixel);
      g.fillStyle = bars.shows[i] ? ink(data.tints[0]) : fill(i);
      g.fillRect(left, y + 1, 1, rowHeight - 2);
      if (bad + open > 0) { // their share, but never so little that it is not seen
        const height = Math.max(4, Math.round((rowHeight - 2) * (bad + open) / (to - k)));
        g.globalAlpha = 1; g.fillStyle = ink(data.tints[bad > open ? 1 : 2]);
        g.fillRect(left, y + rowHeight - 1 - height, 1, height);
      }
      if (right > left + 1) { g.globalAlpha = 1; g.fillStyle = fill(last); g.fillRect(left + 1, y + 1, right - left - 1, rowHeight - 2); }
    }
    k = to;
  }
  g.globalAlpha = 1;
}

function fill(i) { return ink(bars.shows[i] ? data.tints[ops.outcome[bars.op[i] - 1]] : data.colours[bars.colour[i]]); }

// ink is how a colour fills an area on the page as it is, light or dark. A number behind it is a hatching: 1 rises, 2
// falls, 3 is level, 4 crossed.
const onDark = matchMedia("(prefers-color-scheme: dark)"), kept = new Map();
onDark.addEventListener("change", () => { kept.clear(); draw(); });
function ink(name) {
  if (kept.has(name)) return kept.get(name);
  const [light, hatch] = name.split("/"), hue = onDark.matches && data.dark[light] || light;
  let made = hue;
  if (hatch > 0) {
    const tile = document.createElement("canvas"), t = tile.getContext("2d"), n = 8;
    tile.width = tile.height = n;
    t.globalAlpha = 0.45; t.fillStyle = hue; t.fillRect(0, 0, n, n);
    t.globalAlpha = 1; t.strokeStyle = hue; t.lineWidth = 2;
    t.beginPath();
    for (const d of [-n, 0, n]) {
      if (hatch === "1" || hatch === "4") { t.moveTo(d, n); t.lineTo(d + n, 0); }
      if (hatch === "2" || hatch === "4") { t.moveTo(d, 0); t.lineTo(d + n, n); }
    }
    if (hatch === "3") { t.moveTo(0, n / 2); t.lineTo(n, n / 2); }
    t.stroke();
    made = g.createPattern(tile, "repeat");
  }
  kept.set(name, made);
  return made;
}

const momentColours = { election: "#666666", session: "#842c00" };
function paintMoments(top) {
  let last = -1;
  for (const m of data.moments || []) {
    if (m.t < view.a || m.t > view.b) continue;
    const px = Math.round(x(m.t));
    g.fillStyle = ink(momentColours[m.kind]);
    if (m.lane < 0) {
      if (px === last) continue;
      g.fillRect(px - 1, axis - 4, 2, shownHeight);
      last = px;
    } else g.fillRect(px - 1, tops[m.lane] - top - 3, 3, data.lanes[m.lane].rows * rowHeight + 6);
  }
}

// place is the rectangle of a bar, as far as it is in view.
function place(i, top) {
  const row = bars.row[i], left = Math.max(names, x(bars.from[i])), right = Math.max(left + 3, Math.min(width, x(end(i))));
  return [left, tops[Math.floor(row / perLane)] + row % perLane * rowHeight - top, right - left, rowHeight];
}

// paintChosen frames the operations of the counterexample, and the bar that is chosen.
function paintChosen(top, fore) {
  const frame = (i, thick) => {
    if (end(i) < view.a || bars.from[i] > view.b) return;
    const [left, y, w, h] = place(i, top);
    g.lineWidth = thick; g.strokeStyle = fore; g.strokeRect(left - 1, y, w + 2, h);
  };
  for (const [i, of] of marked) if (focused < 0 || of.has(focused)) {
    frame(i, 2);
    if (end(i) >= view.a && bars.from[i] <= view.b) {
      const [left, y] = place(i, top);
      g.fillStyle = colour("--violation"); g.beginPath(); g.moveTo(left - 5, y - 6); g.lineTo(left + 5, y - 6); g.lineTo(left, y); g.fill();
    }
  }
  if (chosen >= 0) { g.setLineDash([4, 2]); frame(chosen, 2); g.setLineDash([]); }
}

function at(px, py) {
  const y = py + scroller.scrollTop, lane = tops.findIndex((top, k) => y >= top && y < top + data.lanes[k].rows * rowHeight);
  if (lane < 0 || px < names || py < axis - 2) return -1;
  const row = lane * perLane + Math.floor((y - tops[lane]) / rowHeight), t = time(px), slack = (view.b - view.a) / (width - names) * 1.5;
  const hi = starts[row + 1];
  let best = -1, nearest = Infinity;
  for (let k = Math.max(starts[row], firstFrom(starts[row], hi, t - slack) - perLane); k < hi && bars.from[list[k]] <= t + slack; k++) {
    const i = list[k], away = Math.max(0, bars.from[i] - t, t - end(i));
    if (away <= slack && away <= nearest) { best = i; nearest = away; }
  }
  return best;
}

function number(n) { return n.toLocaleString("en"); }
function duration(us) {
  if (us < 1000) return us + " µs";
  if (us < 1e6) return (us / 1000).toPrecision(3) + " ms";
  return (us / 1e6).toFixed(2) + " s";
}
function instant(us) { return (us / 1e6).toFixed(6) + " s"; }

function text(i) {
  const o = bars.op[i] - 1;
  if (bars.shows[i]) {
    const how = ops.outcome[o] === 3 ? "never returned" : data.outcomes[ops.outcome[o]] + " after " + duration(bars.length[i]);
    return "client " + ops.client[o] + ": " + data.ops.names[ops.f[o]] + " " + data.ops.keys[ops.key[o]] + " " + how + (ops.error[o] ? ", " + data.ops.errors[ops.error[o] - 1] : "") + " — from " + instant(bars.from[i]);
  }
  const what = data.texts[bars.text[i]].replace("{d}", duration(bars.length[i])).replace("{n}", bars.number[i]).replace("{x}", "0x" + bars.number[i].toString(16));
  return what + " — from " + instant(bars.from[i]) + " to " + instant(end(i));
}

function hex(high, low) { return high || low ? "0x" + (high ? high.toString(16) + low.toString(16).padStart(8, "0") : low.toString(16)) : ""; }

// known is all that the page knows of a bar: names with values.
function known(i) {
  const rows = [], o = bars.op[i] - 1, add = (name, value) => { if (value !== "" && value !== undefined) rows.push([name, value]); };
  if (!bars.shows[i]) add("bar", text(i));
  if (o < 0) return rows;
  const session = n => n ? data.ops.sessions[n - 1] : "";
  add("operation", data.ops.names[ops.f[o]] + " " + data.ops.keys[ops.key[o]]);
  add("client", "client " + ops.client[o] + ", process " + ops.process[o]);
  add("outcome", data.outcomes[ops.outcome[o]] + (ops.error[o] ? ": " + data.ops.errors[ops.error[o] - 1] : ""));
  if (bars.shows[i]) {
    if (ops.waited[o]) add("intended", instant(bars.from[i] - ops.waited[o]) + ", " + duration(ops.waited[o]) + " before the call");
    add("called", instant(bars.from[i]));
    if (ops.outcome[o] !== 3) add("returned", instant(end(i)) + ", after " + duration(bars.length[i]));
  }
  add("asked", ops.asked[o] ? data.ops.values[ops.asked[o] - 1] : "");
  add("answer", ops.got[o] ? data.ops.values[ops.got[o] - 1] : "");
  add("session", session(ops.session[o]) + (ops.session2[o] && ops.session2[o] !== ops.session[o] ? (ops.session[o] ? ", then " : "") + session(ops.session2[o]) : ""));
  if (ops.alive[o]) add("session alive", "certainly at " + instant(ops.alive[o]));
  add("zxid", hex(ops.zxidHigh[o], ops.zxidLow[o]));
  const before = hex(ops.seenHigh[o], ops.seenLow[o]), after = hex(ops.thenHigh[o], ops.thenLow[o]);
  if (before || after) add("seen", "zxids up to " + (before || "none") + " before, up to " + (after || "none") + " after");
  if (ops.told[o]) add("messages", number(ops.requests[o]) + " requests, " + number(ops.sent[o]) + " bytes sent, " + number(ops.received[o]) + " received, " + number(ops.watches[o]) + " watch events");
  add("transactions", transactions(o));
  add("in history.jsonl", "line " + number(ops.invoke[o] + 1) + (ops.after[o] ? " and line " + number(ops.invoke[o] + ops.after[o] + 1) : ""));
  return rows;
}

function firstTxn(high, low) {
  let lo = 0, hi = data.txns.count;
  while (lo < hi) { const mid = (lo + hi) >> 1; if (txns.high[mid] < high || txns.high[mid] === high && txns.low[mid] <= low) lo = mid + 1; else hi = mid; }
  return lo;
}

// transactions are those that the operation's session committed while it was under way, by the zxids that the session
// had seen before and after.
function transactions(o) {
  const session = ops.session2[o] || ops.session[o];
  if (!session || !(ops.thenHigh[o] || ops.thenLow[o])) return "";
  if (data.txns.absent) return "what the servers committed is not known";
  const from = firstTxn(ops.seenHigh[o], ops.seenLow[o]), to = firstTxn(ops.thenHigh[o], ops.thenLow[o]), lines = [];
  for (let k = from; k < to && k < from + 20000; k++) {
    if (txns.session[k] !== session) continue;
    if (lines.length === 12) { lines.push("and more"); break; }
    lines.push(hex(txns.high[k], txns.low[k]) + " " + data.txns.types[txns.type[k]] + " " + data.txns.paths[txns.path[k]]);
  }
  if (lines.length) return lines.join("\n");
  return data.txns.left ? "none on this page, which has " + number(data.txns.count) + " of " + number(data.txns.count + data.txns.left) : "none by its session";
}

// choose shows what is known about a bar.
function choose(i, move) {
  chosen = i;
  const panel = $("known");
  panel.hidden = i < 0;
  if (i < 0) { draw(); return; }
  $("facts").replaceChildren(...known(i).map(([name, value]) => {
    const tr = document.createElement("tr"), th = document.createElement("th"), td = document.createElement("td");
    th.textContent = name; th.scope = "row"; td.textContent = value;
    tr.append(th, td);
    return tr;
  }));
  $("said").textContent = text(i);
  if (move) reveal(i);
  draw();
}

// reveal moves the view so that a bar is in it.
function reveal(i) {
  const length = view.b - view.a, middle = (bars.from[i] + end(i)) / 2;
  if (bars.from[i] < view.a || end(i) > view.b) {
    const room = Math.max(length, (end(i) - bars.from[i]) * 1.2);
    show(middle - room / 2, middle + room / 2);
  }
  const y = tops[Math.floor(bars.row[i] / perLane)];
  if (y < scroller.scrollTop + axis || y > scroller.scrollTop + shownHeight - 3 * rowHeight) scroller.scrollTop = y - shownHeight / 2;
}

// next chooses the operation that matches and begins after (or before) the chosen one.
function next(forward) {
  const from = chosen >= 0 ? bars.from[chosen] : forward ? view.a - 1 : view.b + 1;
  let best = -1;
  for (let row = 0; row + 1 < starts.length; row++) {
    const lo = starts[row], hi = starts[row + 1];
    let k = firstFrom(lo, hi, from);
    if (forward) while (k < hi && (bars.from[list[k]] < from || bars.from[list[k]] === from && list[k] <= chosen || !bars.shows[list[k]])) k++;
    else { while (k < hi && bars.from[list[k]] === from && list[k] < chosen) k++; k--; while (k >= lo && !bars.shows[list[k]]) k--; }
    if (k < lo || k >= hi) continue;
    const i = list[k], a = bars.from[i];
    if (best < 0 || (forward ? a < bars.from[best] || a === bars.from[best] && i < best : a > bars.from[best] || a === bars.from[best] && i > best)) best = i;
  }
  if (best >= 0) choose(best, true);
}

// along chooses the next bar in the row of the chosen one, or in the row above or below it.
function along(rows) {
  if (chosen < 0) { next(true); return; }
  for (let row = bars.row[chosen] + rows; row >= 0 && row + 1 < starts.length; row += rows) {
    if (starts[row] === starts[row + 1]) continue;
    choose(list[Math.max(starts[row], Math.min(starts[row + 1] - 1, firstFrom(starts[row], starts[row + 1], bars.from[chosen])))], true);
    return;
  }
}

function show(a, b) {
  const length = Math.min(Math.max(b - a, least), whole.b - whole.a);
  a = Math.min(Math.max(a, whole.a), whole.b - length);
  view = { a, b: a + length };
  draw();
}
function zoom(factor, t) { show(t - (t - view.a) * factor, t + (view.b - t) * factor); }
function middle() { return (view.a + view.b) / 2; }

// focus shows a violation: its counterexample is framed, and in the middle.
function focus(n) {
  focused = n;
  const f = data.focus[n];
  show(f.a, f.b);
  $("reason").textContent = f.name + (f.reason ? ": " + f.reason : "");
  document.querySelectorAll("#focus button").forEach((button, i) => button.setAttribute("aria-pressed", String(i === n)));
  const first = [...marked].filter(([, of]) => of.has(n)).map(([i]) => i).sort((a, b) => bars.row[a] - bars.row[b])[0];
  if (first !== undefined) scroller.scrollTop = Math.max(0, tops[Math.floor(bars.row[first] / perLane)] - shownHeight / 3);
}

// mark finds the operations of the counterexamples.
function mark() {
  const of = new Map();
  (data.focus || []).forEach((f, n) => (f.events || []).forEach(e => { if (!of.has(e)) of.set(e, new Set()); of.get(e).add(n); }));
  if (of.size === 0) return;
  for (let i = 0; i < data.bars; i++) {
    if (!bars.shows[i]) continue;
    const o = bars.op[i] - 1, a = of.get(ops.invoke[o]), b = ops.after[o] ? of.get(ops.invoke[o] + ops.after[o]) : undefined;
    if (a || b) marked.set(i, new Set([...(a || []), ...(b || [])]));
  }
}

function listen() {
  canvas.addEventListener("wheel", e => {
    if (e.offsetX < names) return; // the names scroll
    e.preventDefault();
    if (e.shiftKey || Math.abs(e.deltaX) > Math.abs(e.deltaY)) {
      const by = (e.deltaX || e.deltaY) / width * (view.b - view.a);
      show(view.a + by, view.b + by);
      return;
    }
    zoom(Math.exp(e.deltaY / 400), time(Math.max(names, e.offsetX)));
  }, { passive: false });
  let grabbed = null;
  canvas.addEventListener("pointerdown", e => { grabbed = { px: e.offsetX, py: e.offsetY, a: view.a, b: view.b, moved: false }; canvas.setPointerCapture(e.pointerId); });
  canvas.addEventListener("pointerup", e => {
    if (grabbed && !grabbed.moved) choose(at(e.offsetX, e.offsetY), false);
    grabbed = null;
  });
  canvas.addEventListener("pointercancel", () => { grabbed = null; });
  canvas.addEventListener("pointerleave", () => { tip.style.display = "none"; });
  canvas.addEventListener("pointermove", e => {
    if (grabbed) {
      grabbed.moved = grabbed.moved || Math.hypot(e.offsetX - grabbed.px, e.offsetY - grabbed.py) > 4;
      const by = (grabbed.px - e.offsetX) / (width - names) * (grabbed.b - grabbed.a);
      if (grabbed.moved) show(grabbed.a + by, grabbed.b + by);
      return;
    }
    let what = "";
    if (e.offsetX < names) {
      const y = e.offsetY + scroller.scrollTop, lane = tops.findIndex((top, k) => y >= top && y < top + data.lanes[k].rows * rowHeight);
      if (lane >= 0) what = data.lanes[lane].name + ": " + data.lanes[lane].about;
    } else {
      const i = at(e.offsetX, e.offsetY);
      what = i >= 0 ? text(i) : near(e.offsetX);
    }
    tip.style.display = what ? "block" : "none";
    if (!what) return;
    tip.textContent = what;
    tip.style.left = Math.min(e.clientX + 12, window.innerWidth - tip.offsetWidth - 8) + "px";
    tip.style.top = Math.min(e.clientY + 14, window.innerHeight - tip.offsetHeight - 8) + "px";
  });
  scroller.addEventListener("scroll", draw);
  canvas.addEventListener("keydown", e => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const by = (view.b - view.a) / 8;
    const act = {
      ArrowLeft: () => show(view.a - by, view.b - by), ArrowRight: () => show(view.a + by, view.b + by), ArrowUp: () => along(-1), ArrowDown: () => along(1),
      PageUp: () => { scroller.scrollTop -= shownHeight * 0.8; }, PageDown: () => { scroller.scrollTop += shownHeight * 0.8; },
      Home: () => show(whole.a, whole.a + view.b - view.a), End: () => show(whole.b - (view.b - view.a), whole.b),
      "+": () => zoom(0.5, middle()), "-": () => zoom(2, middle()), "0": () => show(whole.a, whole.b), n: () => next(true), p: () => next(false),
      v: () => { if (data.focus && data.focus.length) focus((focused + 1) % data.focus.length); }, "/": () => $("search").focus(), Escape: () => choose(-1),
    }[e.key];
    if (act) { e.preventDefault(); act(); }
  });
  let later = 0;
  $("filter").addEventListener("input", () => { clearTimeout(later); later = setTimeout(filter, data.ops.count > 200000 ? 300 : 60); });
  $("filter").addEventListener("submit", e => { e.preventDefault(); filter(); next(true); canvas.focus(); });
  $("filter").addEventListener("reset", () => setTimeout(filter));
  $("next").onclick = () => next(true);
  $("previous").onclick = () => next(false);
  $("whole").onclick = () => show(whole.a, whole.b);
  $("in").onclick = () => zoom(0.5, middle());
  $("out").onclick = () => zoom(2, middle());
  $("close").onclick = () => { choose(-1); canvas.focus(); };
  window.addEventListener("resize", layOut);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
}

// near is what a band or a line at a place says.
function near(px) {
  const t = time(px), slack = (view.b - view.a) / (width - names) * 3;
  const moment = (data.moments || []).find(m => Math.abs(m.t - t) <= slack);
  if (moment) return moment.name + " at " + instant(moment.t);
  const band = (data.bands || []).find(b => b.a <= t && t <= b.b);
  return band ? band.name : "";
}

// option fills a list of choices.
function options(id, texts) {
  $(id).append(...texts.map((text, i) => {
    const o = document.createElement("option");
    o.value = id === "keys" ? text : String(i);
    o.textContent = text;
    return o;
  }));
}

async function start() {
  const all = await unpack();
  for (const name of ["row", "from", "length", "op", "shows", "colour", "text", "number"]) bars[name] = all[name];
  for (const c of data.columns) if (c.rows === data.ops.count && !bars[c.name] && !c.name.startsWith("txn")) ops[c.name] = all[c.name];
  txns = { high: all.txnHigh, low: all.txnLow, session: all.txnSession, type: all.txnType, path: all.txnPath };
  for (const name of ["names", "keys", "errors", "sessions", "values"]) data.ops[name] = data.ops[name] || [];
  options("operation", data.ops.names);
  options("outcome", data.outcomes);
  options("keys", data.ops.keys.slice(0, 500));
  (data.focus || []).forEach((f, n) => {
    const b = document.createElement("button");
    b.textContent = f.name;
    b.type = "button";
    b.onclick = () => focus(n);
    $("focus").append(b);
  });
  mark();
  filter();
  listen();
  if (data.focus && data.focus.length) focus(0);
  $("waiting").hidden = true;
  document.body.dataset.ready = String(Math.round(performance.now()));
}

start().catch(e => { $("waiting").textContent = "The timeline cannot be drawn by this browser: " + e.message; });
