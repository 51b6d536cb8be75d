// The grid of a DAG: runs across, tasks down. Only the lines that are in sight, and a screen above and below, are in the page.

import { feed, say } from "./api.js";
import { absolute, zone } from "./time.js";

const ROW = 22;
const HEAD = 92;
const AROUND = 40; // lines above and below what is in sight
const CHUNK = 120; // lines whose cells are asked for at once
const EVERY = 2000;
const SLOWEST = 30000;

const box = document.getElementById("grid");
const told = document.getElementById("cell");
const folded = new Set();
const state = { data: null, shown: [], cells: new Map(), asked: new Set(), most: 25, until: null, at: [0, 0], drawn: "", longest: 1 };

const head = document.createElement("div");
head.className = "grid-head";
head.setAttribute("role", "row");
const body = document.createElement("div");
body.className = "grid-body";
body.setAttribute("role", "rowgroup");
box.append(head, body);

function url(more) {
  const found = new URL(box.dataset.feed, location.href);
  found.searchParams.set("most_runs", state.most);
  if (state.until) found.searchParams.set("until", state.until);
  for (const [name, value] of Object.entries(more)) found.searchParams.set(name, value);
  return found;
}

/** Ask for runs, lines and the first cells anew. */
async function load() {
  state.data = await feed(url({ first: 0, number: CHUNK }));
  state.cells.clear();
  state.asked = new Set([0]);
  keep(state.data.cells);
  reveal();
}

function keep(cells) {
  for (const each of cells) state.cells.set(`${each[0]} ${each[1]}`, each);
}

/** Find out which lines are in sight, after a group was folded or unfolded. */
function reveal() {
  const shown = [];
  let hiddenBelow = Infinity;
  state.data.lines.forEach((line, place) => {
    if (line[2] > hiddenBelow) return;
    hiddenBelow = line[3] === "group" && folded.has(line[0]) ? line[2] : Infinity;
    shown.push(place);
  });
  state.shown = shown;
  state.at[0] = Math.min(state.at[0], shown.length - 1);
  state.drawn = "";
  drawHead();
  draw();
}

const seconds = (run) => (run.start ? ((run.end ? Date.parse(run.end) : Date.now()) - Date.parse(run.start)) / 1000 : 0);

function drawHead() {
  const runs = state.data.runs;
  state.longest = Math.max(1, ...runs.map(seconds));
  const corner = document.createElement("div");
  corner.className = "grid-label";
  corner.setAttribute("role", "columnheader");
  corner.textContent = runs.length ? `longest ${short(state.longest)}` : "no runs yet";
  head.replaceChildren(corner, ...runs.map((run, column) => {
    const link = document.createElement("a");
    link.className = "run";
    link.href = runUrl(run);
    link.dataset.state = run.state;
    link.dataset.column = column;
    link.setAttribute("role", "columnheader");
    link.title = `${run.run_id}\n${run.state}, ${short(seconds(run))}, version ${run.version}\n${run.logical_date ? absolute(new Date(run.logical_date)) : ""} ${zone()}`;
    const bar = document.createElement("i");
    bar.style.height = `${4 + (60 * seconds(run)) / state.longest}px`;
    const version = document.createElement("b");
    const before = runs[column - 1];
    version.textContent = before && before.version !== run.version ? `v${run.version}` : "";
    link.append(version, bar);
    link.setAttribute("aria-label", `${run.run_id}, ${run.state}`);
    return link;
  }));
  head.style.minWidth = body.style.minWidth = `calc(var(--label) + ${runs.length * 16}px)`;
  body.style.height = `${state.shown.length * ROW}px`;
}

/** Put the lines into the page that are in sight. */
function draw() {
  const first = Math.max(0, Math.floor(box.scrollTop / ROW) - AROUND);
  const last = Math.min(state.shown.length, Math.ceil((box.scrollTop + box.clientHeight) / ROW) + AROUND);
  want(first, last);
  const drawn = `${first} ${last} ${state.cells.size} ${state.stamp}`;
  if (state.drawn === drawn) return;
  state.drawn = drawn;
  const rows = document.createDocumentFragment();
  for (let place = first; place < last; place++) rows.append(row(place));
  body.replaceChildren(rows);
  mark(false);
}

