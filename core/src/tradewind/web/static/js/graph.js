// The graph of a DAG: boxes and lines in SVG, which is moved by mouse, fingers and keys; states of a run that are kept up to date.

import { feed, say } from "./api.js";
import { layout } from "./graph_layout.js";
import { outline } from "./graph_outline.js";
import { view } from "./graph_view.js";

const EVERY = 2000;
const AFTERWARDS = 10000; // an ended run changes only where somebody clears it
const MOST_OPEN = 1500; // tasks above which groups begin folded
const SLOWEST = 30000;
const KEY = "tradewind.graph.down";
const HEIGHT = 46;
const LETTERS = 30; // of a task's name, at most
const LABEL = 22; // of an edge's
const MARKS = { "+": ["+", "added"], "-": ["−", "removed"], "~": ["~", "changed"] };

const box = document.getElementById("graph");
const told = document.getElementById("graph-said");
const byId = (id) => document.getElementById(id);
const svg = (name, attributes = {}, ...inside) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) if (value !== undefined) made.setAttribute(key, value);
  made.append(...inside);
  return made;
};
/** How many letters wide a text is; Chinese, Japanese and Korean ones are twice as wide. */
const span = (text) => [...text].reduce((sum, each) => sum + (each.codePointAt(0) > 0x10ff ? 2 : 1), 0);
const cut = (text, most = LETTERS) => {
  if (span(text) <= most) return text;
  let [kept, size] = ["", 1];
  for (const each of text) {
    size += span(each);
    if (size > most) break;
    kept += each;
  }
  return `${kept}…`;
};
const isGroup = (place) => typeof place === "string";
const keyOf = (made) => (made.dataset.key.startsWith("g") ? made.dataset.key : Number(made.dataset.key));

const sight = view(box);
const state = { data: null, folded: new Set(), isDown: localStorage.getItem(KEY) === "1", boxes: new Map(), at: null, words: new Map(), last: "", sums: null, links: [] };

/** The groups that a task or a group is in, the innermost first. */
function around(group) {
  const found = [];
  for (; group >= 0; group = state.data.groups[group][2]) found.push(group);
  return found;
}

/** What stands for a task or joint: itself, or the outermost folded group around it as `g` and its place. */
function shown(place) {
  const { tasks, joints } = state.data;
  const group = place < tasks.length ? tasks[place][3] : joints[place - tasks.length];
  const folded = around(group).filter((each) => state.folded.has(each)).at(-1);
  return folded === undefined ? place : `g${folded}`;
}

/** Lay out and draw what is not folded away. */
function draw() {
  const { tasks, groups, joints, edges } = state.data;
  const open = groups.map((_, place) => place).filter((place) => !state.folded.has(place) && !around(groups[place][2]).some((each) => state.folded.has(each)));
  const places = new Map(open.map((group, place) => [group, place]));
  const nodes = [];
  const numbers = new Map();
  const add = (key, width, height, group) => {
    numbers.set(key, nodes.length);
    nodes.push({ key, width, height, group: places.get(group) ?? -1 });
  };
  tasks.forEach((task, place) => shown(place) === place && add(place, /[mst]/.test(task[4]) ? Math.max(190, widthOf(task[1], 24)) : widthOf(task[1], 0), HEIGHT, task[3]));
  joints.forEach((group, place) => shown(tasks.length + place) === tasks.length + place && add(tasks.length + place, 8, 8, group));
  for (const group of state.folded) {
    if (!around(groups[group][2]).some((each) => state.folded.has(each))) add(`g${group}`, Math.max(190, widthOf(groups[group][1], 24)), HEIGHT, groups[group][2]);
  }
  const lines = new Map();
  for (const [from, to, label, mark] of edges) {
    const [one, two] = [shown(from), shown(to)];
    if (one === two) continue;
    const key = `${one} ${two}`;
    const known = lines.get(key);
    if (known) {
      if (known.mark !== mark) known.mark = "";
      if (label && !known.label.includes(label)) known.label += known.label ? `, ${label}` : label;
    } else lines.set(key, { from: numbers.get(one), to: numbers.get(two), label: label || "", mark, kind: kindOf(from, to) });
  }
  const all = [...lines.values()];
  const longest = Math.max(0, ...all.map((each) => span(cut(each.label, LABEL))));
  const gap = state.isDown || !longest ? undefined : 30 + longest * 6.4;
  const found = layout(nodes, open.map((place) => ({ group: places.get(groups[place][2]) ?? -1, width: widthOf(groups[place][1], 40) })), all, state.isDown, gap);
  const back = svg("g");
  found.groups.forEach((place, number) => back.append(groupBox(open[number], place)));
  const wires = svg("g", { class: "wires" });
  const labels = svg("g");
  for (const line of found.lines) wires.append(...wire(line, all, nodes));
  write(found.lines, all, labels);
  const front = svg("g");
  state.boxes.clear();
  nodes.forEach((node, number) => {
    const made = nodeBox(node, found.nodes[number]);
    state.boxes.set(node.key, { ...node, ...found.nodes[number], made });
    front.append(made);
  });
  open.forEach((group, number) => state.boxes.set(`g${group}`, { ...found.groups[number], made: back.children[number], key: `g${group}` }));
  sight.show(svg("g", {}, back, wires, labels, front), found.width, found.height);
  paint();
  if (state.at !== null && !state.boxes.has(state.at)) state.at = null;
  mark();
}

