// Makes the page smoother where scripts run; everything works without it. Keeps nothing: no cookie, no storage.
"use strict";
(() => {
  const chat = () => document.querySelector("main[data-chat]");
  const session = () => document.querySelector("input[name=session]")?.value || "";
  const framed = window.top !== window;
  let active = Date.now();

  // ---- Sending without loading the whole page again

  function adopt(section, form) {
    // The new part of the conversation goes below the old one; what could be pressed before no longer can.
    const log = document.getElementById("log");
    for (const old of log.querySelectorAll(".choices")) old.remove();
    document.getElementById("last")?.removeAttribute("id");
    log.append(section);
    document.title = section.dataset.title;
    chat().classList.add("started");
    for (const list of document.querySelectorAll(".languages, .topics")) list.open = false;
    for (const [name, value] of [["session", section.dataset.session], ["message_id", section.dataset.messageId]])
      for (const field of document.querySelectorAll(`input[name=${name}]`)) field.value = value;
    document.getElementById("error")?.remove();
    const text = document.getElementById("text");
    text.removeAttribute("aria-invalid");
    if (form.id === "ask" && !form.pressedChoice) text.value = "";
  }

  function replacePage(fresh) {
    document.title = fresh.title;
    const root = document.documentElement;
    root.lang = fresh.documentElement.lang;
    root.dir = fresh.documentElement.dir;
    document.body.replaceWith(document.adoptNode(fresh.body));
  }

  function announce(section) {
    // One polite region is told the answer, each piece in its own language; the log itself is not live.
    const region = document.getElementById("announced");
    region.replaceChildren();
    for (const piece of section.querySelectorAll(".said, .card h3")) {
      const line = document.createElement("p");
      const own = piece.closest("[lang]");
      line.lang = own.lang;
      line.dir = own.dir;
      line.textContent = piece.textContent;
      region.append(line);
    }
  }

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    const pressed = event.submitter;
    const goal = new URL(pressed?.getAttribute("formaction") || form.getAttribute("action"), location.href);
    if (form.id === "leave" || goal.pathname === "/leave") {
      event.preventDefault();
      return leave();
    }
    if (!chat() || goal.pathname !== "/" || !window.fetch || !window.DOMParser) return;
    event.preventDefault();
    const data = new URLSearchParams(new FormData(form));
    if (pressed?.name) data.set(pressed.name, pressed.value);
    const asking = data.has("choice") || (form.id === "ask" && !data.has("action"));
    if (asking) data.set("part", "1");
    form.pressedChoice = data.has("choice");
    for (const button of document.querySelectorAll("main button, footer button")) button.disabled = true;
    try {
      const response = await fetch("/", { method: "POST", body: data });
      const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
      active = Date.now();
      const whole = fresh.querySelector("main");
      const section = whole ? null : fresh.querySelector(".exchange");
      const focusName = pressed?.name, focusValue = pressed?.value;
      if (whole) replacePage(fresh);
      else adopt(document.adoptNode(section), form);
      for (const button of document.querySelectorAll("button")) button.disabled = false;
      enhance();
      const last = document.getElementById("last");
      const field = document.getElementById("text");
      if (document.getElementById("error")) field.focus();
      else if (asking && last) {
        announce(last);
        const asked = last.querySelector(".asked") || last;
        if (form.id !== "ask" || form.pressedChoice || matchMedia("(pointer: coarse)").matches) {
          // What was pressed is gone, or a keyboard covers the answer.
          asked.tabIndex = -1;
          asked.focus({ preventScroll: true });
        } else field.focus({ preventScroll: true });
        asked.scrollIntoView({ block: "start" });
      } else {
        // A button of the same purpose, or the top of the page.
        const same = [...document.querySelectorAll("button")].find((b) => b.name === focusName && (b.value === focusValue || focusName === "english"));
        if (same && same.offsetParent) same.focus({ preventScroll: true });
        else {
          const heading = document.querySelector("h1");
          heading.tabIndex = -1;
          heading.focus();
        }
      }
    } catch {
      // The network failed: the browser sends the form itself and says so in its own words.
      for (const button of document.querySelectorAll("button")) button.disabled = false;
      if (pressed?.name) {
        const field = document.createElement("input");
        field.type = "hidden";
        field.name = pressed.name;
        field.value = pressed.value;
        form.append(field);
      }
      form.submit();
    }
  });

  document.addEventListener("keydown", (event) => {
    // Enter sends where there is a keyboard with a Shift key for new lines; never while a word is still being composed.
    if (event.target.id !== "text" || event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    if (matchMedia("(pointer: coarse)").matches) return;
    event.preventDefault();
    document.querySelector("#ask .send").click();
  });

  // ---- Leaving quickly: by the button, or by pressing Shift three times

  function leave() {
    const token = session();
    const goal = document.getElementById("leave").dataset.goal;
    document.documentElement.replaceChildren();
    navigator.sendBeacon("/leave", new URLSearchParams({ session: token }));
    tell("left");
    const gone = framed ? window.top.location : location;
    gone.replace(goal);
  }

  // Whoever writes Chinese presses Shift to change the keyboard, so while writing it does not count.
  const counts = (event) => event.key === "Shift" && !(event.target.id === "text" && document.documentElement.lang.startsWith("zh"));
  let shifts = [];
  document.addEventListener("keydown", (event) => {
    if (!counts(event)) shifts = [];
  });
  document.addEventListener("keyup", (event) => {
    if (!counts(event)) return;
    shifts = [...shifts.filter((at) => at > Date.now() - 5000), Date.now()];
    if (shifts.length > 2) leave();
  });

  // Other tabs of this page go too.
  const others = window.BroadcastChannel ? new BroadcastChannel("welcome-desk") : null;
  function tell(word) {
    others?.postMessage(word);
  }
  if (others)
    others.onmessage = (event) => {
      if (event.data !== "left") return;
      const goal = document.getElementById("leave")?.dataset.goal;
      document.documentElement.replaceChildren();
      if (goal) location.replace(goal);
    };

  // A page that the browser kept for its back button is shown again only while its chat goes on.
  addEventListener("pagehide", () => {
    document.documentElement.hidden = true;
  });
  addEventListener("pageshow", async (event) => {
    if (event.persisted && session()) await stay();
    document.documentElement.hidden = false;
  });

  // ---- An idle chat ends, with a warning

  let warning = null;
  function end() {
    const lang = document.documentElement.lang;
    document.documentElement.replaceChildren();
    location.replace(`/ended?lang=${lang}`);
  }
  async function stay() {
    active = Date.now();
    warning?.remove();
    warning = null;
    const answer = await fetch("/stay", { method: "POST", body: new URLSearchParams({ session: session() }) }).catch(() => null);
    if (answer && answer.status === 404) end();
  }
  function watch() {
    const page = chat();
    if (!page || !session()) return;
    const idle = (Date.now() - active) / 1000;
    if (idle >= page.dataset.idle * 60) end();
    else if (idle >= page.dataset.warn && !warning) {
      const before = document.activeElement;
      warning = document.getElementById("idle").content.cloneNode(true).firstElementChild;
      const [going, ending] = warning.querySelectorAll("button");
      going.onclick = () => stay().then(() => before?.focus?.({ preventScroll: true }));
      ending.onclick = leave;
      document.body.append(warning);
      going.focus({ preventScroll: true });
    }
  }
  setInterval(watch, 1000);
  document.addEventListener("visibilitychange", watch);
  let kept = Date.now();
  document.addEventListener("input", () => {
    // Writing is being there.
    active = Date.now();
    if (!chat() || !session() || active - kept < 60000) return;
    kept = active;
    stay();
  });

  // ---- Reading aloud, by a voice of this device only: other voices would send the text away

  const speech = window.speechSynthesis;
  const voiceFor = (lang) => {
    const wanted = lang === "prs" ? "fa" : lang.split("-")[0];
    return speech?.getVoices().find((voice) => voice.localService && voice.lang.toLowerCase().split(/[-_]/)[0] === wanted);
  };
  function readAloud(button, reply) {
    speech.cancel();
    for (const other of document.querySelectorAll(".listen")) other.setAttribute("aria-pressed", "false");
    if (button.reading) {
      button.reading = false;
      return;
    }
    button.reading = true;
    button.setAttribute("aria-pressed", "true");
    const pieces = [...reply.querySelectorAll(".said, .card h3, .card .call")];
    pieces.forEach((piece, number) => {
      const words = new SpeechSynthesisUtterance([...piece.childNodes].filter((n) => n.className !== "en").map((n) => n.textContent).join(" "));
      const voice = voiceFor(piece.closest("[lang]").lang) || voiceFor(reply.lang);
      words.voice = voice;
      words.lang = voice.lang;
      if (number === pieces.length - 1)
        words.onend = () => {
          button.reading = false;
          button.setAttribute("aria-pressed", "false");
        };
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
  speech?.addEventListener?.("voiceschanged", offerReading);

  // ---- The sheet: print it, or keep it as a picture

  function offerKeeping() {
    const keep = document.getElementById("keep");
    const pattern = document.getElementById("print");
    if (!keep || !pattern || keep.querySelector("button")) return;
    const button = pattern.content.cloneNode(true).firstElementChild;
    button.onclick = () => print();
    keep.prepend(button);
    const link = keep.querySelector("a");
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
      const link = framed && event.target.closest?.("a[href]");
      if (link && link.origin !== location.origin) link.target = link.protocol.startsWith("http") ? "_blank" : "_top";
    },
    true,
  );

  function enhance() {
    offerReading();
    offerKeeping();
  }
  enhance();
})();
