// Users, roles and tokens: lists that are gathered from boxes, tables that are searched, a token that is shown once.

import { say } from "./api.js";

/** Write into the field that is sent what all ticked boxes of a form stand for. */
function gather(form) {
  const items = [...form.querySelectorAll("input[data-item]:checked")].map((each) => each.dataset.item);
  form.elements[form.dataset.gather].value = `[${items.join(",")}]`;
}

/** Show those lines of a table only that are asked for; what is hidden is still sent. */
function sift(table) {
  const words = document.querySelector(`[data-filters="${table.id}"]`).value.trim().toLowerCase();
  const isOnly = document.querySelector(`[data-only="${table.id}"]`).checked;
  for (const line of table.tBodies[0].rows) {
    const isFound = line.cells[0].textContent.toLowerCase().includes(words);
    line.hidden = !isFound || (isOnly && !line.querySelector("input:checked"));
  }
}

/** Add a line with all actions on a resource, such as DAG:reports, or find the one that is there. */
function add(table, resource) {
  const known = [...table.tBodies[0].rows].find((each) => each.cells[0].textContent === resource);
  if (known) {
    known.hidden = false;
    return known;
  }
  const line = document.createElement("tr");
  const name = document.createElement("th");
  name.scope = "row";
  name.textContent = resource;
  line.append(name, ...JSON.parse(table.dataset.actions).map((action) => {
    const [cell, box] = [document.createElement("td"), document.createElement("input")];
    box.type = "checkbox";
    box.dataset.item = JSON.stringify({ action: { name: action }, resource: { name: resource } });
    box.setAttribute("aria-label", `${action} on ${resource}`);
    cell.append(box);
    return cell;
  }));
  table.tBodies[0].prepend(line);
  return line;
}

for (const form of document.querySelectorAll("form[data-gather]")) form.addEventListener("submit", () => gather(form));

const table = document.getElementById("permissions");
if (table) {
  for (const each of document.querySelectorAll("[data-filters], [data-only]")) {
    each.addEventListener("input", () => sift(table));
    each.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
  }
  const more = document.getElementById("more");
  const put = () => more.value.trim() && add(table, more.value.trim()).querySelector("input")?.focus();
  document.getElementById("add")?.addEventListener("click", put);
  more?.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    put();
  });
}

const token = document.getElementById("token");
token?.addEventListener("answered", (event) => {
  const [made, text] = [document.getElementById("made"), document.getElementById("token-text")];
  text.value = event.detail.token;
  made.hidden = false;
  text.focus();
  text.select();
  token.reset();
});
document.getElementById("copy")?.addEventListener("click", async () => {
  const text = document.getElementById("token-text");
  text.select();
  try {
    await navigator.clipboard.writeText(text.value);
    say("The token is copied.");
  } catch {
    say("The browser does not let pages copy here: the token is selected, copy it with the keyboard.");
  }
});
