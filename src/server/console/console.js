// Spares reloading: everything works without it.
"use strict";
(() => {
  const main = () => document.getElementById("main");

  // On a phone the menu is a line: the page that one is on is in sight.
  const here = document.querySelector("nav [aria-current]");
  if (here) here.scrollIntoView({ inline: "center", block: "nearest" });

  // Times go on.
  const spans = [[60, "s", 1], [3600, "min", 60], [172800, "h", 3600], [Infinity, "days", 86400]];
  const ago = () => {
    for (const time of document.querySelectorAll("time[data-ago]")) {
      const gap = (Date.now() - Date.parse(time.dateTime)) / 1000;
      const [, unit, size] = spans.find(([most]) => Math.abs(gap) < most);
      const text = `${Math.floor(Math.abs(gap) / size)} ${unit}`;
      const told = Math.abs(gap) < 5 ? "now" : gap < 0 ? `in ${text}` : `${text} ago`;
      if (time.textContent !== told) time.textContent = told;
    }
  };

  // One box ticks all of a name.
  document.addEventListener("change", (event) => {
    const all = event.target;
    if (!all.dataset || !all.dataset.all) return;
    for (const one of document.getElementsByName(all.dataset.all)) one.checked = all.checked;
  });

  // What somebody has begun here is not taken from under their hands.
  const busy = () => {
    const at = document.activeElement;
    if (at && main().contains(at) && at.matches("input, select, textarea")) return true;
    if (main().querySelector("input:checked")) return true;
    const chosen = getSelection();
    return chosen && !chosen.isCollapsed && main().contains(chosen.anchorNode);
  };

  const parts = (root, what) => [...root.querySelectorAll(what)];

  // The page as it is now, in place of the page as it was; what was unfolded stays so, and so does the focus.
  const show = (fresh) => {
    const old = main();
    const open = parts(old, "details").map((one) => one.open);
    const focus = parts(old, "a, button, summary, [tabindex]").indexOf(document.activeElement);
    const same = parts(fresh, "details").length === open.length;
    if (same) parts(fresh, "details").forEach((one, at) => { one.open = open[at]; });
    old.replaceChildren(...fresh.childNodes);
    if (focus >= 0) {
      const there = parts(old, "a, button, summary, [tabindex]")[focus];
      if (there) there.focus({ preventScroll: true });
    }
    ago();
  };

  let wanted = false;
  let asking = false;
  const renew = async () => {
    if (asking || !wanted || document.hidden || busy()) return;
    [asking, wanted] = [true, false];
    try {
      const answer = await fetch(location.href, { credentials: "same-origin", cache: "no-store" });
      if (answer.redirected) return location.reload();
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("main");
      if (fresh && !busy()) show(fresh);
    } catch {
      // The next news tries again.
    } finally {
      asking = false;
    }
  };

  if (main() && main().hasAttribute("data-live") && window.EventSource) {
    const news = new EventSource("/console/live");
    news.addEventListener("changed", () => { wanted = true; renew(); });
    // What happened while nobody listened is not told again.
    let opened = false;
    news.addEventListener("open", () => { if (opened) { wanted = true; renew(); } opened = true; });
    document.addEventListener("visibilitychange", renew);
    addEventListener("pagehide", () => news.close());
    setInterval(renew, 2000);
  }
  // What comes of an edited rule is shown while it is written.
  for (const form of document.querySelectorAll("form[data-try]")) {
    let due;
    let asked = 0;
    const ask = async () => {
      const mine = ++asked;
      const result = document.getElementById(form.dataset.try);
      result.setAttribute("aria-busy", "true");
      try {
        const body = new URLSearchParams(new FormData(form));
        const answer = await fetch(form.action, { method: "POST", body, credentials: "same-origin" });
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const fresh = page.getElementById(form.dataset.try) || page.getElementById("main");
        if (mine === asked && fresh) result.replaceChildren(...fresh.childNodes);
      } catch {
        // The next key tries again.
      } finally {
        if (mine === asked) result.removeAttribute("aria-busy");
      }
    };
    form.addEventListener("input", () => { clearTimeout(due); due = setTimeout(ask, 500); });
    form.addEventListener("submit", (event) => { event.preventDefault(); clearTimeout(due); ask(); });
    // A tab is a tab's width of spaces in a rule; Escape gives the key back to moving on.
    for (const text of form.querySelectorAll("textarea.code")) {
      let moves = false;
      text.addEventListener("keydown", (event) => {
        if (event.key === "Escape") { moves = true; return; }
        if (event.key !== "Tab" || event.shiftKey || moves) { if (event.key !== "Shift") moves = false; return; }
        event.preventDefault();
        text.setRangeText("  ", text.selectionStart, text.selectionEnd, "end");
        text.dispatchEvent(new Event("input", { bubbles: true }));
      });
    }
    if (form.querySelector("[name=run]").value) ask();
  }
  setInterval(ago, 15000);
})();
