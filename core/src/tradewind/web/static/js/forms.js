// Forms and buttons that ask the REST API: data-api="PATCH /connections/x". What is refused is told beside its field.

import { ask, Refused, say } from "./api.js";

/** Return what a form holds, as the API wants it: `data-as` says number, boolean, json or words; empty ones are left out. */
export function values(form) {
  const found = {};
  for (const each of form.elements) {
    if (!each.name || each.disabled || (each.type === "radio" && !each.checked)) continue;
    const value = valueOf(each);
    if (value === undefined) continue;
    const names = each.name.split(".");
    let into = found;
    for (const name of names.slice(0, -1)) into = into[name] ??= {};
    into[names.at(-1)] = value;
  }
  return found;
}

function valueOf(field) {
  if (field.type === "checkbox") return field.checked;
  const text = field.value;
  if (text === "") return "empty" in field.dataset ? (field.dataset.empty === "null" ? null : "") : undefined;
  switch (field.dataset.as) {
    case "number":
      return Number(text);
    case "boolean":
      return text === "true";
    case "json":
      try {
        return JSON.parse(text);
      } catch (error) {
        throw new Refused(400, { detail: `${field.name}: this is no JSON: ${error.message}`, fields: { [field.name]: [error.message] } });
      }
    case "words":
      return text.split(",").map((each) => each.trim()).filter(Boolean);
    default:
      return text;
  }
}

/** Show what is wrong beside the fields that it is wrong with; say the rest. */
export function show(form, error) {
  for (const old of form.querySelectorAll(".field-error")) old.remove();
  for (const [name, wrong] of Object.entries(error.fields ?? {})) {
    const field = form.elements[name];
    const told = [wrong].flat().filter((each) => typeof each === "string"); // of rows there are more, which the sentence tells
    if (!field || !told.length) continue;
    const line = document.createElement("span");
    line.className = "field-error";
    line.textContent = told.join(" ");
    field.insertAdjacentElement("afterend", line);
    field.setAttribute("aria-invalid", "true");
  }
  say(error.message, "error");
}

async function send(element, body) {
  const [method, path] = element.dataset.api.split(" ", 2);
  const buttons = element.matches("form") ? element.querySelectorAll("button") : [element];
  for (const each of buttons) each.disabled = true;
  try {
    const answer = await ask(method, path, body);
    if (element.dataset.then) location.assign(element.dataset.then);
    else if ("reload" in element.dataset) location.reload();
    else say(element.dataset.said ?? "Done.");
    element.dispatchEvent(new CustomEvent("answered", { detail: answer, bubbles: true }));
  } catch (error) {
    element.matches("form") ? show(element, error) : say(error.message, "error");
  } finally {
    for (const each of buttons) each.disabled = false;
  }
}

/** Have all forms and buttons with `data-api` ask the API; `data-confirm` asks the reader first. */
export function wire() {
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-api]");
    if (!form) return;
    event.preventDefault();
    try {
      send(form, values(form));
    } catch (error) {
      show(form, error);
    }
  });
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-api]");
    if (!button) return;
    if (button.dataset.confirm && !(await confirm(button.dataset.confirm))) return;
    send(button, button.dataset.body ? JSON.parse(button.dataset.body) : undefined);
  });
  document.addEventListener("change", (event) => {
    const box = event.target.closest("input[data-api]");
    if (box) send(box, { [box.name]: "invert" in box.dataset ? !box.checked : box.checked });
  });
}

/** Ask the reader whether to go on. */
export function confirm(question) {
  const dialog = document.createElement("dialog");
  dialog.innerHTML = '<form method="dialog"><p></p><p class="buttons"><button value="no" class="quiet">Cancel</button> <button value="yes">Go on</button></p></form>';
  dialog.querySelector("p").textContent = question;
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => {
    dialog.remove();
    resolve(dialog.returnValue === "yes");
  }));
}
