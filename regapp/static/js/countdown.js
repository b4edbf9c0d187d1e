// Counts down to the opening by the server's clock, and shows the open page when the moment has come.
(() => {
  "use strict";
  const shown = document.querySelector(".countdown");
  const until = Date.parse(shown.dataset.until);
  const words = [[86400, "days"], [3600, "hours"], [60, "minutes"], [1, "seconds"]];
  let ahead = 0; // of the server's clock, in milliseconds

  // The page itself says what time it was; browsers show that over HTTPS only. Elsewhere the server is asked, to the second.
  const compare = async () => {
    const timing = performance.getEntriesByType("navigation")[0]?.serverTiming?.find((entry) => entry.name === "now");
    if (timing) return Number(timing.description) * 1000 - performance.timeOrigin;
    const asked = Date.now();
    const answer = await fetch(location.href, { method: "HEAD", cache: "no-store" });
    const date = Date.parse(answer.headers.get("Date"));
    return Number.isNaN(date) ? 0 : date + 500 - (asked + Date.now()) / 2;
  };

  const left = () => Math.ceil((until - Date.now() - ahead) / 1000);

  const show = (seconds) => {
    let rest = seconds;
    const parts = [];
    for (const [size, name] of words) {
      const count = Math.floor(rest / size);
      rest -= count * size;
      if (count || parts.length || name === "seconds") parts.push(`${count} ${shown.dataset[name]}`);
    }
    shown.textContent = parts.slice(0, 3).join(" ");
  };

  const tick = () => {
    const seconds = left();
    if (seconds <= 0) {
      // Not everybody in the same instant; again a little later if a cache still has the old page.
      setTimeout(() => location.reload(), 200 + Math.random() * 1800);
      return;
    }
    show(seconds);
    setTimeout(tick, 1000);
  };

  const start = (difference) => {
    ahead = difference;
    shown.hidden = false;
    tick();
  };

  compare().then(start, () => start(0));
})();
