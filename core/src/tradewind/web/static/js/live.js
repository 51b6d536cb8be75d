// Parts of a page that are kept up to date: one small request every two seconds, none while nobody looks.

import { write } from "./time.js";

const EVERY = 2000;
const SLOWEST = 30000;

/** Keep the elements with `data-live` up to date: each has the id of a block of the page's template. */
export function follow() {
  const parts = [...document.querySelectorAll("[data-live]")];
  if (!parts.length) return;
  let wait = EVERY;
  const turn = async () => {
    if (!document.hidden) {
      try {
        for (const part of parts) await renew(part);
        wait = EVERY;
      } catch {
        wait = Math.min(wait * 2, SLOWEST); // a server that is away is not asked again and again
      }
    }
    setTimeout(turn, wait);
  };
  setTimeout(turn, wait);
}

async function renew(part) {
  if (part.contains(document.activeElement) && document.activeElement.matches("input, select, textarea")) return;
  const url = new URL(location.href);
  url.searchParams.set("part", part.dataset.live);
  const answer = await fetch(url, { headers: { Accept: "text/html" } });
  if (answer.redirected || answer.status === 401) return location.reload(); // the session has ended
  if (!answer.ok) throw new Error(answer.status);
  const text = await answer.text();
  if (memory.get(part) === text) return write(part);
  memory.set(part, text);
  const open = new Set([...part.querySelectorAll("details[open][id]")].map((each) => each.id));
  const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
  part.innerHTML = text; // written by the server, which escapes
  for (const each of part.querySelectorAll("details[id]")) if (open.has(each.id)) each.open = true;
  if (focused) document.getElementById(focused)?.focus();
  write(part);
  document.dispatchEvent(new CustomEvent("renewed", { detail: part }));
}

const memory = new WeakMap();
