// Says beside a field, as it is typed, what would be right in it: by the same rules as saving; sends it once. Forms work without it.
"use strict";
(() => {
  const form = document.getElementById("record");
  const told = document.getElementById("told");
  // Pressed twice, it would be saved twice.
  let sent = 0;
  form.addEventListener("submit", (event) => {
    if (Date.now() - sent < 5000) event.preventDefault();
    else sent = Date.now();
  });
  addEventListener("pageshow", () => (sent = 0));
  form.addEventListener("change", async (event) => {
    const input = event.target;
    if (!input.dataset.check) return;
    const body = new URLSearchParams({ csrf: form.elements.csrf.value, field: input.dataset.check, value: input.value });
    let want;
    try {
      const answer = await fetch("/officer/check", { method: "POST", body });
      if (!answer.ok) return;
      want = (await answer.json()).want.join(" ");
    } catch {
      return; // Saving checks it again.
    }
    const how = document.getElementById(`${input.id}-how`);
    for (const old of how.querySelectorAll(".error")) old.remove();
    input.toggleAttribute("aria-invalid", false);
    if (!want) return;
    const error = document.createElement("span");
    error.className = "error";
    error.textContent = ` ${want}`;
    how.append(error);
    input.setAttribute("aria-invalid", "true");
    told.textContent = want;
  });
})();
