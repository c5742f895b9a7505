// Makes the page smoother where scripts run; everything works without it. Keeps nothing: no cookie, no storage.
"use strict";
(() => {
  const chat = () => document.querySelector("main[data-chat]");
  const field = (name) => {
    const found = document.querySelector(`input[name=${name}]`);
    return found ? found.value : "";
  };
  const session = () => field("session");
  const framed = window.top !== window;
  let active = Date.now();
  let warning = null;

  function alive() {
    active = Date.now();
    if (warning) warning.remove();
    warning = null;
  }

  // A line that died silently is given up, later than a proxy gives up on us: who waits behind it could press nothing.
  const PATIENCE = 90000;
  function post(path, fields) {
    const line = window.AbortController ? new AbortController() : null;
    if (line) setTimeout(() => line.abort(), PATIENCE);
    return fetch(path, { method: "POST", body: new URLSearchParams(fields), signal: line ? line.signal : undefined });
  }

  // The tab remembers its chat across a reload, and only the tab: history.state is neither storage nor sent to anybody.
  function remember() {
    history.replaceState(session() ? { session: session() } : null, "");
  }

  // ---- Sending without loading the whole page again

  function setFields(name, value) {
    for (const one of document.querySelectorAll(`input[name=${name}]`)) one.value = value;
  }

  function words(section) {
    // What a section says; the button to listen to it was put there by us.
    const copy = section.cloneNode(true);
    for (const button of copy.querySelectorAll(".listen")) button.remove();
    return copy.textContent;
  }

  function append(fresh) {
    // The new parts of the conversation go below the old ones, each once; where the handover stands is written anew.
    const log = document.getElementById("log");
    const panel = document.getElementById("desk");
    const standing = fresh.getElementById("desk");
    const shown = panel ? Number(panel.dataset.seen) : 0;
    const all = Array.from(fresh.querySelectorAll(".exchange"));
    const sections = all.filter((one) => !(Number(one.dataset.said) <= shown));
    for (const section of all.filter((one) => !sections.includes(one))) {
      // A translation came since; the part that is already there is written anew.
      const old = log.querySelector(`.exchange[data-said="${section.dataset.said}"]`);
      if (!old || words(old) === words(section)) continue;
      if (old.id) section.id = old.id;
      old.replaceWith(document.adoptNode(section));
    }
    for (const section of sections) {
      const before = document.getElementById("last");
      if (before) before.removeAttribute("id");
      section.id = "last";
      log.insertBefore(document.adoptNode(section), panel);
      document.title = section.dataset.title;
    }
    if (panel && standing) {
      // What somebody is filling in stays as it is while the handover stands as before.
      const open = panel.querySelector("details[open]");
      const inside = panel.contains(document.activeElement) ? document.activeElement.id || document.activeElement.value : "";
      for (const name of ["contact", "wanted"]) {
        const [old, next] = [panel, standing].map((one) => one.querySelector(`[name=${name}]`));
        if (old && next) (next.value = old.value), (next.checked = old.checked);
      }
      if (open && standing.querySelector("details")) standing.querySelector("details").open = true;
      panel.replaceWith(document.adoptNode(standing));
      const same = inside && Array.from(standing.querySelectorAll("input, button")).find((one) => [one.id, one.value].includes(inside));
      if (same) same.focus({ preventScroll: true });
    }
    return sections;
  }

  function adopt(fresh, sent) {
    // What could be pressed before no longer can.
    for (const old of document.querySelectorAll("#log .exchange form.choices, .passing")) old.remove();
    const sections = append(fresh);
    const section = sections[sections.length - 1];
    chat().classList.add("started");
    for (const list of document.querySelectorAll(".languages, .topics")) list.open = false;
    setFields("session", section.dataset.session);
    setFields("message_id", section.dataset.messageId);
    const error = document.getElementById("error");
    if (error) error.remove();
    const text = document.getElementById("text");
    text.removeAttribute("aria-invalid");
    if (text.value === sent) text.value = "";
  }

  function replacePage(fresh, sent) {
    const root = document.documentElement;
    hush();
    document.title = fresh.title;
    root.lang = fresh.documentElement.lang;
    root.dir = fresh.documentElement.dir;
    // What was typed meanwhile stays, and the region that is read aloud stays the one that screen readers know.
    const old = document.getElementById("text");
    const text = fresh.getElementById("text");
    if (old && text && !text.value && old.value !== sent) text.value = old.value;
    const told = document.getElementById("announced");
    const untold = fresh.getElementById("announced");
    if (fresh.querySelector("main[data-keep]")) {
      // The conversation cannot be read at the moment: what is shown of it stays.
      for (const section of Array.from(document.querySelectorAll("#log > .exchange:not(.passing)")).reverse()) {
        section.removeAttribute("id");
        fresh.getElementById("log").prepend(document.adoptNode(section));
      }
    }
    document.body.replaceWith(document.adoptNode(fresh.body));
    if (told && untold) untold.replaceWith(told);
  }

  function withoutEnglish(piece) {
    // The words of a piece in its own language alone.
    const copy = piece.cloneNode(true);
    for (const english of copy.querySelectorAll(".en")) english.remove();
    return copy.textContent;
  }

  function announce(pieces) {
    // One polite region is told what is new, each piece in its own language; the log itself is not live.
    const region = document.getElementById("announced");
    region.textContent = "";
    for (const piece of pieces) {
      const own = piece.closest("[lang]");
      const line = document.createElement("p");
      line.lang = own.lang;
      line.dir = own.dir;
      line.textContent = withoutEnglish(piece);
      region.append(line);
    }
  }

  function show(html, sent) {
    // Gives whether the answer was one of ours.
    const fresh = new DOMParser().parseFromString(html, "text/html");
    const section = fresh.querySelector(".exchange");
    if (fresh.querySelector("main[data-idle]")) replacePage(fresh, sent);
    else if (section && !fresh.querySelector("main")) adopt(fresh, sent);
    else return false;
    alive();
    remember();
    enhance();
    return true;
  }

  function direct(asking, typed, pressed) {
    // Where the eyes and the keyboard go after something new has come.
    const last = document.getElementById("last");
    const text = document.getElementById("text");
    const notice = document.querySelector(".notice");
    const error = document.getElementById("error");
    if (last && (asking || error) && last.querySelector(".said")) announce(last.querySelectorAll(".said, .card h3"));
    else if (notice) announce([notice]);
    if (error && last && last.querySelector(".urgent")) {
      // The assistant is away: the number comes before the field.
      last.tabIndex = -1;
      last.focus();
    }
    else if (error) text.focus();
    else if (asking && last) {
      const asked = last.querySelector(".asked") || last;
      if (typed && !matchMedia("(pointer: coarse)").matches) text.focus({ preventScroll: true });
      else {
        // What was pressed is gone, or a keyboard would cover the answer.
        asked.tabIndex = -1;
        asked.focus({ preventScroll: true });
      }
      asked.scrollIntoView({ block: "start" });
    } else {
      // A button of the same purpose, or the top of the page.
      const alike = (one) => pressed && one.name === pressed.name && (one.value === pressed.value || one.name === "english");
      const same = document.getElementById("thanks") || Array.from(document.querySelectorAll("button")).find(alike);
      const heading = document.querySelector("h1");
      heading.tabIndex = -1;
      (same && same.offsetParent ? same : heading).focus({ preventScroll: true });
      if (same && same.id === "thanks") same.scrollIntoView({ block: "center" });
    }
  }

  // ---- A person at the desk: what they write comes without asking

  let hearing = null;
  let sending = 0;
  const isSending = () => Date.now() - sending < PATIENCE;
  const deskState = () => {
    const panel = document.getElementById("desk");
    return panel ? panel.dataset.state : "";
  };
  const deskIsOpen = () => ["waiting", "with_staff", "message_left"].includes(deskState());
  function listen() {
    // One stream while a handover is open; its signs say that something is new, the server writes what it looks like.
    const open = deskIsOpen() && session();
    for (const one of document.querySelectorAll("#desk .look")) one.hidden = Boolean(open);
    if (!open || hearing === session()) return;
    hearing = session();
    hear(hearing);
  }
  async function hear(token) {
    let wait = 1000;
    while (token === session() && deskIsOpen() && !(window.ReadableStream && window.AbortController && window.TextDecoder)) {
      // A phone too old for streams looks by itself.
      await new Promise((resolve) => setTimeout(resolve, 5000));
      if (token === session()) await news();
    }
    let stood = "";
    let silent = 0;
    while (token === session() && deskIsOpen()) {
      const line = new AbortController();
      // Signs of life come every fifteen seconds.
      const hears = () => {
        clearTimeout(silent);
        silent = setTimeout(() => line.abort(), 40000);
      };
      hears();
      try {
        const after = document.getElementById("desk").dataset.seen;
        const headers = { Authorization: `Bearer ${token}`, Accept: "text/event-stream" };
        const answer = await fetch(`/api/v1/chat/events?after=${after}`, { headers, signal: line.signal });
        if (answer.status === 404 && token === session() && !isSending()) return end();
        // Too many streams are open, or a database is away: what was refused is looked at, ever less often.
        if (!answer.ok) throw new Error("refused");
        const reader = answer.body.getReader();
        const decoder = new TextDecoder();
        let text = "";
        wait = 1000;
        for (;;) {
          const { done, value } = await reader.read();
          hears();
          if (done || token !== session() || !deskIsOpen()) break;
          text += decoder.decode(value, { stream: true });
          const parts = text.split(/\r?\n\r?\n/);
          text = parts.pop();
          const kinds = parts.map((part) => (part.match(/^event: ?(\w+)/m) || [])[1]);
          if (kinds.includes("ended")) {
            // Where it is this page that ends it, the answer says what became of it.
            if (!isSending()) return end();
            break;
          }
          const state = parts.filter((part) => /^event: ?state/m.test(part)).pop();
          if (state) writes = state.includes('"writing":true');
          const stands = state ? state.replace(/"writing":(true|false)|"waited_seconds":\d+/g, "") : stood;
          // If the look fails, the stream is opened anew from what is shown.
          const [, translations] = (state && state.match(/"translations":(\d+)/)) || [];
          const all = translations && translations !== document.getElementById("desk").dataset.translations;
          if ((kinds.includes("said") || stands !== stood) && !(await news(all))) break;
          stood = stands;
          writing();
        }
      } catch (error) {
        // The line is down, or this browser cannot read a stream: look again, ever less often.
        if (token === session()) await news();
      }
      clearTimeout(silent);
      line.abort();
      if (token !== session() || !deskIsOpen()) break;
      await new Promise((resolve) => setTimeout(resolve, wait));
      wait = Math.min(wait * 2, 15000);
    }
    if (hearing === token) hearing = null;
  }
  let writes = false;
  function writing() {
    const line = document.querySelector("#desk .writing");
    if (line) line.hidden = !writes;
  }
  let looking = false;
  async function news(all) {
    // Gives whether the page is up to date; with ``all``, what is there already is looked at again.
    const panel = document.getElementById("desk");
    if (looking || !panel) return false;
    looking = true;
    const fields = { action: "show", part: "desk", session: session(), seen: all ? 0 : panel.dataset.seen, page_language: document.documentElement.lang };
    if (field("english")) fields.english = "1";
    const answer = await post("/", fields).catch(() => null);
    const html = answer && answer.ok ? await answer.text().catch(() => "") : "";
    looking = false;
    // Meanwhile the chat may have been erased, or another begun: nothing of it is to come back.
    if (!html || fields.session !== session()) return false;
    const fresh = new DOMParser().parseFromString(html, "text/html");
    if (fresh.querySelector("main") || !fresh.getElementById("desk")) return false;
    const stood = panel.dataset.state;
    const sections = append(fresh);
    const now = document.getElementById("desk");
    setFields("seen", now.dataset.seen);
    if (sections.length) {
      post("/heard", { session: session(), seen: now.dataset.seen }).catch(() => null);
      alive();
      for (const section of sections) announce(section.querySelectorAll(".said, .card h3"));
      const last = sections[sections.length - 1];
      // Not while somebody is in the middle of a sentence.
      const text = document.getElementById("text");
      if (document.activeElement !== text || !text.value) last.scrollIntoView({ block: "center" });
      enhance();
    } else if (stood !== now.dataset.state) announce(now.querySelectorAll(".stands"));
    listen();
    return true;
  }

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    const pressed = event.submitter;
    const goal = new URL((pressed && pressed.getAttribute("formaction")) || form.getAttribute("action"), location.href);
    if (form.id === "leave") {
      event.preventDefault();
      return leave();
    }
    // Right after a reload its chat is still being asked for; what is sent belongs to it all the same, and the whole page comes.
    const known = !session() && history.state && history.state.session;
    if (!("submitter" in event)) {
      // A browser that does not tell which button was pressed sends the form itself.
      if (known) setFields("session", known);
      return;
    }
    if (!chat() || goal.pathname !== "/") return;
    event.preventDefault();
    const data = new URLSearchParams(new FormData(form));
    if (pressed && pressed.name) data.set(pressed.name, pressed.value);
    const asking = data.has("choice") || form.id === "ask";
    const typed = form.id === "ask" && !data.has("choice");
    if (known) data.set("session", known);
    else if (asking) data.set("part", "1");
    const buttons = document.querySelectorAll("main button, footer button");
    for (const button of buttons) button.disabled = true;
    sending = Date.now();
    let html = "";
    try {
      html = await (await post("/", data)).text();
    } catch (error) {
      html = "";
    }
    for (const button of buttons) button.disabled = false;
    const same = { name: pressed && pressed.name, value: pressed && pressed.value };
    // Browsers of some years ended the lines of a form in another way than those of its field.
    if (html && show(html, typed ? data.get("text").replace(/\r\n/g, "\n") : null)) {
      sending = 0;
      return direct(asking, typed, same);
    }
    // The network failed: the browser sends the form itself, under the same id, and says so in its own words.
    if (known) setFields("session", known);
    if (pressed && pressed.name) {
      const hidden = document.createElement("input");
      hidden.type = "hidden";
      hidden.name = pressed.name;
      hidden.value = pressed.value;
      form.append(hidden);
    }
    form.submit();
  });

  document.addEventListener("keydown", (event) => {
    // Enter sends where there is a keyboard with a Shift key for new lines; never while a word is still being composed (229 in Safari).
    if (event.target.id !== "text" || event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    if (matchMedia("(pointer: coarse)").matches) return;
    event.preventDefault();
    document.querySelector("#ask .send").click();
  });

  // ---- Leaving quickly: by the button, or by pressing Shift three times

  function clear() {
    hush();
    document.documentElement.textContent = "";
    document.title = "";
  }

  function tellServer() {
    const fields = new URLSearchParams({ session: session(), message_id: field("message_id") });
    if (navigator.sendBeacon) navigator.sendBeacon("/leave", fields);
    else fetch("/leave", { method: "POST", body: fields, keepalive: true }).catch(() => null);
  }

  function leave() {
    const goal = document.getElementById("leave").dataset.goal;
    tellServer();
    clear();
    if (others) others.postMessage("left");
    (framed ? window.top.location : location).replace(goal);
  }

  // Keys that people press for something else do not count: with Ctrl or Alt Shift changes the keyboard, and so it does alone while
  // Chinese is written.
  const read = () => [document.documentElement.lang, ...(navigator.languages || [])];
  const chinese = (event) => event.target.id === "text" && read().some((language) => /^(zh|yue)/i.test(language));
  const counts = (event) => event.key === "Shift" && !event.ctrlKey && !event.altKey && !event.metaKey && !chinese(event);
  let shifts = [];
  const another = () => (shifts = []);
  document.addEventListener("keydown", (event) => counts(event) || another());
  document.addEventListener("pointerdown", another);
  document.addEventListener("keyup", (event) => {
    if (!counts(event)) return another();
    shifts = shifts.filter((at) => at > Date.now() - 5000).concat(Date.now());
    if (shifts.length > 2) leave();
  });

  // Other tabs of this page go too, each with its own chat.
  const others = window.BroadcastChannel ? new BroadcastChannel("welcome-desk") : null;
  if (others)
    others.onmessage = () => {
      const form = document.getElementById("leave");
      tellServer();
      clear();
      if (form) location.replace(form.dataset.goal);
    };

  // A page that the browser kept for its back button is shown again only while its chat goes on.
  addEventListener("pagehide", () => {
    hush();
    document.documentElement.hidden = true;
  });
  addEventListener("pageshow", async (event) => {
    if (event.persisted && session()) await stay();
    document.documentElement.hidden = false;
  });

  // ---- An idle chat ends, with a warning

  function end() {
    const lang = document.documentElement.lang;
    clear();
    location.replace(`/ended?lang=${lang}`);
  }
  let staying = 0;
  function stay() {
    alive();
    return tellOfStaying(session(), 5000);
  }
  async function tellOfStaying(token, wait) {
    clearTimeout(staying);
    const answer = await post("/stay", { session: token }).catch(() => null);
    if (token !== session()) return;
    if (answer && answer.status === 404) end();
    // Unsaid, the server would end the chat of somebody who is there.
    else if (!answer || answer.status >= 500) staying = setTimeout(tellOfStaying, wait, token, Math.min(wait * 2, 60000));
  }
  function watch() {
    const page = document.querySelector("main[data-idle]");
    if (!page || !session()) return;
    const idle = (Date.now() - active) / 1000;
    if (idle >= page.dataset.idle) end();
    else if (idle >= page.dataset.warn && !warning) {
      const before = document.activeElement;
      warning = document.getElementById("idle").content.cloneNode(true).firstElementChild;
      const [going, ending] = warning.querySelectorAll("button");
      going.onclick = () => {
        stay();
        if (before) before.focus({ preventScroll: true });
      };
      ending.onclick = () => {
        tellServer();
        end();
      };
      document.body.append(warning);
      going.focus({ preventScroll: true });
    }
  }
  setInterval(watch, 1000);
  // Who waits for a person, or reads what one writes, may sit still for longer; but not for ever.
  const QUIET_AT_MOST = 45 * 60000;
  let touched = Date.now();
  for (const kind of ["pointerdown", "keydown", "scroll"]) document.addEventListener(kind, () => (touched = Date.now()), { passive: true });
  setInterval(() => {
    if (["waiting", "with_staff"].includes(deskState()) && Date.now() - touched < QUIET_AT_MOST) stay();
  }, 5 * 60000);
  document.addEventListener("visibilitychange", watch);
  let kept = Date.now();
  document.addEventListener("input", () => {
    // Writing is being there; the server is told once a minute.
    alive();
    if (!session() || active - kept < 60000) return;
    kept = active;
    stay();
  });

  // A reload, or a phone that dropped the tab while its owner made a call, brings an empty page: ask for the chat again.
  async function recall() {
    const known = history.state && history.state.session;
    if (!known || !chat() || session()) return;
    for (let wait = 2000; ; wait = Math.min(wait * 2, 15000)) {
      const fields = { action: "show", session: known, page_language: document.documentElement.lang };
      const answer = await post("/", fields).catch(() => null);
      const html = answer ? await answer.text().catch(() => "") : "";
      // Meanwhile its owner may have left, or gone on.
      if (!chat() || (session() && session() !== known) || document.querySelector("#log > .exchange:not(.passing)")) return;
      if (answer && answer.status === 404) {
        // It is over; nothing else is a reason to forget it.
        setFields("session", "");
        return history.replaceState(null, "");
      }
      // While it is out of reach the server's page, which bears the session, shows numbers: once, since somebody may be typing there.
      if (answer && (answer.ok || (html.includes(known) && !session()))) {
        const typing = document.activeElement === document.getElementById("text");
        const shown = show(html, null);
        const [last, text] = ["last", "text"].map((id) => document.getElementById(id));
        if (typing && text) text.focus({ preventScroll: true });
        else if (last) last.scrollIntoView({ block: "start" });
        if (answer.ok && shown) return;
      }
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }

  // ---- Reading aloud, by a voice of this device only: other voices would send the text away

  const speech = window.speechSynthesis;
  function hush() {
    // A voice goes on reading though its page is gone.
    if (speech) speech.cancel();
  }
  const voiceFor = (lang) => {
    const wanted = lang === "prs" ? "fa" : lang.split("-")[0];
    return speech && speech.getVoices().find((voice) => voice.localService && voice.lang.toLowerCase().split(/[-_]/)[0] === wanted);
  };
  function readAloud(button, reply) {
    speech.cancel();
    const stop = button.getAttribute("aria-pressed") === "true";
    for (const one of document.querySelectorAll(".listen")) one.setAttribute("aria-pressed", "false");
    if (stop) return;
    button.setAttribute("aria-pressed", "true");
    const pieces = Array.from(reply.querySelectorAll(".said, .card h3, .card .call"));
    pieces.forEach((piece, number) => {
      const words = new SpeechSynthesisUtterance(withoutEnglish(piece));
      const voice = voiceFor(piece.closest("[lang]").lang) || voiceFor(reply.lang);
      words.voice = voice;
      words.lang = voice.lang;
      if (number === pieces.length - 1) words.onend = () => button.setAttribute("aria-pressed", "false");
      speech.speak(words);
    });
  }
  function offerReading() {
    const pattern = document.getElementById("listen");
    if (!pattern || !speech) return;
    for (const reply of document.querySelectorAll(".reply, .urgent")) {
      if (reply.querySelector(".listen") || !voiceFor(reply.lang)) continue;
      const button = pattern.content.cloneNode(true).firstElementChild;
      button.onclick = () => readAloud(button, reply);
      reply.querySelector(".said").after(button);
    }
  }
  if (speech && speech.addEventListener) speech.addEventListener("voiceschanged", offerReading);

  // ---- The sheet: print it, or keep it as a picture

  function offerKeeping() {
    const keep = document.getElementById("keep");
    const pattern = document.getElementById("print");
    if (!keep || !pattern || keep.querySelector("button[type=button]")) return;
    const button = pattern.content.cloneNode(true).firstElementChild;
    button.onclick = () => print();
    keep.prepend(button);
    const link = keep.querySelector("a");
    if (!link) return;
    link.onclick = async (event) => {
      // Phones keep a PNG among their pictures; an SVG they do not.
      event.preventDefault();
      const image = new Image();
      image.src = link.getAttribute("href");
      await image.decode();
      const canvas = document.createElement("canvas");
      canvas.width = image.naturalWidth;
      canvas.height = image.naturalHeight;
      canvas.getContext("2d").drawImage(image, 0, 0);
      canvas.toBlob((blob) => {
        const save = document.createElement("a");
        save.href = URL.createObjectURL(blob);
        save.download = "welcome-desk.png";
        save.click();
        setTimeout(() => URL.revokeObjectURL(save.href), 10000);
      });
    };
  }

  // In the council's frame, Escape gives the page back.
  document.addEventListener("keydown", (event) => {
    if (framed && event.key === "Escape" && !event.isComposing) parent.postMessage({ "welcome-desk": "close" }, "*");
  });

  // Its Content-Security-Policy lets no link but ours be followed inside the frame, not even a telephone number.
  document.addEventListener(
    "click",
    (event) => {
      const link = framed && event.target.closest("a[href]");
      if (link && link.origin !== location.origin) link.target = link.protocol.startsWith("http") ? "_blank" : "_top";
    },
    true,
  );

  function enhance() {
    offerReading();
    offerKeeping();
    listen();
  }
  enhance();
  if (chat() && session()) remember();
  recall();
})();
