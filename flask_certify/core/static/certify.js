// Everything works without this file. It keeps a progress page up to date, and opens a question as a pop-up.
"use strict";

// ---- progress: <section data-cf-progress="URL of the JSON"> ----------------------------------------------------
const live = document.querySelector("[data-cf-progress]");

async function look(pause) {
  try {
    const answer = await fetch(live.dataset.cfProgress, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(answer.status);
    const now = await answer.json();
    if (now.is_over || (live.dataset.cfState && live.dataset.cfState !== now.state)) return location.reload();
    show(now);
    pause = 1000;
  } catch (away) {
    pause = Math.min(pause * 2, 30000);
  }
  setTimeout(look, pause, pause);
}

function show(now) {
  const bar = live.querySelector("progress");
  if (now.total) {
    bar.max = now.total;
    bar.value = now.done;
  }
  const line = live.querySelector("[data-cf-line]");
  if (line.textContent !== now.line) line.textContent = now.line;
  for (const [name, number] of Object.entries(now.tiles || {})) {
    const tile = document.querySelector(`[data-cf-tile="${name}"]`);
    if (tile) tile.textContent = number;
  }
  const reasons = document.querySelector("[data-cf-reasons]");
  if (reasons && now.reasons) {
    reasons.hidden = !now.reasons.length;
    reasons.querySelector("ul").replaceChildren(...now.reasons.map(([why, number]) => pair(why, number)));
  }
}

function pair(word, number) {
  const line = document.createElement("li");
  line.className = "cf-pair";
  line.append(document.createElement("span"), " ", document.createElement("strong"));
  line.firstChild.textContent = word;
  line.lastChild.textContent = number;
  return line;
}

// ---- ticking all that are listed: <input type="checkbox" data-cf-ticks="name of the boxes"> ---------------------
for (const all of document.querySelectorAll("[data-cf-ticks]")) all.closest("label").hidden = false;
document.addEventListener("change", (event) => {
  const name = event.target.dataset.cfTicks;
  if (!name) return;
  for (const box of document.querySelectorAll(`input[name="${name}"]`)) box.checked = event.target.checked;
});

if (live) setTimeout(look, 700, 1000);

// ---- pop-up: <a data-cf-dialog href="page whose .cf-dialog is the question"> ------------------------------------
document.addEventListener("click", async (event) => {
  const opener = event.target.closest("a[data-cf-dialog]");
  if (!opener || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  try {
    const answer = await fetch(opener.href, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    ask(page.querySelector(".cf-dialog"), opener);
  } catch (away) {
    location.assign(opener.href);
  }
});

function ask(question, opener) {
  if (!question) return location.assign(opener.href);
  const pop = document.createElement("dialog");
  pop.className = "cf-dialog";
  pop.setAttribute("aria-labelledby", question.getAttribute("aria-labelledby"));
  pop.append(document.importNode(question, true));
  opener.closest(".cf").append(pop);
  pop.addEventListener("click", (event) => {
    if (!event.target.closest("[data-cf-close]")) return;
    event.preventDefault();
    pop.close();
  });
  pop.addEventListener("close", () => {
    pop.remove();
    opener.focus();
  });
  pop.showModal();
}
