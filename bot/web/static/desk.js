// Makes the page smoother where scripts run: a message is sent without loading the whole page again.
// Everything works without it.
"use strict";
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.getAttribute("action") !== "/" || !window.fetch || !window.DOMParser) return;
  event.preventDefault();
  const data = new URLSearchParams(new FormData(form));
  const pressed = event.submitter;
  if (pressed && pressed.name) data.set(pressed.name, pressed.value);
  for (const button of document.querySelectorAll("button")) button.disabled = true;
  try {
    const response = await fetch("/", { method: "POST", body: data });
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    const root = document.documentElement;
    root.lang = fresh.documentElement.lang;
    root.dir = fresh.documentElement.dir;
    document.querySelector("header").replaceWith(fresh.querySelector("header"));
    const log = document.getElementById("log");
    const freshLog = fresh.getElementById("log");
    const known = log.children.length;
    const main = fresh.querySelector("main");
    document.querySelector("main").replaceWith(main);
    const last = freshLog.children[Math.min(known, freshLog.children.length - 1)] || main;
    const field = document.getElementById("text");
    if (document.getElementById("error")) field.focus();
    else {
      last.tabIndex = -1;
      last.focus({ preventScroll: true });
      last.scrollIntoView({ block: "start" });
    }
  } catch {
    form.submit();
  }
});
