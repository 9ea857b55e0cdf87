// Spares reloading: everything works without it.
"use strict";
(() => {
  const spans = [[60, "s", 1], [3600, "min", 60], [172800, "h", 3600], [Infinity, "days", 86400]];
  const ago = () => {
    for (const time of document.querySelectorAll("time[data-ago]")) {
      const gap = (Date.now() - Date.parse(time.dateTime)) / 1000;
      const [, unit, size] = spans.find(([most]) => Math.abs(gap) < most);
      const text = `${Math.floor(Math.abs(gap) / size)} ${unit}`;
      time.textContent = Math.abs(gap) < 5 ? "now" : gap < 0 ? `in ${text}` : `${text} ago`;
    }
  };
  const ready = () => {
    for (const all of document.querySelectorAll("input[data-all]")) {
      all.addEventListener("change", () => {
        for (const one of document.getElementsByName(all.dataset.all)) one.checked = all.checked;
      });
    }
  };
  ready();
  setInterval(ago, 15000);
})();
