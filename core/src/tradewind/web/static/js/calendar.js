// A year of days: each has a square for each state that its runs are in, the worst first, and leads to them.

import { feed, say } from "./api.js";
import { svg } from "./plot.js";

const SIZE = 15;
const LEFT = 34;
const TOP = 18;
const DAY = 86400000;
const ORDER = ["failed", "running", "queued", "success"];
const SIGNS = { failed: "✕", running: "▸", queued: "…", success: "" };
const WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const box = document.getElementById("calendar");
const hint = document.getElementById("told").textContent;

const words = (states) => ORDER.filter((name) => states[name]).map((name) => `${states[name]} ${name}`).join(", ");
const weekday = (day) => (new Date(day * DAY).getUTCDay() + 6) % 7;
const iso = (day) => new Date(day * DAY).toISOString().slice(0, 10);

function square(day, first, states) {
  const column = Math.floor((day - first + weekday(first)) / 7);
  const [x, y] = [LEFT + column * SIZE, TOP + weekday(day) * SIZE];
  const shape = svg("rect", { x, y, width: SIZE - 2, height: SIZE - 2, rx: 2 });
  if (!states) return svg("g", { class: "day" }, shape);
  const total = Object.values(states).reduce((sum, each) => sum + each, 0);
  const parts = [];
  let above = 0;
  for (const name of ORDER.filter((each) => states[each])) {
    const height = ((SIZE - 2) * states[name]) / total;
    parts.push(svg("rect", { x, y: y + above, width: SIZE - 2, height, "data-state": name, class: "part" }));
    above += height;
  }
  const worst = ORDER.find((name) => states[name]);
  const url = new URL(box.dataset.runs, location.href);
  url.searchParams.set("execution_date_gte", iso(day));
  url.searchParams.set("execution_date_lte", iso(day));
  const label = `${iso(day)}: ${words(states)}`;
  const sign = svg("text", { x: x + (SIZE - 2) / 2, y: y + SIZE - 5, class: "sign" }, SIGNS[worst] ?? "");
  return svg("a", { href: url.href, class: "day", "aria-label": label }, svg("title", {}, label), shape, ...parts, sign);
}

function draw(found) {
  const { first, last, days } = found;
  const weeks = Math.ceil((last - first + 1 + weekday(first)) / 7);
  const [width, height] = [LEFT + weeks * SIZE, TOP + 7 * SIZE];
  const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "group", "aria-label": `Runs of ${found.year} by day` });
  WEEKDAYS.forEach((name, row) => row % 2 === 0 && picture.append(svg("text", { x: 0, y: TOP + row * SIZE + 11 }, name)));
  for (let month = 0; month < 12; month++) {
    const day = Date.UTC(found.year, month, 1) / DAY;
    const column = Math.floor((day - first + weekday(first)) / 7);
    picture.append(svg("text", { x: LEFT + column * SIZE, y: 11 }, new Date(day * DAY).toLocaleString("en", { month: "short", timeZone: "UTC" })));
  }
  for (let day = first; day <= last; day++) picture.append(square(day, first, days[day]));
  box.replaceChildren(picture);
  const sums = {};
  for (const states of Object.values(days)) for (const [name, number] of Object.entries(states)) sums[name] = (sums[name] ?? 0) + number;
  const said = document.getElementById("told");
  if (!Object.keys(sums).length) said.textContent = `No run has a logical date in ${found.year}.`;
  else said.textContent = `${words(sums)}. ${found.is_cut ? "These are the last runs of the year: there are more. " : ""}${hint}`;
}

feed(box.dataset.feed).then(draw, (error) => say(error.message, "error"));
