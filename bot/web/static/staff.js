// Makes staff's pages live: the queue and a chat write themselves anew, with a sound and a count in the title. They work without it.
"use strict";
(() => {
  const main = document.querySelector("main");
  const page = main.dataset.page;
  let base = document.title;
  const told = document.getElementById("told");
  let signedOut = false;

  // Whoever follows a link or sends a form leaves this page, which must not load itself again meanwhile: that would call it off.
  let left = 0;
  let sent = 0;
  const isRecent = (moment) => Date.now() - moment < 30000;
  const isLeaving = () => isRecent(left);
  addEventListener("beforeunload", () => (left = Date.now()));
  // Browsers of iPhones and iPads do not tell of the first.
  addEventListener("submit", (event) => event.defaultPrevented || (left = sent = Date.now()));

  function signIn() {
    signedOut = true;
    // Who is just signing out is on their way to a page that says more.
    if (isLeaving()) setTimeout(signIn, 5000);
    else location.assign("/staff/sign-in");
  }

  async function fragment(address, options) {
    const answer = await fetch(address, Object.assign({ headers: { "X-Part": "1" } }, options));
    if (answer.status === 401 || answer.redirected) {
      signIn();
      throw new Error("signed out");
    }
    // While the database or a front door is away the answer is a whole page about that.
    if (answer.status >= 500) throw new Error("away");
    return answer;
  }

  function put(id, html) {
    // Puts a piece in the place of the old one; what was opened stays open, and the keyboard on what it was on.
    const old = document.getElementById(id);
    const fresh = new DOMParser().parseFromString(html, "text/html").getElementById(id);
    if (!old || !fresh) return false;
    const buttons = () => Array.from(document.getElementById(id).querySelectorAll("button, a, summary, [tabindex]"));
    const at = buttons().indexOf(document.activeElement);
    const opened = Array.from(old.querySelectorAll("details"), (one) => one.open);
    fresh.querySelectorAll("details").forEach((one, number) => (one.open = Boolean(opened[number])));
    old.replaceWith(document.adoptNode(fresh));
    if (at >= 0 && buttons()[at]) buttons()[at].focus();
    return true;
  }

  // ---- The stream: how many wait, whether anything urgent came, and marks that say what to load again

  const mute = document.getElementById("mute");
  let sound = null;
  let before = null;
  let active = Date.now();
  if (mute) {
    mute.hidden = false;
    const show = () => mute.setAttribute("aria-pressed", String(sessionStorage.getItem("mute") === "1"));
    mute.onclick = () => {
      sessionStorage.setItem("mute", sessionStorage.getItem("mute") === "1" ? "0" : "1");
      show();
    };
    show();
  }
  function ring(times) {
    if (sessionStorage.getItem("mute") === "1" || !window.AudioContext) return;
    if (!sound) return;
    for (let n = 0; n < times; n++) {
      const tone = sound.createOscillator();
      const volume = sound.createGain();
      const start = sound.currentTime + n * 0.35;
      tone.frequency.value = times > 1 ? 880 : 660;
      volume.gain.setValueAtTime(0.15, start);
      volume.gain.exponentialRampToValueAtTime(0.001, start + 0.3);
      tone.connect(volume).connect(sound.destination);
      tone.start(start);
      tone.stop(start + 0.3);
    }
  }

  // Browsers let a page sound only after somebody has done something in it.
  for (const kind of ["pointerdown", "keydown"])
    document.addEventListener(kind, () => {
      active = Date.now();
      if (!sound && window.AudioContext) sound = new AudioContext();
      if (sound && sound.state === "suspended") sound.resume();
    });

  // That somebody is here is said by the page itself, and that they do something in it.
  let told_active = 0;
  async function beat() {
    const fields = { csrf: main.dataset.csrf };
    if (active > told_active) fields.active = "1";
    const sent = active;
    const answer = await fragment("/staff/beat", { method: "POST", body: new URLSearchParams(fields) }).catch(() => null);
    if (answer && answer.ok) told_active = sent;
  }
  if ("live" in main.dataset) {
    beat();
    setInterval(beat, 15000);
    document.querySelector("#idle button").onclick = beat;
  }

  function changed(now) {
    const count = document.getElementById("count");
    if (count) {
      count.hidden = !now.waiting;
      count.textContent = now.waiting || "";
    }
    document.title = now.waiting ? `(${now.waiting}) ${base}` : base;
    const urgent = before && now.urgent > before.urgent;
    if (urgent) ring(3);
    else if (before && now.waiting > before.waiting) ring(1);
    document.getElementById("idle").hidden = !now.idle;
    const notices = document.getElementById("notices");
    if (before ? now.notices !== before.notices : now.notices || notices.textContent.trim()) notices.innerHTML = now.notices;
    before = now;
    if (!loading) load(1000);
  }
  let loading = false;
  let again = 0;
  let queue = "";
  async function load(wait) {
    // The page is brought up to the marks that the stream told last, one look at a time: again for what is told meanwhile.
    loading = true;
    clearTimeout(again);
    try {
      for (let now = null; now !== before; ) {
        now = before;
        const talk = document.getElementById("talk");
        if (page === "queue" && now.queue !== queue) {
          await lookAtQueue();
          queue = now.queue;
        } else if (page === "chat" && talk && (now.chats[main.dataset.chat] || "gone") !== talk.dataset.mark) await look();
      }
    } catch (error) {
      // Nothing else may be told for long: a look that failed is made again, ever later.
      if (!signedOut) again = setTimeout(load, wait, Math.min(wait * 2, 15000));
    } finally {
      loading = false;
    }
  }
  // Where a link or a button leads to: the same in the next writing of the queue.
  const address = (one) => one.getAttribute("href") || (one.form ? `${one.form.getAttribute("action")} ${one.value}` : "");
  async function lookAtQueue() {
    const answer = await fragment("/staff/queue?part=1");
    if (!answer.ok) throw new Error("refused");
    const html = await answer.text();
    const lines = document.getElementById("queue");
    const at = lines.contains(document.activeElement) ? address(document.activeElement) : "";
    lines.innerHTML = html;
    const same = at && Array.from(lines.querySelectorAll("a, button")).find((one) => address(one) === at);
    if (same) same.focus();
  }
  async function look() {
    // What was sent may give the chat away: the next page says so.
    if (isRecent(sent)) throw new Error("leaving");
    const answer = await fragment(`/staff/chat/${main.dataset.chat}?part=1`);
    const html = await answer.text();
    // Whoever reads what was said earlier goes on reading.
    const list = document.querySelector(".talk");
    const from = list && list.scrollHeight - list.clientHeight - list.scrollTop > 40 ? list.scrollTop : Infinity;
    if (put("talk", html)) {
      catchUp();
      end(from);
    } else if (isLeaving()) throw new Error("leaving");
    else lost(html);
  }
  function lost(html) {
    // The chat is not this page's any more. What was typed stays, to be sent or copied: loading the page again would empty the fields.
    if (isLeaving()) return;
    const fresh = new DOMParser().parseFromString(html, "text/html");
    const text = document.getElementById("text");
    const standing = fresh.getElementById("not-yours");
    const records = Array.from(document.querySelectorAll("#note, #done")).filter((one) => one.value.trim());
    if (!standing || !text || !(text.value.trim() || records.length)) return location.reload();
    const typing = document.activeElement === text;
    const typed = standing.querySelector("textarea");
    if (typed) {
      typed.value = text.value;
      typed.parentElement.hidden = !text.value.trim();
    }
    for (const one of records) {
      one.readOnly = true;
      standing.append(...one.labels, one);
    }
    document.title = base = fresh.title;
    document.querySelector("h1").textContent = fresh.querySelector("h1").textContent;
    document.querySelector(".columns").replaceWith(document.adoptNode(standing));
    if (typing && typed) typed.focus();
  }
  function catchUp() {
    // Every form goes under the next id, and knows how many of the visitor's messages are shown.
    const { messageId, heard } = document.getElementById("talk").dataset;
    for (const one of document.querySelectorAll("input[name=message_id]")) one.value = messageId;
    for (const one of document.querySelectorAll("input[name=heard]")) one.value = heard;
  }
  function end(from = Infinity) {
    const list = document.querySelector(".talk");
    const last = list && list.querySelector("li:last-child");
    if (!last) return;
    list.scrollTop = Math.min(from, list.scrollHeight);
    if (last.classList.contains("visitor")) told.textContent = last.textContent;
  }

  if ("live" in main.dataset) {
    const offline = document.getElementById("offline");
    let stream = null;
    const hear = () => {
      stream = new EventSource("/staff/events");
      stream.addEventListener("desk", (event) => {
        offline.hidden = true;
        changed(JSON.parse(event.data));
      });
      stream.addEventListener("ended", signIn);
      stream.onerror = () => {
        offline.hidden = false;
        // A browser gives up where it is answered with an error; a server that starts again does so for a moment. Nothing that is typed or
        // shown here is given up for that.
        if (stream.readyState === EventSource.CLOSED && !signedOut) setTimeout(hear, 5000);
      };
    };
    hear();
    addEventListener("pagehide", () => stream.close());
  }

  // ---- A chat: sending without loading the page again

  const read = document.querySelector(".talk");
  if (read) read.scrollTop = read.scrollHeight;

  let wrote = 0;
  document.addEventListener("input", (event) => {
    if (event.target.id !== "text" || Date.now() - wrote < 3000) return;
    wrote = Date.now();
    const fields = new URLSearchParams({ csrf: event.target.form.elements.csrf.value, do: "writing" });
    fetch(`/staff/chat/${main.dataset.chat}`, { method: "POST", body: fields }).catch(() => {});
  });
  document.addEventListener("keydown", (event) => {
    if (event.target.id !== "text" || event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    event.target.form.querySelector("button").click();
  });
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    const pressed = event.submitter;
    const sends = form.id === "write" || form.classList.contains("says");
    if (!pressed || (!sends && !form.classList.contains("report"))) return;
    event.preventDefault();
    const data = new URLSearchParams(new FormData(form));
    if (pressed.name) data.set(pressed.name, pressed.value);
    pressed.disabled = true;
    let answer;
    try {
      answer = await fragment(form.getAttribute("action"), { method: "POST", body: data });
    } catch (error) {
      // Not sent, as far as this page knows: it stays typed, and goes under the same id the next time.
      pressed.disabled = false;
      document.getElementById("offline").hidden = false;
      return;
    }
    pressed.disabled = false;
    if (form.classList.contains("report")) {
      if (!answer.ok) return void (document.getElementById("offline").hidden = false);
      form.replaceWith(form.dataset.done);
      told.textContent = form.dataset.done;
      return;
    }
    const text = form.elements.text;
    const html = await answer.text();
    if (!put("talk", html)) return lost(html);
    catchUp();
    if (answer.ok) {
      // What was typed while it was being sent stays.
      if (form.id === "write" && text.value === data.get("text").replace(/\r\n/g, "\n")) text.value = "";
      end();
    } else {
      end();
      document.getElementById("error").scrollIntoView({ block: "center" });
    }
  });

  const filter = document.getElementById("phrase-filter");
  if (filter) {
    filter.hidden = false;
    document.querySelector("label[for=phrase-filter]").hidden = false;
    filter.addEventListener("input", () => {
      const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const group of document.querySelectorAll(".phrases")) {
        let any = false;
        for (const one of group.querySelectorAll("button[name=phrase], .filled")) {
          const fits = words.every((word) => one.textContent.toLowerCase().includes(word));
          one.hidden = !fits;
          any = any || fits;
        }
        group.hidden = !any;
        if (words.length) group.open = any;
      }
    });
  }

  // ---- Looking up while typing

  const asking = document.getElementById("look-up");
  if (asking) {
    // The language for paper is chosen below the results, which are written anew with each search.
    document.getElementById("results").addEventListener("change", (event) => {
      if (event.target.id === "sheet_language") asking.elements.sheet_language.value = event.target.value;
    });
    let number = 0;
    let timer = 0;
    const look = async () => {
      const mine = ++number;
      const results = document.getElementById("results");
      results.setAttribute("aria-busy", "true");
      try {
        const html = await (await fragment("/staff", { method: "POST", body: new URLSearchParams(new FormData(asking)) })).text();
        if (mine === number) results.innerHTML = html;
      } catch (error) {
        return;
      } finally {
        if (mine === number) results.setAttribute("aria-busy", "false");
      }
    };
    asking.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(look, 250);
    });
    asking.addEventListener("submit", (event) => {
      event.preventDefault();
      clearTimeout(timer);
      look();
    });
  }
})();
