// Finding a DAG from anywhere: Ctrl+K.

import { ask, root } from "./api.js";

/** Open a dialog that finds DAGs, by the button and by Ctrl+K. */
export function find(button) {
  if (!button) return;
  button.addEventListener("click", open);
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      open();
    }
  });
}

function open() {
  if (document.querySelector("dialog.find")) return;
  const dialog = document.createElement("dialog");
  dialog.className = "find";
  dialog.innerHTML = '<form method="dialog"><label>Find a DAG <input type="search" autocomplete="off" autofocus></label><ul></ul></form>';
  const [field, list] = [dialog.querySelector("input"), dialog.querySelector("ul")];
  let asked = 0;
  const look = async () => {
    const number = ++asked;
    const pattern = encodeURIComponent(field.value.trim());
    const found = await ask("GET", `/dags?limit=12&order_by=dag_id${pattern ? `&dag_id_pattern=${pattern}` : ""}&fields=dag_id`);
    if (number !== asked) return; // an older question's answer came late
    list.replaceChildren(...found.dags.map((each) => {
      const [line, link] = [document.createElement("li"), document.createElement("a")];
      link.textContent = each.dag_id;
      link.href = `${root}/dags/${encodeURIComponent(each.dag_id)}`;
      line.append(link);
      return line;
    }));
  };
  field.addEventListener("input", look);
  dialog.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    const first = list.querySelector("a");
    if (first) location.assign(first.href);
  });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  look();
}