const widthOf = (text, more) => Math.max(150, Math.min(LETTERS, span(text)) * 7.6 + 30 + more);

/** A scope is no order of work: the line from a setup to its teardown is dashed. */
function kindOf(from, to) {
  const { tasks } = state.data;
  return tasks[from]?.[4].includes("s") && tasks[to]?.[4].includes("t") ? "scope" : "";
}

function groupBox(group, { x, y, width, height }) {
  const [id, label, , isMapped, mark, tooltip] = state.data.groups[group];
  const sign = mark ? `${MARKS[mark][0]} ` : "";
  const made = svg("g", { class: "box group", "data-key": `g${group}`, "data-mark": mark || undefined, transform: `translate(${x} ${y})` },
    svg("title", {}, tooltip || id),
    svg("rect", { class: "frame", width, height, rx: 8 }),
    svg("rect", { class: "title", width, height: 28, rx: 8 }),
    svg("text", { x: 10, y: 19, class: "name" }, `▾ ${sign}${cut(label)}${isMapped ? " [ ]" : ""}`));
  return made;
}

function nodeBox({ key, width, height }, { x, y }) {
  const { tasks, groups } = state.data;
  if (!isGroup(key) && key >= tasks.length) return svg("circle", { cx: x + 4, cy: y + 4, r: 4, class: "joint" });
  const mark = isGroup(key) ? groups[Number(key.slice(1))][4] : tasks[key][5];
  const made = svg("a", { class: isGroup(key) ? "box folded" : "box task", "data-key": key, "data-mark": mark || undefined, tabindex: -1, transform: `translate(${x} ${y})` });
  const isMany = isGroup(key) ? groups[Number(key.slice(1))][3] : tasks[key][4].includes("m");
  if (isMany || isGroup(key)) made.append(svg("rect", { class: "behind", x: 4, y: 4, width, height, rx: 6 }));
  const label = isGroup(key) ? `▸ ${groups[Number(key.slice(1))][1]}` : tasks[key][1];
  made.append(
    svg("title", {}, isGroup(key) ? groups[Number(key.slice(1))][0] : tasks[key][0]),
    svg("rect", { class: "frame", width, height, rx: 6 }),
    svg("rect", { class: "stripe", width: 6, height, rx: 3 }),
    svg("text", { x: 15, y: 19, class: "name" }, `${cut(label)}${isMany ? " [ ]" : ""}`),
    svg("text", { x: 15, y: 36, class: "what" }),
  );
  const kinds = isGroup(key) ? "" : tasks[key][4];
  const sign = kinds.includes("s") ? "⇥ setup" : kinds.includes("t") ? "⇤ teardown" : "";
  if (sign) made.append(svg("text", { x: width - 8, y: 36, class: "sign", "text-anchor": "end" }, sign));
  return made;
}

