// Many rows at once: what is checked is kept while the list renews itself, counted, asked about, and then asked of the REST API.

import { ask, say } from "./api.js";
import { confirm } from "./forms.js";

const bar = document.getElementById("bulk");
const chosen = new Map();
const part = encodeURIComponent;

const boxes = () => [...document.querySelectorAll("input[data-pick]")];
const plural = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;

/** Put rows together that one request can be about: by these names of their data. */
function together(rows, ...names) {
  const found = new Map();
  for (const row of rows) {
    const key = JSON.stringify(names.map((name) => row[name]));
    found.set(key, [...(found.get(key) ?? []), row]);
  }
  return [...found.values()];
}

const runs = (rows) => [...new Set(rows.map((row) => row.run))];

// What each button asks for: requests, which of them can be tried first, and what it is called
const WORK = {
  runs: {
    noun: "run",
    clear: (rows, more) => together(rows, "dag").map((same) => ({
      to: `/dags/${part(same[0].dag)}/clearTasks`,
      body: { dag_run_ids: runs(same), ...more },
      tried: true,
    })),
    mark: (rows, more) => together(rows, "dag").map((same) => ({
      to: `/dags/${part(same[0].dag)}/dagRuns/bulk`,
      body: { action: "mark", dag_run_ids: runs(same), ...more },
    })),
    delete: (rows) => together(rows, "dag").map((same) => ({
      to: `/dags/${part(same[0].dag)}/dagRuns/bulk`,
      body: { action: "delete", dag_run_ids: runs(same) },
    })),
  },
  instances: {
    noun: "task instance",
    clear: (rows, more) => together(rows, "dag", "run").map((same) => ({
      to: `/dags/${part(same[0].dag)}/clearTaskInstances`,
      body: {
        dag_run_id: same[0].run,
        task_ids: same.map((row) => (Number(row.index) < 0 ? row.task : [row.task, Number(row.index)])),
        only_failed: false,
        ...more,
      },
      tried: true,
    })),
    mark: (rows, more) => together(rows, "dag", "task", "index").map((same) => ({
      to: `/dags/${part(same[0].dag)}/markTasks`,
      body: {
        task_id: same[0].task,
        dag_run_ids: runs(same),
        ...(Number(same[0].index) < 0 ? {} : { map_indexes: [Number(same[0].index)] }),
        ...more,
      },
      tried: true,
    })),
  },
};

/** Tell how many are chosen, and which buttons are for all of them. */
function tell() {
  bar.querySelector("[data-chosen]").textContent = chosen.size ? `${chosen.size} chosen` : "none chosen";
  for (const button of bar.querySelectorAll("button[data-do]")) {
    button.disabled = !chosen.size || [...chosen.values()].some((row) => !row.may.split(" ").includes(button.dataset.do));
  }
  const all = document.querySelector("input[data-pick-all]");
  const shown = boxes();
  if (!all) return;
  all.checked = shown.length > 0 && chosen.size === shown.length;
  all.indeterminate = chosen.size > 0 && !all.checked;
}

/** Check what was chosen in a list that was written anew; what it has no more is not chosen any more. */
function keep() {
  const shown = new Map(boxes().map((box) => [box.value, box]));
  for (const value of [...chosen.keys()]) if (!shown.has(value)) chosen.delete(value);
  for (const [value, box] of shown) box.checked = chosen.has(value);
  tell();
}

function choose(box) {
  box.checked ? chosen.set(box.value, { ...box.dataset }) : chosen.delete(box.value);
}

/** Ask what it would come to, where the API tells; then the reader; then do it. */
async function act(button) {
  const work = WORK[bar.dataset.bulk];
  const rows = [...chosen.values()];
  const requests = work[button.dataset.do](rows, button.dataset.as ? JSON.parse(button.dataset.as) : {});
  const dags = new Set(rows.map((row) => row.dag)).size;
  const what = `${button.textContent}: ${plural(rows.length, work.noun)}${dags > 1 ? ` of ${dags} DAGs` : ""}`;
  let question = `${what}?`;
  if (requests.every((each) => each.tried)) {
    let number = 0;
    for (const each of requests) number += (await ask("POST", each.to, { ...each.body, dry_run: true })).task_instances.length;
    if (!number) return say(`${what}: nothing would change.`);
    question = `${what}? That changes ${plural(number, "task instance")}.`;
  }
  if (button.dataset.do === "delete") question += " Nothing brings them back.";
  if (!(await confirm(question))) return;
  let [done, left] = [0, 0];
  try {
    for (const each of requests) {
      const answer = await ask("POST", each.to, each.tried ? { ...each.body, dry_run: false } : each.body);
      left += (answer.dag_runs ?? []).filter((run) => run.is_left).length;
      done += 1;
    }
    say(left ? `${what}: done, but for ${plural(left, "run")} in which something is running.` : `${what}: done.`, left ? "warning" : "notice");
  } catch (error) {
    const before = done ? ` ${done} of ${requests.length} requests were done before.` : "";
    say(`${error.message}${before}`, "error");
  }
  chosen.clear();
  document.activeElement?.blur(); // so that the list renews itself
  keep();
}

if (bar) {
  document.addEventListener("change", (event) => {
    if (event.target.matches("input[data-pick]")) choose(event.target);
    else if (event.target.matches("input[data-pick-all]")) {
      for (const box of boxes()) {
        box.checked = event.target.checked;
        choose(box);
      }
    } else return;
    tell();
  });
  document.addEventListener("renewed", keep);
  bar.addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-do]");
    if (!button) return;
    bar.setAttribute("aria-busy", "true");
    try {
      await act(button);
    } catch (error) {
      say(error.message, "error");
    } finally {
      bar.removeAttribute("aria-busy");
    }
  });
  keep();
}
