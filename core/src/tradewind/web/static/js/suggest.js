// Ids of DAGs that begin to fit, below a field while somebody writes into it.

import { ask } from "./api.js";

const FEW = 12;
const PATIENCE = 150;

for (const field of document.querySelectorAll('input[data-suggest="dags"]')) {
  let [timer, number] = [0, 0];
  const look = async () => {
    const mine = ++number;
    const pattern = encodeURIComponent(field.value.trim());
    const found = await ask("GET", `/dags?limit=${FEW}&order_by=dag_id&fields=dag_id${pattern ? `&dag_id_pattern=${pattern}` : ""}`);
    if (mine === number) field.list.replaceChildren(...found.dags.map((each) => new Option(each.dag_id, each.dag_id)));
  };
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, PATIENCE);
  });
  field.addEventListener("focus", look, { once: true });
}
