// The same as a table, for those who read instead of looking; made when it is opened.

const el = (name, ...inside) => {
  const made = document.createElement(name);
  made.append(...inside);
  return made;
};

function short(text) {
  const made = el("td", text);
  made.className = "nowrap";
  return made;
}

/**
 * Fill a `details` element with a table of tasks once it is open.
 *
 * @param {HTMLDetailsElement} below where.
 * @param {{rows: function(): object[], hasRun: function(): boolean, isCompared: function(): boolean}} source what there is.
 * @returns {{draw: function(): void}} writes the table anew where it is open.
 */
export function outline(below, source) {
  const table = el("table");
  const frame = el("div", table);
  frame.className = "wide-table";
  below.append(frame);
  const draw = () => {
    if (!below.open) return;
    const names = ["Task", ...(source.hasRun() ? ["State"] : []), ...(source.isCompared() ? ["Difference"] : []), "Operator", "After", "Before"];
    const focused = table.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    table.replaceChildren(
      el("thead", el("tr", ...names.map((name) => el("th", name)))),
      el("tbody", ...source.rows().map((row) => {
        const link = row.url ? el("a", row.id) : row.id;
        if (row.url) link.href = row.url;
        return el("tr", el("td", link), ...(source.hasRun() ? [el("td", row.fate)] : []), ...(source.isCompared() ? [el("td", row.mark)] : []),
          short(row.operator), el("td", row.before.join(", ")), el("td", row.after.join(", ")));
      })),
    );
    if (focused) [...table.querySelectorAll("a")].find((each) => each.getAttribute("href") === focused)?.focus();
  };
  below.addEventListener("toggle", draw);
  return { draw };
}
