// Durations, landing and waiting of a DAG's last runs: a bar for each run, which leads to it.

import { feed, say } from "./api.js";
import { lines, runPath, short, svg } from "./plot.js";
import { absolute, zone } from "./time.js";

const HEIGHT = 180;
const LEFT = 74;
const BELOW = 20;
const TOP = 8;
const WIDEST = 26;
const box = document.getElementById("times");

function plot(into, runs, name) {
  const known = runs.filter((run) => run[name] !== null);
  if (!known.length) {
    into.textContent = "There is nothing to show yet.";
    into.className = "note";
    return;
  }
  const room = Math.max(280, into.clientWidth - LEFT - 4);
  const step = Math.min(WIDEST, room / runs.length);
  const width = LEFT + step * runs.length + 4;
  const largest = Math.max(0.001, ...known.map((run) => run[name]));
  const smallest = Math.min(0, ...known.map((run) => run[name]));
  const at = (value) => TOP + (HEIGHT * (largest - value)) / (largest - smallest);
  const mean = known.reduce((sum, run) => sum + run[name], 0) / known.length;
  const told = `${known.length} runs: on average ${short(mean)}, at most ${short(Math.max(...known.map((run) => run[name])))}`;
  const picture = svg("svg", { viewBox: `0 0 ${width} ${HEIGHT + TOP + BELOW}`, width, height: HEIGHT + TOP + BELOW, role: "group", "aria-label": told });
  for (const value of [0, ...lines(largest)]) {
    picture.append(
      svg("line", { x1: LEFT, x2: width, y1: at(value), y2: at(value), class: "rule" }),
      svg("text", { x: LEFT - 6, y: at(value) + 4, class: "end" }, value ? short(value) : "0"),
    );
  }
  runs.forEach((run, place) => {
    if (run[name] === null) return;
    const label = `${run.run_id}: ${run.state}, ${short(run[name])}, ${absolute(new Date(run.date / 1000))} ${zone()}`;
    const [top, bottom] = [at(Math.max(run[name], 0)), at(Math.min(run[name], 0))];
    picture.append(svg(
      "a",
      { href: `${box.dataset.dag}/runs/${runPath(run.run_id)}`, "aria-label": label, class: "bar-of-run" },
      svg("title", {}, label),
      svg("rect", { x: LEFT + place * step, y: TOP, width: step, height: HEIGHT, class: "room" }),
      svg("rect", { x: LEFT + place * step + step * 0.15, y: Math.min(top, bottom - 2), width: step * 0.7, height: Math.max(2, bottom - top), "data-state": run.state, class: "part" }),
    ));
  });
  picture.append(svg("line", { x1: LEFT, x2: width, y1: at(mean), y2: at(mean), class: "mean" }));
  const [first, last] = [runs[0], runs.at(-1)].map((run) => absolute(new Date(run.date / 1000)).slice(0, 16));
  picture.append(
    svg("text", { x: LEFT, y: TOP + HEIGHT + 15 }, first),
    runs.length * step > 260 ? svg("text", { x: width - 4, y: TOP + HEIGHT + 15, class: "end" }, last) : "",
  );
  const line = document.createElement("p");
  line.className = "note";
  line.textContent = `${told} (the dashed line is the average).`;
  into.replaceChildren(picture, line);
}

async function draw() {
  const found = await feed(box.dataset.feed);
  for (const each of box.querySelectorAll("[data-plot]")) plot(each, found.runs, each.dataset.plot);
}

draw().catch((error) => say(error.message, "error"));
document.addEventListener("zone", () => draw().catch((error) => say(error.message, "error")));