function row(place) {
  const number = state.shown[place];
  const [key, label, depth, kind, missing, size] = state.data.lines[number];
  const line = document.createElement("div");
  line.className = "grid-row";
  line.setAttribute("role", "row");
  line.setAttribute("aria-rowindex", place + 2);
  line.style.top = `${place * ROW}px`;
  const name = document.createElement(kind === "group" ? "button" : "div");
  name.className = `grid-label ${kind}`;
  name.style.paddingLeft = `${6 + depth * 14}px`;
  name.title = key;
  name.setAttribute("role", "rowheader");
  name.textContent = kind === "group" ? `${folded.has(key) ? "▸" : "▾"} ${label}` : kind === "mapped" ? `${label} [ ]` : label;
  if (kind === "group") {
    name.type = "button";
    name.dataset.group = key;
    name.setAttribute("aria-expanded", String(!folded.has(key)));
    name.setAttribute("aria-label", `${label}, ${size} tasks`);
  }
  line.append(name);
  state.data.runs.forEach((run, column) => {
    const cell = state.cells.get(`${number} ${column}`);
    const mark = document.createElement("i");
    mark.setAttribute("role", "gridcell");
    mark.dataset.row = place;
    mark.dataset.column = column;
    if (missing.includes(run.has)) mark.className = "no";
    else if (cell) {
      mark.dataset.state = cell[2];
      if (kind !== "task") mark.className = "many";
    }
    line.append(mark);
  });
  return line;
}

/** Ask for the cells of lines that come into sight. */
async function want(first, last) {
  for (let chunk = Math.floor(first / CHUNK); chunk * CHUNK < last; chunk++) {
    if (state.asked.has(chunk)) continue;
    state.asked.add(chunk);
    try {
      keep((await feed(url({ ...part(chunk), lines: false }))).cells);
      draw();
    } catch (error) {
      state.asked.delete(chunk);
      say(error.message, "error");
      return;
    }
  }
}

function part(chunk) {
  const found = { first: chunk * CHUNK, number: CHUNK };
  if (folded.size) {
    // What is open is told, as the server knows of all groups only
    found.open_groups = state.data.lines.filter((line) => line[3] === "group" && !folded.has(line[0])).map((line) => line[0]).join(",") || "-";
  }
  return found;
}

/** Ask anew for what is in sight, and for the runs. */
async function renew() {
  if (!state.data) return load();
  const first = Math.floor(box.scrollTop / ROW / CHUNK);
  const last = Math.floor((box.scrollTop + box.clientHeight) / ROW / CHUNK);
  for (let chunk = first; chunk <= last; chunk++) {
    const found = await feed(url({ ...part(chunk), lines: false }));
    const same = found.runs.length === state.data.runs.length && found.runs.every((run, place) => run.key === state.data.runs[place].key && run.version === state.data.runs[place].version);
    if (!same) return load();
    if (JSON.stringify(found) === state[`seen ${chunk}`]) continue;
    state[`seen ${chunk}`] = JSON.stringify(found);
    state.data.runs = found.runs;
    keep(found.cells);
    state.stamp = (state.stamp ?? 0) + 1;
    drawHead();
    draw();
  }
}

const runUrl = (run) => `${box.dataset.dag}/runs/${run.run_id.split("/").map(encodeURIComponent).join("/")}`;
const taskUrl = (line, run) => `${box.dataset.dag}/tasks/${encodeURIComponent(line[0])}/of/${run.run_id.split("/").map(encodeURIComponent).join("/")}`;

function short(value) {
  if (value < 60) return `${value.toFixed(value < 10 ? 1 : 0)} s`;
  if (value < 3600) return `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`;
  return `${Math.floor(value / 3600)} h ${Math.round((value % 3600) / 60)} min`;
}