/** Straight along ranks, bent between them; an arrow where it ends at a box. */
function wire({ points, edges, ends }, all, nodes) {
  let path = `M${points[0]}`;
  points.slice(1).forEach((each, place) => {
    const last = points[place];
    if (place % 2 === 0) path += `L${each}`;
    else {
      const half = state.isDown ? (each[1] - last[1]) / 2 : (each[0] - last[0]) / 2;
      path += state.isDown ? `C${last[0]} ${last[1] + half} ${each[0]} ${each[1] - half} ${each}` : `C${last[0] + half} ${last[1]} ${each[0] - half} ${each[1]} ${each}`;
    }
  });
  const mark = new Set(edges.map((each) => all[each].mark)).size === 1 && all[edges[0]].mark ? all[edges[0]].mark : undefined;
  const made = [svg("path", { d: path, class: `wire ${all[edges[0]].kind}`, "data-mark": mark })];
  const hasArrow = ends[1] >= 0 && nodes[ends[1]].width > 8;
  if (hasArrow) made.push(svg("path", { d: state.isDown ? `M${points.at(-1)}l-4 -7h8z` : `M${points.at(-1)}l-7 -4v8z`, class: "arrow", "data-mark": mark }));
  return made;
}

/** Write each label once: on the line that most edges of that label share, where it bends widest. */
function write(lines, all, labels) {
  const wide = (bend) => Math.abs(state.isDown ? bend[1][1] - bend[0][1] : bend[1][0] - bend[0][0]);
  const found = lines.filter((line) => all[line.edges[0]].label && line.edges.every((each) => all[each].label === all[line.edges[0]].label)).map(({ points, edges }) => {
    const bends = points.slice(1).map((each, place) => [points[place], each]).filter((_, place) => place % 2);
    return { edges, bend: bends.reduce((one, two) => (wide(two) > wide(one) ? two : one)) };
  });
  found.sort((one, two) => two.edges.length - one.edges.length || wide(two.bend) - wide(one.bend));
  const written = new Set();
  for (const { edges, bend } of found) {
    if (edges.every((each) => written.has(each))) continue;
    for (const each of edges) written.add(each);
    const text = all[edges[0]].label;
    const [x, y] = [(bend[0][0] + bend[1][0]) / 2, (bend[0][1] + bend[1][1]) / 2];
    labels.append(svg("text", { x, y: y - 4, class: "label", "text-anchor": "middle" }, svg("title", {}, text), cut(text, LABEL)));
  }
}

/** What became of a task or of all tasks in a group: state, counts, and how many. */
function fate(key) {
  const { tasks, states = {} } = state.data;
  if (!isGroup(key)) {
    const found = states[tasks[key][0]];
    return found ? { state: found[0], counts: found[1], index: found[2], tries: found[3] } : null;
  }
  state.sums ??= sums();
  const { counts, number } = state.sums[Number(key.slice(1))];
  return { state: [...state.words.keys()].find((name) => counts[name]), counts, number };
}

/** How many tasks each group has, and how many instances are in which state. */
function sums() {
  const { tasks, groups, states = {} } = state.data;
  const found = groups.map(() => ({ counts: {}, number: 0 }));
  for (const task of tasks) {
    for (const group of around(task[3])) {
      const sum = found[group];
      sum.number++;
      for (const [name, many] of Object.entries(states[task[0]]?.[1] ?? {})) sum.counts[name] = (sum.counts[name] ?? 0) + many;
    }
  }
  return found;
}

const word = (name) => (state.words.has(name) ? state.words.get(name).join(" ") : name.replaceAll("_", " "));
const counted = (counts) => [...state.words.keys()].filter((name) => counts[name]).map((name) => `${counts[name]} ${state.words.get(name)[1]}`).join(", ");
const total = (counts) => Object.values(counts).reduce((sum, each) => sum + each, 0);
const many = (counts) => total(counts) > 1;

