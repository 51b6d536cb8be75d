// What every page does: theme, time zone, menu, live parts, forms, and finding a DAG.

import { act } from "./acting.js";
import { find } from "./find.js";
import { wire } from "./forms.js";
import { follow } from "./live.js";
import { choose, write } from "./time.js";

function theme(button) {
  button.addEventListener("click", () => {
    const page = document.documentElement;
    const isDark = page.dataset.theme ? page.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    page.dataset.theme = isDark ? "light" : "dark";
    localStorage.setItem("tradewind.theme", page.dataset.theme);
    document.dispatchEvent(new CustomEvent("theme"));
  });
}

function menus() {
  const button = document.querySelector(".menu-button");
  button?.addEventListener("click", () => {
    const isOpen = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!isOpen));
  });
  document.addEventListener("click", (event) => {
    for (const each of document.querySelectorAll("details.menu[open]")) if (!each.contains(event.target)) each.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const each of document.querySelectorAll("details.menu[open]")) each.open = false;
  });
}

choose(document.getElementById("zone"));
theme(document.getElementById("theme"));
menus();
write();
setInterval(() => document.hidden || write(), 10000);
wire();
act();
follow();
find(document.getElementById("find"));
