// Shows how far work is, and its outcome, without loading the page anew. Without it the page has a link, and looks again now and then.
"use strict";
(() => {
  const EVERY = 2000;
  const work = document.getElementById("work");
  const told = document.getElementById("told");

  async function look() {
    let answer, page;
    try {
      answer = await fetch(location.pathname, { headers: { "X-Part": "1" } });
      page = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("work");
    } catch {
      return void setTimeout(look, EVERY); // The next look may reach it.
    }
    if (answer.redirected) return void location.assign(answer.url); // Signed out.
    if (!page) return void (answer.ok || answer.status >= 500 ? setTimeout(look, EVERY) : location.reload());
    const state = page.querySelector("[role=status]").textContent;
    if (page.hasAttribute("data-working")) {
      // A region is read out when it changes: it is touched only then, and how far the work is goes without a word.
      const shown = work.querySelector("[role=status]");
      if (shown.textContent !== state) shown.textContent = state;
      work.querySelector(".far")?.replaceChildren(...(page.querySelector(".far")?.childNodes ?? []));
      setTimeout(look, EVERY);
      return;
    }
    work.removeAttribute("data-working");
    work.replaceChildren(...page.childNodes);
    told.textContent = state;
  }
  setTimeout(look, EVERY);
})();
