// What a reader can see, read and reach on a page. A script of browser.go: it changes nothing but what is open.
var zklabFlaws = (() => {
  const name = (e) => {
    const text = (e.getAttribute("aria-label") || e.textContent || "").trim().replace(/\s+/g, " ").slice(0, 40);
    return "<" + e.localName + (e.id ? " id=" + e.id : "") + (e.getAttribute("class") ? " class=" + e.getAttribute("class") : "") + "> " + text;
  };
  const shown = (e) => e.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && e.getClientRects().length > 0;

  // Colours as [red, green, blue, alpha]; a canvas of one pixel understands every notation.
  const pixel = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const colour = (text) => {
    pixel.clearRect(0, 0, 1, 1);
    pixel.fillStyle = text;
    pixel.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = pixel.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
  const light = (c) => {
    const [r, g, b] = c.slice(0, 3).map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);

  // What is behind an element, from the page up.
  const behind = (e) => {
    const above = [];
    for (let at = e; at; at = at.parentElement) above.unshift(getComputedStyle(at));
    const canvas = matchMedia("(prefers-color-scheme: dark)").matches && getComputedStyle(document.documentElement).colorScheme.includes("dark") ? [18, 18, 18, 1] : [255, 255, 255, 1];
    return above.reduce((c, style) => over(colour(style.backgroundColor), c), canvas);
  };

  // Text needs 4.5, large text 3 ("Web Content Accessibility Guidelines 2.2", 1.4.3). Text in drawings has its own test.
  const pale = () => {
    const found = new Map();
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const e = texts.currentNode.parentElement;
      if (!texts.currentNode.data.trim() || e.closest("svg, script, style, noscript, [disabled], [aria-hidden=true]") || !shown(e)) continue;
      const style = getComputedStyle(e), back = behind(e);
      const ratio = contrast(over(colour(style.color), back), back), size = parseFloat(style.fontSize);
      const enough = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5;
      const key = style.color + back;
      if (ratio < enough && !found.has(key)) found.set(key, "contrast " + ratio.toFixed(2) + " of " + style.color + " on " + back.map(Math.round) + ": " + name(e));
    }
    return [...found.values()];
  };

  // The page scrolls down only; what is wider scrolls within a part of its own.
  const wide = () => {
    const root = document.scrollingElement, room = root.clientWidth;
    if (root.scrollWidth <= room) return [];
    const within = (e) => e !== document.body && (getComputedStyle(e).overflowX !== "visible" || within(e.parentElement));
    const widest = [...document.body.querySelectorAll("*")].filter((e) => shown(e) && e.getBoundingClientRect().right > room + 1 && !within(e.parentElement));
    return ["the page is " + root.scrollWidth + " pixels wide in a window of " + room + ": " + widest.slice(0, 5).map(name).join(", ")];
  };

  const nameless = () =>
    [...document.querySelectorAll("button, input, select, textarea, a[href], canvas, img, svg[role=img]")].filter((e) => shown(e)).filter((e) => {
      if (e.localName === "img") return !e.hasAttribute("alt");
      const label = e.getAttribute("aria-label") || e.getAttribute("aria-labelledby") || e.title || e.textContent.trim() || e.placeholder;
      return !label && !(e.labels && e.labels.length) && !(e.type === "submit" && e.value);
    }).map((e) => "it has no name: " + name(e) + " " + e.outerHTML.slice(0, 80));

  const look = (e) => {
    const s = getComputedStyle(e);
    return [s.outlineStyle + s.outlineWidth + s.outlineColor, s.boxShadow, s.backgroundColor, s.color, s.borderColor, s.textDecorationLine, s.textDecorationThickness].join("|");
  };
  let controls = [], looks = new Map(), reached = new Map(), first = null;
  const inGroup = (e) => e.type === "radio" && e.name && document.querySelector(`input[type=radio][name="${CSS.escape(e.name)}"]:checked`) !== e;

  return {
    seen: () => {
      document.querySelectorAll("details").forEach((d) => (d.open = true));
      return [...wide(), ...pale(), ...nameless()];
    },
    controls: () => {
      controls = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex], [onclick]")].filter((e) => shown(e) && !e.disabled && e.tabIndex >= 0 && e.type !== "hidden" && !inGroup(e));
      document.activeElement.blur();
      looks = new Map(controls.map((e) => [e, look(e)]));
      reached = new Map();
      first = null;
      return controls.length;
    },
    // focused notes who has the focus; it is true when the round is over.
    focused: () => {
      const e = document.activeElement;
      if (e === document.body) return first !== null;
      if (e === first) return true;
      first ??= e;
      reached.set(e, look(e));
      return false;
    },
    unreached: () => [
      ...controls.filter((e) => !reached.has(e)).map((e) => "the keyboard does not reach " + name(e)),
      ...[...reached].filter(([e, now]) => looks.has(e) && looks.get(e) === now).map(([e]) => "it does not show the focus: " + name(e)),
    ],
  };
})();
