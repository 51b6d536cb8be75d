// The Gantt of a run: when each of its tasks was queued, ran and ended; drawn anew every two seconds until the run has ended.

import { feed, say } from "./api.js";
import { lines, runPath, short, svg } from "./plot.js";

const ROW = 20;
const TOP = 22;
const EVERY = 2000;
const SLOWEST = 30000;
const SECOND = 1e6;
const box = document.getElementById("gantt");
const told = document.getElementById("told");
const hint = told.textContent;
let drawn = "";

function draw(found) {
  if (!found.bars.length) {
    box.textContent = "No task has begun yet.";
    return;
  }
  const left = box.clientWidth < 700 ? 110 : 230;
  const begin = Math.min(found.start ?? Infinity, ...found.bars.map((bar) => bar[4] ?? bar[5]));
  const end = Math.max(found.end ?? found.now, ...found.bars.map((bar) => bar[6] ?? 0), begin + 1);
  const width = Math.max(320, box.clientWidth - 4);
  const room = width - left - 84; // and room for the length of the last one
  const at = (moment) => left + (room * (moment - begin)) / (end - begin);
  const height = TOP + found.bars.length * ROW + 4;
  const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "group", "aria-label": `${found.bars.length} tasks over ${short((end - begin) / SECOND)}` });
  for (const value of [0, ...lines((end - begin) / SECOND)]) {
    const x = at(begin + value * SECOND);
    picture.append(svg("line", { x1: x, x2: x, y1: TOP - 4, y2: height, class: "rule" }), svg("text", { x, y: 12, class: "middle" }, value ? short(value) : "0"));
  }
  found.bars.forEach((bar, place) => picture.append(row(bar, place, { at, left, end: found.now, begin })));
  box.replaceChildren(picture);
  told.textContent = found.total > found.bars.length ? `The first ${found.bars.length} of ${found.total} tasks that have begun. ${hint}` : hint;
}

function row([task, index, state, number, queued, started, ended], place, { at, left, end, begin }) {
  const y = TOP + place * ROW;
  const until = ended ?? end;
  const name = index < 0 ? task : `${task} [${index}]`;
  const waited = queued && queued <= started ? `, queued for ${short((started - queued) / SECOND)}` : "";
  const label = `${name}: ${state.replaceAll("_", " ")}, began ${short((started - begin) / SECOND)} after the start${waited}, ran ${short((until - started) / SECOND)}${number > 1 ? `, try ${number}` : ""}`;
  const url = new URL(`${box.dataset.dag}/tasks/${encodeURIComponent(task)}/of/${runPath(box.dataset.run)}`, location.href);
  if (index >= 0) url.searchParams.set("map_index", index);
  const most = Math.floor(left / 7.2);
  const shown = name.length > most ? `${name.slice(0, most - 1)}…` : name;
  const bars = [svg("rect", { x: at(started), y: y + 3, width: Math.max(2, at(until) - at(started)), height: ROW - 7, rx: 2, "data-state": state, class: "part" })];
  if (queued && queued < started) bars.unshift(svg("rect", { x: at(queued), y: y + ROW / 2 - 2, width: Math.max(0, at(started) - at(queued)), height: 3, "data-state": "queued", class: "part" }));
  return svg(
    "a",
    { href: url.href, class: "bar-of-run" },
    svg("title", {}, label),
    svg("rect", { x: 0, y, width: "100%", height: ROW, class: "room" }),
    svg("text", { x: 0, y: y + 14, "aria-hidden": "true" }, shown),
    ...bars,
    svg("text", { x: Math.max(at(until), at(started) + 2) + 4, y: y + 14, class: "quiet", "aria-hidden": "true" }, short((until - started) / SECOND)),
  );
}

let wait = EVERY;
async function turn() {
  let isOver = false;
  if (!document.hidden) {
    try {
      const found = await feed(box.dataset.feed);
      isOver = found.end !== null && found.bars.every((bar) => bar[6] !== null);
      const text = JSON.stringify(isOver ? { ...found, now: 0 } : found);
      if (text !== drawn && !box.contains(document.activeElement)) {
        drawn = text;
        draw(found);
      }
      wait = EVERY;
    } catch (error) {
      if (!drawn) say(error.message, "error");
      wait = Math.min(wait * 2, SLOWEST);
    }
  }
  if (!isOver) setTimeout(turn, wait);
}
turn();
