// Importing variables: a file of JSON becomes the rows that the API takes.

import { say } from "./api.js";

const form = document.getElementById("import");
const [file, there, found] = ["file", "there", "found"].map((id) => document.getElementById(id));
const rows = form.elements.variables;

/** Return the variable of one entry; what is no text is kept as JSON. */
function row(key, given) {
  const isDescribed = given !== null && typeof given === "object" && !Array.isArray(given) && "value" in given
    && Object.keys(given).every((name) => name === "value" || name === "description");
  const value = isDescribed ? given.value : given;
  return {
    key,
    value: typeof value === "string" ? value : JSON.stringify(value),
    description: (isDescribed && given.description) || null,
  };
}

async function read() {
  rows.value = "";
  found.textContent = "";
  const chosen = file.files[0];
  if (!chosen) return;
  try {
    const given = JSON.parse(await chosen.text());
    if (given === null || typeof given !== "object" || Array.isArray(given)) throw new Error("it is no object");
    const made = Object.entries(given).map(([key, value]) => row(key, value));
    if (!made.length) throw new Error("it has no variables");
    rows.value = JSON.stringify(made);
    found.textContent = `${made.length} variables: ${made.slice(0, 10).map((each) => each.key).join(", ")}${made.length > 10 ? ", …" : ""}`;
  } catch (error) {
    say(`${chosen.name} cannot be imported: ${error.message}`, "error");
  }
}

file.addEventListener("change", read);
there.addEventListener("change", () => {
  for (const name of ["skip", "overwrite"]) form.elements[name].value = String(there.value === name);
});
form.addEventListener("submit", (event) => {
  if (rows.value) return;
  event.preventDefault();
  event.stopPropagation();
  say("Choose a file of variables first.", "error");
});
