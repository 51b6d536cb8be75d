// Dialogs that change what ran or will run. Those with a preview say first what they will do: the API is asked with `dry_run`.
//
// A dialog is in the page's HTML: <dialog id=… ><form data-act="POST /path" data-fixed='{…}'>…</form></dialog>; a button with
// data-open="ID" opens it. `data-preview` on the form asks for the preview whenever something in it changes.

import { ask, say } from "./api.js";
import { show, values } from "./forms.js";

const SHOWN = 12;

/** Have buttons open their dialogs, and forms in them act. */
export function act() {
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-open]");
    if (opener) open(document.getElementById(opener.dataset.open), opener);
    if (event.target.closest("dialog [data-close]")) event.target.closest("dialog").close();
  });
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-preview]");
    if (form) preview(form);
  });
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-act]");
    if (!form) return;
    event.preventDefault();
    send(form);
  });
}

function open(dialog, opener) {
  const form = dialog.querySelector("form");
  for (const [name, value] of Object.entries(JSON.parse(opener.dataset.set ?? "{}"))) {
    if (form.elements[name]) form.elements[name].value = value;
  }
  dialog.showModal();
  if ("preview" in form.dataset) preview(form);
}

function body(form, more = {}) {
  return { ...JSON.parse(form.dataset.fixed ?? "{}"), ...values(form), ...more };
}

const [method, path] = [(form) => form.dataset.act.split(" ")[0], (form) => form.dataset.act.split(" ")[1]];
let asked = 0;

async function preview(form) {
  const place = form.querySelector("[data-shows-preview]");
  const button = form.querySelector("button[type=submit]");
  const number = ++asked;
  place.textContent = "Looking what that comes to …";
  button.disabled = true;
  try {
    const found = await ask(method(form), path(form), body(form, { dry_run: true }));
    if (number !== asked) return; // another choice was made meanwhile
    place.replaceChildren(...told(found));
    button.disabled = !found.task_instances.length;
  } catch (error) {
    if (number === asked) place.textContent = error.message;
  }
}

/** Say what a change comes to: a sentence, and the first of what it is about. */
function told(found) {
  const tasks = found.task_instances;
  const sentence = document.createElement("p");
  const runs = found.dag_runs.length;
  sentence.textContent = tasks.length
    ? `${tasks.length} task${tasks.length === 1 ? "" : "s"} in ${runs} run${runs === 1 ? "" : "s"}:`
    : "Nothing would change.";
  const list = document.createElement("ul");
  list.className = "preview";
  for (const each of tasks.slice(0, SHOWN)) {
    const line = document.createElement("li");
    const index = each.map_index >= 0 ? ` [${each.map_index}]` : "";
    line.textContent = `${each.task_id}${index} in ${each.dag_run_id}: ${each.state.replaceAll("_", " ")} → ${each.effect ?? each.becomes}`;
    list.append(line);
  }
  if (tasks.length > SHOWN) {
    const rest = document.createElement("li");
    rest.textContent = `and ${tasks.length - SHOWN} more`;
    list.append(rest);
  }
  const kept = found.dag_runs.filter((each) => each.running?.length);
  const parts = [sentence, list];
  for (const each of kept) {
    const line = document.createElement("p");
    line.className = "warning";
    line.textContent = `${each.dag_run_id} stays as it is while these run: ${each.running.join(", ")}`;
    parts.push(line);
  }
  return parts;
}

async function send(form) {
  const button = form.querySelector("button[type=submit]");
  button.disabled = true;
  try {
    await ask(method(form), path(form), body(form, "preview" in form.dataset ? { dry_run: false } : {}));
    form.closest("dialog")?.close();
    if (form.dataset.then) location.assign(form.dataset.then);
    else location.reload();
  } catch (error) {
    show(form, error);
    form.querySelector("[data-shows-preview]")?.replaceChildren(error.message);
    if (!form.closest("dialog")) say(error.message, "error");
  } finally {
    button.disabled = false;
  }
}
