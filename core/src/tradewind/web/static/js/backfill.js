// The form that starts a backfill: first the dates are shown with what becomes of each, then it can be started.

import { ask, Refused, root, say } from "./api.js";
import { show, values } from "./forms.js";
import { absolute, zone } from "./time.js";

const SHOWN = 100;
const form = document.getElementById("backfill");

if (form) {
  const [start, preview] = [document.getElementById("start"), document.getElementById("preview")];
  const dag = decodeURIComponent(form.dataset.path.split("/")[2]);

  // Fields of a form know no time zone: what stands in them is meant in UTC
  const body = () => {
    const found = values(form);
    for (const name of ["from_date", "to_date"]) if (found[name]) found[name] = `${found[name]}Z`;
    return found;
  };
  const send = async (more) => {
    for (const field of form.elements) field.removeAttribute("aria-invalid");
    for (const old of form.querySelectorAll(".field-error")) old.remove();
    try {
      return await ask("POST", form.dataset.path, { ...body(), ...more });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      show(form, error);
      return null;
    }
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    start.disabled = true;
    const found = await send({ dry_run: true });
    preview.replaceChildren();
    if (!found) return;
    const making = found.dates.filter((each) => each.becomes !== "skipped").length;
    preview.append(drawn(found, dag));
    start.disabled = !making;
    start.textContent = found.dates_total > found.dates.length ? "Start" : `Start ${making} of ${found.dates_total} dates`;
    start.focus();
  });
  form.addEventListener("input", () => {
    start.disabled = true; // other dates were shown than would be made
    start.textContent = "Start";
    preview.replaceChildren();
  });
  start.addEventListener("click", async () => {
    start.disabled = true;
    const found = await send({});
    if (!found) return;
    preview.replaceChildren();
    start.textContent = "Start";
    say(`The backfill has ${found.dates_total} dates; schedulers make their runs.`);
  });
}

function element(name, text, ...children) {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  made.append(...children);
  return made;
}

function drawn(found, dag) {
  const rows = found.dates.slice(0, SHOWN).map((each) => {
    const run = element("td");
    if (each.dag_run_id) {
      const link = element("a", each.dag_run_id);
      link.href = `${root}/dags/${encodeURIComponent(dag)}/runs/${each.dag_run_id.split("/").map(encodeURIComponent).join("/")}`;
      run.append(link, ` ${each.dag_run_state}`);
    }
    return element("tr", "", element("td", absolute(new Date(each.logical_date))), element("td", each.becomes), run);
  });
  const head = element("tr", "", element("th", `Logical date (${zone()})`), element("th", "Becomes"), element("th", "Its run now"));
  const table = element("table", "", element("thead", "", head), element("tbody", "", ...rows));
  const box = element("div", "", element("h3", `${found.dates_total} dates`), table);
  box.className = "card";
  if (found.dates_total > rows.length) box.append(element("p", `and ${found.dates_total - rows.length} more`));
  return box;
}
