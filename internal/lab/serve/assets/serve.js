"use strict";
// All pages work without this script. It keeps the list and the page of a run up to date, and says what
// is ticked. Text of the store goes into the page as text, never as markup.

// stream hears the events of an address while the page is in sight: a browser has few connections for all its tabs.
function stream(address, handlers) {
  let events = null;
  const close = () => { if (events) events.close(); events = null; };
  const open = () => {
    if (events || document.hidden) return;
    events = new EventSource(address());
    for (const name in handlers) events.addEventListener(name, handlers[name]);
  };
  document.addEventListener("visibilitychange", () => document.hidden ? close() : open());
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", open);
  open();
}

const chosen = document.getElementById("chosen"), filter = document.getElementById("filter");

function ticked() { return [...document.querySelectorAll('#live input[name="run"]:checked')].map(box => box.value); }

function tell() {
  const n = ticked().length;
  for (const button of document.querySelectorAll("#actions button")) {
    button.disabled = n < (button.getAttribute("formaction") === "/compare" ? 2 : 1);
  }
  document.getElementById("ticked").textContent = n === 0 ? "Tick runs or sweeps to compare or to delete them." : n + " ticked";
}

// refresh replaces the list, and keeps what is ticked and what has the focus.
async function refresh() {
  const answer = await fetch(location.href);
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("live");
  const live = document.getElementById("live"), boxes = new Set(ticked()), focused = document.activeElement;
  const focus = focused && live.contains(focused) ? focused.getAttribute("value") || focused.getAttribute("href") : null;
  if (!fresh) return;
  live.replaceWith(fresh);
  for (const box of fresh.querySelectorAll('input[name="run"]')) box.checked = boxes.has(box.value);
  if (focus) {
    const again = [...fresh.querySelectorAll("input, a")].find(e => (e.getAttribute("value") || e.getAttribute("href")) === focus);
    if (again) again.focus();
  }
  tell();
}

if (chosen) {
  chosen.addEventListener("change", tell);
  for (const select of filter.querySelectorAll("select, input[type=date]")) select.addEventListener("change", () => filter.requestSubmit());
  window.addEventListener("pageshow", tell);
  tell();
  stream(() => "/events?v=" + document.getElementById("live").dataset.version, { changed: refresh });
}

// list shows texts as the items of a list.
function list(name, texts, none) {
  const ul = document.querySelector('[data-list="' + name + '"]');
  if (!ul) return;
  const items = texts.length ? texts : [none];
  if (ul.dataset.shown === JSON.stringify(items)) return;
  ul.dataset.shown = JSON.stringify(items);
  ul.replaceChildren(...items.map(text => {
    const li = document.createElement("li");
    li.textContent = text;
    if (!texts.length) li.className = "soft";
    return li;
  }));
}

// bars draws operations per second; the newest second is on the right.
function bars(svg, seconds) {
  const room = Math.max(30, seconds.length), most = Math.max(1, ...seconds.map(s => s.OK + s.Fail + s.Info)), made = [];
  seconds.forEach((s, i) => {
    const x = (room - seconds.length + i) * 10;
    let y = 120;
    for (const [n, name] of [[s.OK, "ok"], [s.Fail + s.Info, "bad"]]) {
      if (n === 0) continue;
      const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect"), height = n / most * 112;
      y -= height;
      for (const [key, value] of [["x", x], ["y", y], ["width", 8.5], ["height", height], ["class", name]]) bar.setAttribute(key, value);
      made.push(bar);
    }
  });
  svg.setAttribute("viewBox", "0 0 " + room * 10 + " 120");
  svg.replaceChildren(...made);
  document.querySelector('[data-field="top"]').textContent = "(highest: " + most + ")";
}

// findings shows those of a sweep, each with a link to its smallest run.
function findings(all) {
  const ul = document.querySelector('[data-list="sweep"]');
  if (!all.length || ul.dataset.shown === JSON.stringify(all)) return;
  ul.dataset.shown = JSON.stringify(all);
  ul.replaceChildren(...all.map(f => {
    const li = document.createElement("li"), name = document.createElement("b");
    name.textContent = f.property;
    li.append(name, " " + f.runs + ": " + f.text);
    if (f.shape) {
      const shape = document.createElement("span");
      shape.className = "soft small";
      shape.textContent = " (" + f.shape + ")";
      li.append(shape);
    }
    li.append("; ");
    if (f.kept) {
      const a = document.createElement("a");
      a.href = f.kept;
      a.textContent = "smallest run, seed " + f.seed;
      li.append(a);
    } else li.append("smallest run: seed " + f.seed);
    return li;
  }));
}

const going = document.getElementById("going");
if (going) {
  const show = e => {
    const now = JSON.parse(e.data);
    for (const field of document.querySelectorAll("[data-field]")) {
      const value = now[field.dataset.field];
      if (typeof value === "string") { field.textContent = value || "–"; }
    }
    const error = document.querySelector('[data-field="error"]');
    if (error) error.hidden = !now.error;
    if (going.dataset.kind === "sweep") {
      findings(now.findings);
      const shares = document.getElementById("shares"), src = shares.getAttribute("src").split("?")[0] + "?" + encodeURIComponent(now.done);
      if (shares.getAttribute("src") !== src) shares.setAttribute("src", src);
      return;
    }
    list("faults", now.faults || [], "none");
    list("holders", now.holders || [], "nobody");
    list("findings", now.findings || [], "none");
    bars(document.querySelector('[data-field="seconds"]'), now.seconds || []);
  };
  stream(() => going.dataset.live, { now: show, over: () => location.reload() });
}
