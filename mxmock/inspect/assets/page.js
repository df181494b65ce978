// Keys, and news without a reload. The page can be read without it.
"use strict";

// What changes as mail comes is fetched again and put in place; where the focus was, it stays. What somebody has opened to
// read stays as it is until it is closed.
async function refresh() {
  const old = document.querySelector("[data-live]");
  if (!old || document.querySelector("details[open] pre")) return;
  const response = await fetch(location.href);
  if (!response.ok) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html").querySelector("[data-live]");
  if (!fresh || fresh.innerHTML === old.innerHTML) return;
  const focused = old.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  old.replaceWith(document.adoptNode(fresh));
  if (focused) fresh.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
}

if (document.querySelector("[data-live]")) {
  const source = new EventSource("/events");
  const live = document.getElementById("live");
  source.addEventListener("open", () => { live.textContent = "Live"; live.classList.remove("gone"); });
  source.addEventListener("error", () => { live.textContent = "The server is gone"; live.classList.add("gone"); });
  document.addEventListener("toggle", (event) => { if (!event.target.open) refresh(); }, true);
  let running = false, again = false;
  source.addEventListener("change", async () => {
    again = true;
    while (again && !running) {
      again = false;
      running = true;
      try { await refresh(); } finally { running = false; }
    }
  });
}

document.addEventListener("submit", (event) => {
  const question = event.target.dataset.confirm;
  if (question && !confirm(question)) event.preventDefault();
});

// move focuses the link of the row that is so many rows further.
function move(step) {
  const links = [...document.querySelectorAll(".list tbody a")];
  const at = links.indexOf(document.activeElement);
  const next = at < 0 ? (step > 0 ? 0 : links.length - 1) : at + step;
  links[Math.min(Math.max(next, 0), links.length - 1)]?.focus();
}

// search focuses the search field; what is typed takes the place of the last search.
function search() {
  const field = document.getElementById("q");
  field.focus();
  field.select();
}

async function remove() {
  const row = document.activeElement.closest("tr[data-id]");
  if (!row) return;
  const next = row.nextElementSibling ?? row.previousElementSibling;
  const response = await fetch("/api/messages/" + row.dataset.id, { method: "DELETE" });
  if (!response.ok) return;
  next?.querySelector("a")?.focus();
  await refresh();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches("input, textarea")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const own = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  const tab = document.querySelectorAll(".tabs a")[Number(event.key) - 1];
  switch (true) {
    case own instanceof HTMLFormElement: own.requestSubmit(); break;
    case own !== null: own.click(); break;
    case tab !== undefined: tab.click(); break;
    case event.key === "/": search(); break;
    case event.key === "j": move(1); break;
    case event.key === "k": move(-1); break;
    case event.key === "d": remove(); break;
    default: return;
  }
  event.preventDefault();
});