/** Say what the cell is at which the reader is. */
function mark(scroll = true) {
  for (const old of body.querySelectorAll(".here")) old.classList.remove("here");
  const [place, column] = state.at;
  if (scroll) {
    const [top, bottom] = [place * ROW, (place + 1) * ROW];
    if (top < box.scrollTop) box.scrollTop = top;
    if (bottom + HEAD > box.scrollTop + box.clientHeight) box.scrollTop = bottom + HEAD - box.clientHeight;
    draw();
  }
  body.querySelector(`i[data-row="${place}"][data-column="${column}"]`)?.classList.add("here");
  const [line, run] = [state.data.lines[state.shown[place]], state.data.runs[column]];
  if (!line || !run) return;
  const cell = state.cells.get(`${state.shown[place]} ${column}`);
  const what = line[4].includes(run.has) ? `is not in version ${run.version}` : cell ? words(cell) : "has no state";
  told.textContent = `${line[0]} in ${run.run_id}: ${what}`;
}

function words(cell) {
  const took = cell[3] && cell[4] ? `, took ${short((cell[4] - cell[3]) / 1e6)}` : "";
  const counts = cell[6] ? ` (${Object.entries(cell[6]).map(([name, number]) => `${number} ${name.replaceAll("_", " ")}`).join(", ")})` : "";
  return `${cell[2].replaceAll("_", " ")}${counts}${took}${cell[5] > 1 ? `, try ${cell[5]}` : ""}`;
}

function open() {
  const [line, run] = [state.data.lines[state.shown[state.at[0]]], state.data.runs[state.at[1]]];
  if (!line || !run) return;
  if (line[3] === "task" && !line[4].includes(run.has)) location.assign(taskUrl(line, run));
  else if (line[3] === "group") toggle(line[0]);
  else location.assign(`${runUrl(run)}?task=${encodeURIComponent(line[0])}`);
}

function toggle(group) {
  folded.has(group) ? folded.delete(group) : folded.add(group);
  state.asked.clear();
  reveal();
}

box.addEventListener("scroll", () => requestAnimationFrame(draw), { passive: true });
new ResizeObserver(() => state.data && draw()).observe(box);
body.addEventListener("click", (event) => {
  const group = event.target.closest("[data-group]");
  if (group) return toggle(group.dataset.group);
  const cell = event.target.closest("i[data-row]");
  if (!cell) return;
  state.at = [Number(cell.dataset.row), Number(cell.dataset.column)];
  mark(false);
  open();
});
body.addEventListener("pointerover", (event) => {
  const cell = event.target.closest("i[data-row]");
  if (!cell) return;
  state.at = [Number(cell.dataset.row), Number(cell.dataset.column)];
  mark(false);
});
box.addEventListener("keydown", (event) => {
  const moves = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] };
  const move = moves[event.key];
  if (event.target !== box || !state.data) return;
  if (move) {
    event.preventDefault();
    state.at = [
      Math.max(0, Math.min(state.shown.length - 1, state.at[0] + move[0])),
      Math.max(0, Math.min(state.data.runs.length - 1, state.at[1] + move[1])),
    ];
    mark();
  } else if (event.key === "Enter") open();
});
document.getElementById("most-runs").addEventListener("change", (event) => {
  state.most = Number(event.target.value);
  load();
});
document.getElementById("older").addEventListener("click", () => {
  if (!state.data?.runs.length) return;
  state.until = state.data.runs[0].key;
  load();
});
document.getElementById("newest").addEventListener("click", () => {
  state.until = null;
  load();
});
const groups = () => state.data.lines.filter((line) => line[3] === "group").map((line) => line[0]);
document.getElementById("fold").addEventListener("click", () => { for (const each of groups()) folded.add(each); state.asked.clear(); reveal(); });
document.getElementById("unfold").addEventListener("click", () => { folded.clear(); state.asked.clear(); reveal(); });

state.most = Number(document.getElementById("most-runs").value);
state.until = box.dataset.until || null;
let wait = EVERY;
async function turn() {
  if (!document.hidden || !state.data) {
    try {
      await renew();
      wait = EVERY;
    } catch (error) {
      if (!state.data) say(error.message, "error");
      wait = Math.min(wait * 2, SLOWEST);
    }
  }
  setTimeout(turn, wait);
}
turn();