/** Write states into the boxes that are drawn. */
function paint() {
  const { tasks, run, changed } = state.data;
  for (const [key, { made, width }] of state.boxes) {
    if (!isGroup(key) && key >= tasks.length) continue;
    const found = fate(key);
    const name = run && found?.state ? found.state : null;
    if (name) made.dataset.state = name;
    else delete made.dataset.state;
    const what = made.querySelector(".what");
    if (!what) continue;
    const mark = made.dataset.mark;
    let text = isGroup(key) ? `${found.number} tasks` : tasks[key][2];
    if (changed) text = mark ? MARKS[mark].join(" ") + (mark === "~" ? `: ${changed[tasks[key][0]].join(", ")}` : "") : text;
    else if (name) text = many(found.counts) ? `${state.words.get(name)?.[0] ?? ""} ${found.counts[name]} of ${total(found.counts)} ${state.words.get(name)?.[1] ?? name}` : `${word(name)}${found.tries > 1 ? `, try ${found.tries}` : ""}`;
    else if (run) text = "not in this run";
    const fitting = cut(text, Math.floor((width - 24) / 6.9) - (made.querySelector(".sign") ? 10 : 0));
    if (what.textContent !== fitting) what.textContent = fitting;
    const url = isGroup(key) ? null : urlOf(key);
    if (url) made.setAttribute("href", url);
  }
  const failed = tasks.findIndex((task) => state.data.states?.[task[0]]?.[0] === "failed");
  byId("to-failed")?.toggleAttribute("hidden", failed < 0);
}

function urlOf(place) {
  const found = fate(place);
  const { run, tasks } = state.data;
  if (!run || !found) return null;
  const path = `${box.dataset.dag}/tasks/${encodeURIComponent(tasks[place][0])}/of/${run.run_id.split("/").map(encodeURIComponent).join("/")}`;
  return found.index >= 0 ? `${path}?map_index=${found.index}` : path;
}

/** The tasks directly before or after one; a joint stands for all that meet there. */
function beside(place, isAfter) {
  return (state.links[place]?.[isAfter ? 1 : 0] ?? []).flatMap((each) => (each < state.data.tasks.length ? [each] : beside(each, isAfter)));
}

/** Note for each task and joint what is before it, and what after. */
function note() {
  const { tasks, joints, edges } = state.data;
  state.links = Array.from({ length: tasks.length + joints.length }, () => [[], []]);
  for (const [from, to] of edges) {
    state.links[from][1].push(to);
    state.links[to][0].push(from);
  }
}

/** Everything about a task or a group, in a sentence. */
function sentence(key) {
  const { tasks, groups, run, changed } = state.data;
  const found = fate(key);
  const fates = run ? (found?.state ? `: ${many(found.counts) ? counted(found.counts) : word(found.state)}` : ": not in this run") : "";
  if (isGroup(key)) return `Group ${groups[Number(key.slice(1))][0]}, ${found.number} tasks, ${state.folded.has(Number(key.slice(1))) ? "folded" : "open"}${fates}.`;
  const [id, , operator, , kinds, mark] = tasks[key];
  const names = (places) => (places.length > 5 ? `${places.length} tasks` : places.map((each) => tasks[each][0]).join(", ")) || "nothing";
  const kind = [kinds.includes("m") && "mapped", kinds.includes("s") && "setup", kinds.includes("t") && "teardown"].filter(Boolean).join(", ");
  const change = mark ? `, ${MARKS[mark][1]}${mark === "~" ? ` (${changed[id].join(", ")})` : ""}` : "";
  return `${id}, ${operator}${kind ? `, ${kind}` : ""}${change}${fates}. After ${names(beside(key, false))}; before ${names(beside(key, true))}.`;
}

/** Show where the reader is. */
function mark(isMoved = false) {
  for (const old of box.querySelectorAll(".here")) old.classList.remove("here");
  const found = state.boxes.get(state.at);
  if (!found) return;
  found.made.classList.add("here");
  told.textContent = sentence(state.at);
  if (isMoved) sight.reveal(found);
}

