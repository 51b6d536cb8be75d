// What all plots are drawn with: elements of SVG, and lengths of time in words.

const SPACE = "http://www.w3.org/2000/svg";

/** Make an element of SVG. Texts are set as texts: nothing in them is markup. */
export function svg(name, attributes = {}, ...children) {
  const made = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(attributes)) if (value !== null && value !== undefined) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const UNITS = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];

/** Write seconds in their two largest units. */
export function short(seconds) {
  if (seconds < 0) return `−${short(-seconds)}`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  let left = Math.round(seconds);
  const place = UNITS.findIndex(([, size]) => left >= size);
  const found = UNITS.slice(place, place + 2).map(([unit, size]) => {
    const number = Math.floor(left / size);
    left -= number * size;
    return number ? `${number} ${unit}` : "";
  });
  return found.filter(Boolean).join(" ");
}

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];

/** Return where lines of a scale stand, about four of them up to the largest value. */
export function lines(largest) {
  const wanted = largest / 4;
  let step = STEPS.find((each) => each >= wanted);
  if (!step) step = Math.ceil(wanted / 86400) * 86400;
  if (wanted < 0.5) step = 10 ** Math.floor(Math.log10(wanted || 0.1)) * 5;
  const found = [];
  for (let at = step; at <= largest; at += step) found.push(at);
  return found;
}

/** The path of a run below that of its DAG. */
export const runPath = (run) => run.split("/").map(encodeURIComponent).join("/");
