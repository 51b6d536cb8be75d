// Connections: the extra is made of its fields, the type says which there are, and a test tells what it found.

import { ask, Refused, say } from "./api.js";
import { show, values } from "./forms.js";

const form = document.getElementById("connection");
let drawn = 0;

function said(answer) {
  say(answer.status ? `It works: ${answer.message}` : `It does not work: ${answer.message}`, answer.status ? "notice" : "error");
}

function parsed(text, what) {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Refused(400, { detail: `${what}: this is no JSON: ${error.message}` });
  }
}

function typed(field) {
  const text = field.value;
  switch (field.dataset.kind) {
    case "boolean":
      return text === "" ? undefined : text === "true";
    case "integer":
      return text === "" ? undefined : Number(text);
    case "json":
      return text.trim() === "" ? undefined : parsed(text, field.dataset.extra);
    default:
      return text === "" ? undefined : text;
  }
}

function isTouched(field) {
  if (field.matches("select")) return field.selectedIndex !== Math.max(0, [...field.options].findIndex((each) => each.defaultSelected));
  return field.value !== field.defaultValue;
}

/** Write into the field that is sent what all fields of the extra say together; what nobody touched stays as it was. */
export function compose() {
  const [whole, rest] = [document.getElementById("extra"), document.getElementById("extra-rest")];
  const fields = [...form.querySelectorAll("[data-extra]")];
  if ("whole" in rest.dataset || !(fields.length || rest.value.trim())) {
    whole.value = rest.value;
    return;
  }
  const was = whole.dataset.was ? JSON.parse(whole.dataset.was) : {};
  const made = rest.value.trim() ? parsed(rest.value, "Further settings") : {};
  if (made === null || typeof made !== "object" || Array.isArray(made)) {
    throw new Refused(400, { detail: 'Further settings: write an object, such as {"timeout": 5}.' });
  }
  for (const field of fields) {
    const name = field.dataset.extra;
    if (form.querySelector(`[data-drop="${CSS.escape(name)}"]`)?.checked) continue;
    const isKept = field.dataset.kind === "secret" ? field.value === "" : !isTouched(field);
    const value = isKept ? was[name] : typed(field);
    if (value !== undefined) made[name] = value;
  }
  whole.value = Object.keys(made).length ? JSON.stringify(made) : "";
}

/** Draw the fields of another type; what was written into those that stay is kept. */
async function draw(type) {
  const [box, url, number] = [document.getElementById("connection-fields"), new URL(location.href), ++drawn];
  url.searchParams.set("conn_type", type);
  url.searchParams.set("part", "fields");
  const answer = await fetch(url, { headers: { Accept: "text/html" } });
  if (!answer.ok) return say(`The fields of ${type} cannot be had: the server answered ${answer.status}.`, "error");
  const text = await answer.text();
  if (number !== drawn) return; // an older question's answer came late
  const kept = new Map([...box.querySelectorAll("input, textarea, select")].filter((each) => each.type !== "hidden").map((each) => [each.id, each]));
  box.innerHTML = text; // written by the server, which escapes
  for (const each of box.querySelectorAll("input, textarea, select")) {
    const old = kept.get(each.id);
    if (!old || old.type !== each.type || (each.id === "extra-rest" && old.value === old.defaultValue)) continue;
    if (each.type === "checkbox") each.checked = old.checked;
    else if (old.value) each.value = old.value;
  }
}

document.addEventListener("answered", (event) => {
  if ("test" in event.target.dataset) said(event.detail);
});

if (form) {
  form.addEventListener("submit", (event) => {
    try {
      compose();
    } catch (error) {
      event.preventDefault();
      event.stopPropagation();
      show(form, error);
    }
  });
  document.getElementById("connection-type").addEventListener("change", (event) => event.target.value && draw(event.target.value));
  const button = document.getElementById("try");
  button?.addEventListener("click", async () => {
    if (!form.reportValidity()) return;
    button.disabled = true;
    try {
      compose();
      said(await ask("POST", "/connections/test", values(form)));
    } catch (error) {
      show(form, error);
    } finally {
      button.disabled = false;
    }
  });
}
