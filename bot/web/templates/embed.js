{# Served as /embed.js. No build step, ES2017: where a browser does not understand it, the link stays. #}
// Makes of  <a href="https://desk.example/" data-welcome-desk>…</a>  a button that opens Welcome Desk in a frame.
// The link is left as it is where the browser is too old or the chat may not be framed here. On the page this leaves
// one element, <welcome-desk>, and nothing else: no globals, no cookies, no storage, no styles of the page changed.
(function () {
  "use strict";
  const WORDS = {{ words | tojson }};
  const TAGS = {{ tags | tojson }};
  const MAY_FRAME = {{ origins | tojson }}; // null: not a closed list, so try
  // em, not rem: `all: initial` brings back the reader's own text size, whatever the page made of its root's.
  // !important inside :host beats even the page's !important.
  const STYLE = `
    :host { all: initial !important; position: fixed !important; z-index: 2147483647 !important;
      font-family: system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif !important; line-height: 1.4 !important }
    * { box-sizing: border-box }
    [hidden] { display: none !important }
    button, a { display: inline-flex; align-items: center; min-height: 2.75em; padding: .4em .8em; border: 2px solid #0b5d4b;
      border-radius: .5em; font: inherit; color: #0b5d4b; background: #fff; cursor: pointer }
    a { border-color: transparent }
    .open { position: fixed; bottom: calc(.75em + env(safe-area-inset-bottom, 0px)); right: .75em; max-width: calc(100% - 1.5em);
      border-color: #fff; border-radius: 1.5em; font-weight: 700; text-align: start; color: #fff; background: #0b5d4b;
      box-shadow: 0 .1em .5em rgba(0, 0, 0, .4) }
    .panel { position: fixed; top: 0; right: 0; bottom: 0; left: 0; display: flex; flex-direction: column; overflow: hidden;
      color: #1b1b1f; background: #fff }
    .bar { display: flex; flex-wrap: wrap; justify-content: space-between; gap: .3em; padding: .3em }
    iframe { flex: 1; width: 100%; min-height: 0; border: 0; border-top: 1px solid #767a80 }
    :focus-visible { outline: 3px solid #f4b400; box-shadow: 0 0 0 6px #1b1b1f }
    .panel:focus-visible { outline-offset: -3px }
    :host([dir=rtl]) .open { right: auto; left: .75em }
    @media (min-width: 40em) and (min-height: 30em) {
      .panel { top: auto; right: .75em; bottom: .75em; left: auto; width: 24em; height: 40em; max-height: 90vh;
        border: 2px solid #0b5d4b; border-radius: .6em; box-shadow: 0 .2em 1.5em rgba(0, 0, 0, .4) }
      :host([dir=rtl]) .panel { right: auto; left: .75em }
      .panel:focus-visible { box-shadow: 0 0 0 3px #1b1b1f }
    }
    @media (prefers-color-scheme: dark) {
      .panel, .bar * { color: #f2f2f2; background: #17191b }
      .bar * { color: #7fd6bf }
      button { border-color: #7fd6bf }
    }
    @media print { :host { display: none !important } }
  `; // nothing moves, so there is nothing to still for who prefers reduced motion

  function make(name, attributes, ...children) {
    const element = document.createElement(name);
    for (const key of Object.keys(attributes)) element.setAttribute(key, attributes[key]);
    element.append(...children);
    return element;
  }

  // uk-UA is looked up as uk-UA, then uk.
  function written(tag) {
    for (const parts = tag.toLowerCase().split("-"); parts.length; parts.pop()) {
      const code = TAGS[parts.join("-")];
      if (code) return code;
    }
    return "";
  }

  function start() {
    const links = Array.from(document.querySelectorAll("a[data-welcome-desk][href]"));
    const styled = "adoptedStyleSheets" in Document.prototype && "replaceSync" in CSSStyleSheet.prototype;
    if (!links.length || !styled || document.querySelector("welcome-desk")) return;
    const chat = new URL(links[0].href);
    if (MAY_FRAME && !MAY_FRAME.some((one) => (one === "'self'" ? chat.origin : one) === location.origin)) return;

    const asked = [chat.searchParams.get("lang") || ""].concat(navigator.languages || []);
    const found = asked.map(written).find(Boolean);
    const lang = found || "en";
    const words = WORDS[lang];
    const here = { lang, dir: words.dir };
    const host = make("welcome-desk", { dir: getComputedStyle(document.body).direction }); // whose corner: the page's
    const root = host.attachShadow({ mode: "open" }); // open, so that accessibility checkers see in; the chat is another origin
    const sheet = new CSSStyleSheet(); // a constructed sheet: a strict style-src lets it be
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
    const button = make("button", Object.assign({ type: "button", class: "open", "aria-haspopup": "dialog" }, here), words.button);
    root.append(button);
    let panel, frame;

    function open() {
      if (!panel) build();
      panel.hidden = false;
      button.hidden = true;
      // Over the whole screen nothing behind the panel may take the focus.
      const whole = !matchMedia("(min-width: 40em) and (min-height: 30em)").matches;
      panel.setAttribute("aria-modal", String(whole));
      if (whole) document.body.inert = true;
      panel.focus();
      document.addEventListener("keydown", pressed);
    }

    // The frame stays, hidden: without cookies the chat lives in it alone.
    function close() {
      document.removeEventListener("keydown", pressed);
      document.body.inert = false;
      panel.hidden = true;
      button.hidden = false;
      button.focus();
    }

    function pressed(event) {
      if (event.key === "Escape" && !event.defaultPrevented) close();
    }

    function told(event) {
      if (event.source !== frame.contentWindow || event.origin !== chat.origin || panel.hidden) return;
      if (event.data && event.data["welcome-desk"] === "close") close();
    }

    // The page's Content-Security-Policy forbids the frame: become the plain link again, and follow it.
    function refused(event) {
      if (event.disposition === "report" || !/^(frame|child)-src/.test(event.effectiveDirective)) return;
      if (!event.blockedURI.startsWith(chat.origin)) return;
      document.removeEventListener("keydown", pressed);
      document.removeEventListener("securitypolicyviolation", refused);
      removeEventListener("message", told);
      document.body.inert = false;
      host.remove();
      showLinks();
      location.assign(links[0].href);
    }

    function build() {
      const address = new URL(chat.href);
      if (found) address.searchParams.set("lang", found); // so that the chat is in the language of the button
      const newTab = make("a", { href: address.href, target: "_blank", rel: "noopener noreferrer" }, words.newTab);
      // Not sandboxed: "leave this page quickly" must be able to take the whole tab away. Another origin is kept out anyway.
      frame = make("iframe", { src: address.href, title: words.title, allow: "", referrerpolicy: "no-referrer" });
      const shut = make("button", { type: "button", class: "close" }, words.close);
      shut.addEventListener("click", close);
      const bar = make("div", { class: "bar" }, newTab, shut);
      panel = make("section", Object.assign({ class: "panel", role: "dialog", "aria-label": words.title, tabindex: "-1" }, here), bar, frame);
      addEventListener("message", told);
      document.addEventListener("securitypolicyviolation", refused);
      root.append(panel);
    }

    const before = links.map((link) => [link.style.getPropertyValue("display"), link.style.getPropertyPriority("display")]);
    function showLinks() {
      links.forEach((link, n) => link.style.setProperty("display", ...before[n]));
    }

    button.addEventListener("click", open);
    document.documentElement.append(host); // beside body, where it is nobody's :last-child
    for (const link of links) link.style.setProperty("display", "none", "important");
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start, { once: true });
  else start();
})();