function go(key) {
  state.at = key;
  mark(true);
}

/** Show a task, also one in a folded group, and go there. */
function seek(place) {
  const hidden = around(state.data.tasks[place][3]).filter((each) => state.folded.has(each));
  for (const each of hidden) state.folded.delete(each);
  if (hidden.length) draw();
  sight.enlarge();
  go(place);
}

function toggle(key) {
  const group = Number(key.slice(1));
  const before = state.boxes.get(key);
  state.folded.has(group) ? state.folded.delete(group) : state.folded.add(group);
  state.at = key;
  draw();
  const after = state.boxes.get(key);
  if (before && after) sight.keep(before, after); // what was clicked stays under the pointer
}

/** Fold or unfold the group in which the reader is. */
function fold() {
  const group = isGroup(state.at) ? Number(state.at.slice(1)) : state.data.tasks[state.at]?.[3] ?? -1;
  if (group >= 0) toggle(`g${group}`);
}

/** The nearest box in a direction; along the ranks the nearest that a line leads to. */
function step(dx, dy) {
  const here = state.boxes.get(state.at);
  const tasks = [...state.boxes.values()].filter((each) => each.made.classList.contains("task") || each.made.classList.contains("folded"));
  if (!here) return tasks.length && go(tasks[0].key);
  const isAlong = state.isDown ? dy !== 0 : dx !== 0;
  let among = tasks;
  if (isAlong && !isGroup(state.at)) {
    const linked = new Set(beside(state.at, dx + dy > 0).map(shown));
    if (linked.size) among = tasks.filter((each) => linked.has(each.key));
  }
  const far = (each) => {
    const [x, y] = [each.x - here.x, each.y - here.y];
    const ahead = x * dx + y * dy;
    return ahead <= 1 ? Infinity : ahead + 2.5 * Math.abs(x * dy + y * dx);
  };
  const ahead = among.filter((each) => far(each) < Infinity);
  if (ahead.length) go(ahead.reduce((one, two) => (far(two) < far(one) ? two : one)).key);
}

function open(key) {
  if (isGroup(key)) return toggle(key);
  const url = urlOf(key);
  if (url) location.assign(url);
  else go(key);
}

async function load() {
  const wanted = new URL(box.dataset.feed, location.href);
  take(await feed(wanted));
  state.words = new Map(state.data.words.map(([name, sign, text]) => [name, [sign, text]]));
  note();
  if (state.data.tasks.length > MOST_OPEN) state.data.groups.forEach((_, place) => state.folded.add(place));
  draw();
  sight.begin();
  list.draw();
  box.removeAttribute("aria-busy");
  byId("graph-count").textContent = `${state.data.tasks.length} tasks, ${state.data.groups.length} groups`;
}

/** Ask what changes while a run goes on. */
async function renew() {
  if (!state.data) return load();
  if (!state.data.run) return;
  const wanted = new URL(box.dataset.feed, location.href);
  wanted.searchParams.set("structure", "false");
  const found = await feed(wanted);
  if (found.version !== state.data.version) return location.reload(); // it was cleared, and runs another version now
  const text = JSON.stringify(found);
  if (text === state.last) return;
  state.last = text;
  take(found);
  paint();
  badge(found.run.state);
  mark();
  list.draw();
}

/** Put what a feed says of tasks by their places into the data; most are alike, and are told in few letters. */
function take(found) {
  state.data = Object.assign(state.data ?? {}, found);
  const states = {};
  const { tasks } = state.data;
  for (const [name, places] of Object.entries(found.alike ?? {})) for (const place of places) states[tasks[place][0]] = [name, { [name]: 1 }, -1, 1];
  for (const [place, each] of Object.entries(found.others ?? {})) states[tasks[place][0]] = each;
  state.data.states = states;
  state.sums = null;
}

