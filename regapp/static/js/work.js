// Makes the small calculation that keeps robots out, while the form is being filled in. The form waits for it when it is
// sent earlier. Where it cannot be made, the form says so and goes without it.
(() => {
  "use strict";
  const box = document.querySelector(".work");
  const form = box.closest("form");
  const said = box.querySelector("[role=status]");
  const challenge = JSON.parse(box.dataset.challenge);
  const workers = [];
  let settled = false;
  let pressed = false;

  const settle = (name, value, words) => {
    if (settled) return;
    settled = true;
    for (const worker of workers) worker.terminate();
    const field = document.createElement("input");
    field.type = "hidden";
    field.name = name;
    field.value = value;
    form.append(field);
    said.textContent = words;
    if (pressed) form.submit();
  };

  const fail = () => settle("without_work", "yes", box.dataset.failed);

  const hear = ({ data }) => {
    if (!data || data.error) fail();
    else settle("altcha", btoa(JSON.stringify({ challenge, solution: data })), box.dataset.done);
  };

  form.addEventListener("submit", (event) => {
    if (settled) return;
    event.preventDefault();
    pressed = true;
    said.textContent = box.dataset.pressed;
  });

  said.textContent = box.dataset.working;
  const count = Math.min(4, navigator.hardwareConcurrency || 1);
  try {
    for (let number = 0; number < count; number++) {
      const worker = new Worker(box.dataset.worker);
      workers.push(worker);
      worker.onmessage = hear;
      worker.onerror = fail;
      worker.postMessage({ type: "work", challenge, counterStart: number, counterStep: count });
    }
  } catch {
    fail();
  }
})();
