// Looks at a page as a reader would and says whether one comment can be read in it.
//
// It runs in an isolated world: it sees the document, and no script of the page can see or change it. Nothing here
// waits; the worker asks again. Positions are CSS pixels of the window unless said otherwise.
"use strict";

const citymod = (() => {
  const LEVELS = 12; // how far above the text its author may stand
  const MARGIN = 2; // pixels from the end of a word at which it is probed
  const SILENT = new Set(["SCRIPT", "STYLE", "TEMPLATE", "NOSCRIPT", "TITLE", "HEAD"]);
  const PAINTED = new Set(["IMG", "VIDEO", "CANVAS", "IFRAME", "OBJECT", "EMBED", "INPUT", "TEXTAREA", "SELECT"]);
  let found = null; // {text, box, author, spec}
  let probing = null; // the style sheet that is in force while something is probed

  // ------------------------------------------------------------------------------------------------------- words

  const lines = (text) => text.replace(/\r\n?/g, "\n");
  const flat = (text) => text.replace(/[ \t\n\r\f]+/g, " ").trim();
  const isBlock = (node) => !/^(inline|contents|none)/.test(getComputedStyle(node).display);

  // What a reader reads: letters, line breaks, and the words that stand for emoji where a page draws them as pictures.
  const wording = (node) => {
    let text = "";
    for (const child of node.childNodes) {
      if (child.nodeType === Node.TEXT_NODE) text += child.data;
      else if (child.nodeType !== Node.ELEMENT_NODE || SILENT.has(child.nodeName)) continue;
      else if (child.nodeName === "BR") text += "\n";
      else if (child.nodeName === "IMG") text += child.alt;
      else text += isBlock(child) ? `\n${wording(child)}\n` : wording(child);
    }
    return text;
  };

  const keepsSpace = (node) => {
    const space = getComputedStyle(node).whiteSpace;
    return /^(pre|pre-wrap|break-spaces)$/.test(space) && ![...node.children].some(isBlock);
  };

  // How the node's words agree with the text: to the letter, or but for white space that the page itself collapses.
  const agreement = (node, text) => {
    const said = lines(wording(node));
    if (said === lines(text)) return "word for word";
    return !keepsSpace(node) && flat(said) === flat(text) ? "word for word, white space as the page folds it" : "";
  };

  const mentions = (text, name) => {
    const plain = flat(name).replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    return new RegExp(`(?<![\\p{L}\\p{N}])${plain}(?![\\p{L}\\p{N}])`, "u").test(flat(text));
  };

  // ---------------------------------------------------------------------------------------------------- find it

  const holding = (root, text) => {
    const longest = (text.match(/[\p{L}\p{N}]+/gu) ?? []).sort((a, b) => b.length - a.length)[0] ?? "";
    const fits = (node) =>
      !SILENT.has(node.nodeName) &&
      node.textContent.length <= 4 * text.length + 64 &&
      node.textContent.includes(longest) &&
      agreement(node, text) !== "";
    const nodes = [...root.querySelectorAll("*")].filter(fits);
    return nodes.filter((node) => !nodes.some((other) => other !== node && node.contains(other)));
  };

  const authorIn = (box, text, names) => {
    const nodes = [...box.querySelectorAll("*")].filter(
      (node) => !text.contains(node) && !node.contains(text) && names.some((name) => mentions(node.textContent, name)),
    );
    return nodes.filter((node) => !nodes.some((other) => other !== node && node.contains(other)))[0] ?? null;
  };

  // The smallest box around the text in which its author is named too.
  const around = (text, names) => {
    let box = text;
    for (let level = 0; level < LEVELS && box.parentElement && box.parentElement !== document.body; level += 1) {
      box = box.parentElement;
      const author = names.length ? authorIn(box, text, names) : null;
      if (author) return { box, author };
      if (!names.length && box.matches("article, li, [role=article]")) return { box, author };
    }
    return { box: names.length ? (text.parentElement ?? text) : box, author: null };
  };

  const inMarkedBox = (spec) => {
    const box = document.querySelector(`[data-comment-id="${CSS.escape(spec.item)}"]`);
    if (!box) return null;
    const own = [...box.querySelectorAll("[data-comment-text]")];
    const texts = own.length ? own.filter((node) => wording(node) === spec.text) : holding(box, spec.text);
    const text = texts.at(-1);
    if (!text) return { why: "the comment is there, but its text is not the text on record" };
    return { text, box, author: authorIn(box, text, spec.names) };
  };

  const byText = (spec) => {
    if (spec.blank) return { why: "a comment without words cannot be found on the page" };
    const places = holding(document.documentElement, spec.text).map((text) => ({ text, ...around(text, spec.names) }));
    const named = spec.names.length ? places.filter((place) => place.author) : places;
    const linked = named.filter((place) =>
      [...place.box.querySelectorAll("a[href]")].some((link) => link.href.includes(spec.item)),
    );
    const chosen = named.length > 1 ? linked : named;
    if (chosen.length === 1) return chosen[0];
    if (named.length > 1) return { why: `its text stands there ${named.length} times, and nothing tells which is meant` };
    return places[0] ?? { why: "the comment is not on the page" };
  };

  const find = (spec) => {
    const place = inMarkedBox(spec) ?? byText(spec);
    if (place.why) return { ok: false, why: place.why };
    found = { ...place, spec };
    return { ok: true, why: agreement(place.text, spec.text) };
  };

  // What platforms show instead of a comment: what it is, the places it is shown at, the words it says, what else tells
  // it. The first that fits is meant, since a check for robots asks people to sign in, too. Words are in lower case.
  const WALLS = [
    {
      what: "a consent page", // YouTube before its pages in Europe; Meta over a page
      place: /^consent\.|\/consent/,
      words: /before you continue|accept (all )?cookies|allow (all|the use of) (essential |optional )*cookies/,
      signs: "tp-yt-paper-dialog ytd-consent-bump-v2-renderer, ytd-consent-bump-v2-lightbox",
    },
    {
      what: "a check for robots", // YouTube and Google from data centres; Cloudflare and PerimeterX before Nextdoor
      place: /^challenges\.|\/(sorry|captcha|challenge)(\/|$)/,
      words:
        /captcha|unusual traffic|not a (robot|bot)|(are|you're) (you )?(a )?human|checking your browser|press & hold|confirm it's you/,
      signs: "iframe[src*=captcha], iframe[src*='challenges.cloudflare.com'], #px-captcha",
    },
    {
      what: "a login page", // X beyond a post, Facebook and Instagram of nearly everything, Nextdoor of all
      place: /\/(login|signin|sign_in|checkpoint|authwall|i\/flow|accounts\/login|oauth)(\/|$|\.)/,
      words:
        /you must log in|(log|sign) in (to|or sign up to|or create an account to) (continue|see|view|x|facebook|instagram|nextdoor|bluesky)\b|continue to x\b|see more on (facebook|instagram)|log into facebook|sign up for x\b|get started by signing in/,
      signs: "input[type=password]",
    },
    {
      what: "a page that says it is not available", // deleted, private, in another country, or an account that is gone
      place: /\/(404|unavailable)(\/|$)/,
      words:
        /(isn't|is not|no longer|not|currently) (available|exists?)|unavailable|doesn't exist|not found|been (removed|deleted|suspended)|may be broken|was deleted|something went wrong/,
      signs: "",
    },
  ];

  // What is shown instead of the comment, if it is one of the usual things.
  const wall = () => {
    const said = flat(`${document.title} ${document.body?.innerText ?? ""}`).slice(0, 20000).toLowerCase();
    const words = said.replace(/\u2019/g, "'");
    const place = `${location.hostname}${location.pathname}`.toLowerCase();
    const shown = (signs) => signs !== "" && [...document.querySelectorAll(signs)].some((node) => node.checkVisibility());
    return WALLS.find((one) => one.place.test(place) || one.words.test(words) || shown(one.signs))?.what ?? "";
  };

  // ------------------------------------------------------------------------------------------------- can it be read

  const sheet = (rules) => {
    const made = new CSSStyleSheet();
    made.replaceSync(rules);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, made];
    return made;
  };

  // Stop everything that moves, so that what is tested is what is pictured.
  const still = () => {
    sheet(`*, *::before, *::after { animation: none !important; transition: none !important;
      caret-color: transparent !important; scroll-behavior: auto !important }`);
  };

  const alpha = (color) => {
    const parts = color.match(/[\d.]+/g) ?? [];
    return parts.length > 3 ? Number(parts[3]) : 1;
  };

  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (style.backgroundImage !== "none") return "a picture";
      if (alpha(style.backgroundColor) > 0.5) return style.backgroundColor;
    }
    return "rgb(255, 255, 255)";
  };

  // Why a reader could not make out the letters of a node, or nothing.
  const faint = (node) => {
    let opacity = 1;
    for (let at = node; at; at = at.parentElement) {
      const style = getComputedStyle(at);
      opacity *= Number(style.opacity);
      if (style.filter.includes("blur(")) return "is blurred";
    }
    const style = getComputedStyle(node);
    if (style.visibility !== "visible" || style.display === "none") return "is not shown";
    if (opacity < 0.5 || alpha(style.webkitTextFillColor) < 0.5) return "is see-through";
    if (style.webkitTextFillColor === ground(node)) return "has the colour of its ground";
    if (parseFloat(style.fontSize) < 6) return "is too small to read";
    if (decorated(node)) return "may be covered by a decoration of its own";
    return "";
  };

  // Whether a node draws something over its own words, by a decoration that no probe can tell from the node itself.
  const decorated = (node) =>
    ["::before", "::after"].some((part) => {
      const style = getComputedStyle(node, part);
      const placed = style.content !== "none" && /absolute|fixed/.test(style.position);
      return placed && (alpha(style.backgroundColor) > 0 || style.backgroundImage !== "none");
    });

  const paints = (node) => {
    const style = getComputedStyle(node);
    if (Number(style.opacity) === 0 || style.visibility !== "visible") return false;
    return (
      PAINTED.has(node.nodeName) ||
      node instanceof SVGElement ||
      alpha(style.backgroundColor) > 0 ||
      style.backgroundImage !== "none" ||
      style.backdropFilter !== "none" ||
      [...node.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.data.trim())
    );
  };

  // Whether something lies over the node at one point, or it is cut off there.
  const coveredAt = (node, x, y) => {
    for (const hit of document.elementsFromPoint(x, y)) {
      if (node.contains(hit)) return false;
      if (hit.contains(node) || paints(hit)) return true;
    }
    return true;
  };

  // Where the words of a node stand, and the pictures that stand for words: a rectangle for each piece of a word.
  const wordsOf = (node) => {
    const places = [];
    const walker = document.createTreeWalker(node, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
    while (walker.nextNode()) {
      const at = walker.currentNode;
      if (at.nodeName === "IMG") places.push(at.getBoundingClientRect());
      if (at.nodeType !== Node.TEXT_NODE || SILENT.has(at.parentNode.nodeName)) continue;
      for (const word of at.data.matchAll(/[^ \t\n\r\f]+/g)) {
        const range = document.createRange();
        range.setStart(at, word.index);
        range.setEnd(at, word.index + word[0].length);
        places.push(...range.getClientRects());
      }
    }
    return places.filter((place) => place.width > 0 && place.height > 0);
  };

  const wordCovered = (node, word) => {
    const inset = Math.min(MARGIN, word.width / 4);
    const y = (word.top + word.bottom) / 2;
    return [word.left + inset, (word.left + word.right) / 2, word.right - inset].some((x) => coveredAt(node, x, y));
  };

  // Bring the part of the box that begins `offset` pixels below its top to the top of the window, as far as that goes.
  const bring = (offset) => {
    found.box.scrollIntoView({ block: "start", behavior: "instant" });
    window.scrollBy({ top: found.box.getBoundingClientRect().top + offset, behavior: "instant" });
    return measure();
  };

  const measure = () => {
    const box = found.box.getBoundingClientRect();
    return {
      left: box.left, top: box.top, width: box.width, height: box.height,
      scrollX: window.scrollX, scrollY: window.scrollY,
      windowWidth: document.documentElement.clientWidth, windowHeight: window.innerHeight,
    };
  };

  // Count the words whose middle lies between `top` and `bottom` of the window, and those that cannot be read there.
  const probe = (top, bottom) => {
    probing ??= sheet("* { pointer-events: auto !important }");
    const inside = (word) => (word.top + word.bottom) / 2 >= top && (word.top + word.bottom) / 2 < bottom;
    const words = wordsOf(found.text).filter(inside);
    const names = found.author ? wordsOf(found.author).filter(inside) : [];
    return {
      words: words.length,
      covered: words.filter((word) => wordCovered(found.text, word)).length,
      names: names.length,
      namesCovered: names.filter((word) => wordCovered(found.author, word)).length,
    };
  };

  // Everything about text and author that does not depend on where the window stands.
  const judge = () => {
    const nodes = [found.text, ...found.text.querySelectorAll("*")];
    const dim = nodes.filter((node) => wording(node).trim()).map(faint).find(Boolean);
    const box = found.box.getBoundingClientRect();
    const text = found.text.getBoundingClientRect();
    const outside =
      text.left < box.left - 1 || text.right > box.right + 1 || text.top < box.top - 1 || text.bottom > box.bottom + 1;
    return {
      agreement: agreement(found.text, found.spec.text),
      faint: dim ?? "",
      outside,
      words: wordsOf(found.text).length,
      author: found.author !== null,
      authorFaint: found.author ? faint(found.author) : "",
    };
  };

  const endProbe = () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== probing);
    probing = null;
  };

  // -------------------------------------------------------------------------------------------------- point at it

  const highlight = () => {
    found.outline = found.box.getAttribute("style");
    found.box.style.setProperty("outline", "3px solid #b3261e", "important");
    found.box.style.setProperty("outline-offset", "4px", "important");
    return getComputedStyle(found.box).outlineStyle === "solid";
  };

  const unhighlight = () => {
    if (found?.outline === undefined) return;
    if (found.outline === null) found.box.removeAttribute("style");
    else found.box.setAttribute("style", found.outline);
  };

  const marked = () => [...found.text.querySelectorAll("mark")].map((mark) => mark.textContent);

  // All fonts there, or `seconds` passed: after about three a browser draws letters in another font anyway.
  const fonts = (seconds) =>
    Promise.race([document.fonts.ready.then(() => true), new Promise((done) => setTimeout(() => done(false), 1000 * seconds))]);

  const onward = () => window.scrollBy({ top: window.innerHeight, behavior: "instant" });
  const toTop = () => window.scrollTo({ top: 0, behavior: "instant" });

  return { find, wall, still, bring, measure, probe, judge, endProbe, highlight, unhighlight, marked, fonts, onward, toTop };
})();