/** Say above the graph how the run is. */
function badge(name) {
  const sign = document.createElement("span");
  sign.setAttribute("aria-hidden", "true");
  sign.textContent = state.words.get(name)?.[0] ?? "";
  const made = document.createElement("span");
  made.className = `state ${name}`;
  made.append(sign, ` ${state.words.get(name)?.[1] ?? name}`);
  byId("run-state").replaceChildren(made);
}

box.addEventListener("click", (event) => {
  const made = event.target.closest("[data-key]");
  if (!made || sight.wasMoved()) return event.preventDefault();
  if (!made.hasAttribute("href")) open(keyOf(made));
});
box.addEventListener("pointerover", (event) => {
  const made = event.target.closest("[data-key]");
  if (!made || sight.isMoving()) return;
  state.at = keyOf(made);
  mark();
});
box.addEventListener("keydown", (event) => {
  if (event.target !== box || !state.data || event.ctrlKey || event.metaKey || event.altKey) return;
  const move = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[event.key];
  const deed = { "+": () => sight.zoom(1.25), "=": () => sight.zoom(1.25), "-": () => sight.zoom(0.8), 0: () => sight.fit(), Enter: () => state.at !== null && open(state.at), " ": fold }[event.key];
  if (!move && !deed) return;
  event.preventDefault();
  if (deed) deed();
  else if (event.shiftKey) sight.move(-80 * move[0], -80 * move[1]);
  else step(...move);
});

byId("graph-in").addEventListener("click", () => sight.zoom(1.25));
byId("graph-out").addEventListener("click", () => sight.zoom(0.8));
byId("graph-fit").addEventListener("click", () => sight.fit());
byId("graph-turn").addEventListener("click", () => {
  state.isDown = !state.isDown;
  localStorage.setItem(KEY, state.isDown ? "1" : "0");
  draw();
  sight.begin();
});
byId("fold").addEventListener("click", () => { state.data.groups.forEach((_, place) => state.folded.add(place)); draw(); sight.begin(); });
byId("unfold").addEventListener("click", () => { state.folded.clear(); draw(); sight.begin(); });
byId("to-failed")?.addEventListener("click", () => seek(state.data.tasks.findIndex((task) => state.data.states?.[task[0]]?.[0] === "failed")));
byId("graph-find").addEventListener("change", (event) => {
  const wanted = event.target.value.trim().toLowerCase();
  if (!wanted || !state.data) return;
  const ids = state.data.tasks.map((task) => task[0].toLowerCase());
  const exact = ids.indexOf(wanted);
  const place = exact >= 0 ? exact : ids.findIndex((each) => each.includes(wanted));
  if (place >= 0) seek(place);
  else told.textContent = `No task is called like ${event.target.value}.`;
});
byId("graph-choice")?.addEventListener("change", (event) => {
  // A run says which version; a version that is chosen is one without a run
  const other = event.target.form.elements[event.target.name === "run" ? "version" : "run"];
  if (other) other.value = "";
  event.target.form.requestSubmit();
});

const list = outline(byId("outline"), {
  rows: () => state.data.tasks.map((task, place) => ({
    id: task[0], operator: task[2], mark: task[5] ? MARKS[task[5]].join(" ") : "", url: urlOf(place),
    fate: state.data.run ? (fate(place)?.state ? (many(fate(place).counts) ? counted(fate(place).counts) : word(fate(place).state)) : "not in this run") : "",
    before: beside(place, false).map((each) => state.data.tasks[each][0]), after: beside(place, true).map((each) => state.data.tasks[each][0]),
  })),
  hasRun: () => Boolean(state.data?.run), isCompared: () => Boolean(state.data?.changed),
});
let wait = EVERY;
async function turn() {
  if (!document.hidden || !state.data) {
    try {
      await renew();
      wait = ["success", "failed"].includes(state.data.run?.state) ? AFTERWARDS : EVERY;
    } catch (error) {
      if (!state.data) say(error.message, "error");
      wait = Math.min(wait * 2, SLOWEST);
    }
  }
  if (!state.data || state.data.run) setTimeout(turn, wait);
}
turn();
