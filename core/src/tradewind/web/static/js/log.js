// The log of a try: followed while it grows, levels coloured, groups folded, searched in the page.

import { feed, say } from "./api.js";

const EVERY = 2000;
const MOST = 20000; // lines in the page; more are for the download
const LEVEL = /\b(DEBUG|INFO|WARNING|WARN|ERROR|CRITICAL|FATAL)\b/;
const RANK = { DEBUG: 0, INFO: 1, WARNING: 2, WARN: 2, ERROR: 3, CRITICAL: 3, FATAL: 3 };
const GROUP = /::group::(.*)$/;
const END = /::endgroup::/;

const box = document.getElementById("log");

if (box) {
  const said = document.getElementById("log-said");
  const toError = document.getElementById("log-error");
  const [search, level, wrap] = ["log-find", "log-level", "log-wrap"].map((id) => document.getElementById(id));
  const place = { log: 0, offset: 0 };
  let [rest, lines, last, into] = ["", 0, 1, box];

  const add = (text) => {
    const whole = (rest + text).split("\n");
    rest = whole.pop();
    const at = box.scrollTop + box.clientHeight >= box.scrollHeight - 30;
    const parts = document.createDocumentFragment();
    let target = into === box ? parts : into;
    for (const line of whole) {
      if (lines++ >= MOST) continue;
      if (END.test(line)) { target = parts; into = box; continue; }
      const group = GROUP.exec(line);
      if (group) {
        const folded = document.createElement("details");
        const summary = document.createElement("summary");
        summary.textContent = group[1] || "group";
        folded.append(summary);
        parts.append(folded);
        target = into = folded;
        continue;
      }
      target.append(drawn(line));
    }
    box.append(parts);
    if (lines > MOST) said.textContent = `${MOST} of ${lines} lines are shown: download the log for all.`;
    sift();
    if (at) box.scrollTop = box.scrollHeight;
  };

  const drawn = (line) => {
    const element = document.createElement("div");
    const found = LEVEL.exec(line.slice(0, 120));
    const rank = found ? RANK[found[1]] : line.startsWith("Traceback") ? 3 : last;
    last = rank;
    element.dataset.rank = rank;
    element.textContent = line || " ";
    if (rank === 3 && toError.hidden) toError.hidden = false;
    return element;
  };

  const sift = () => {
    const [words, least] = [search.value.toLowerCase(), level.value ? RANK[level.value] : 0];
    let number = 0;
    for (const each of box.querySelectorAll("[data-rank]")) {
      const fits = Number(each.dataset.rank) >= least && (!words || each.textContent.toLowerCase().includes(words));
      each.hidden = !fits;
      if (words && fits) {
        number++;
        each.closest("details")?.setAttribute("open", "");
      }
    }
    if (words) said.textContent = `${number} lines`;
    else if (lines <= MOST) said.textContent = "";
  };

  const turn = async () => {
    try {
      if (!document.hidden) {
        const url = new URL(box.dataset.feed, location.href);
        url.searchParams.set("log", place.log);
        url.searchParams.set("offset", place.offset);
        const found = await feed(url);
        [place.log, place.offset] = [found.log, found.offset];
        if (found.text) add(found.text);
        if (found.ended) {
          if (rest) add("\n");
          if (!lines) said.textContent = "It wrote nothing.";
          return;
        }
        if (found.text) return turn();
      }
    } catch (error) {
      say(error.message, "error");
    }
    setTimeout(turn, EVERY);
  };

  search.addEventListener("input", sift);
  level.addEventListener("change", sift);
  wrap.addEventListener("change", () => box.classList.toggle("wrap", wrap.checked));
  toError.addEventListener("click", () => {
    const first = box.querySelector('[data-rank="3"]');
    first?.closest("details")?.setAttribute("open", "");
    first?.scrollIntoView({ block: "center" });
    first?.classList.add("here");
  });
  turn();
}
