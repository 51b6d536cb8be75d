// What all plots are drawn with: elements of SVG, and lengths of time in words.

const SPACE = "http://www.w3.org/2000/svg";

/** Make an element of SVG. Texts are set as texts: nothing in them is markup. */
export function svg(name, attributes = {}, ...children) {
  const made = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(attributes)) if (value !== null && value !== undefined) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** Write seconds in their two largest units. */
export function short(seconds) {
  if (seconds < 0) return `−${short(-seconds)}`;
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  return `${Math.floor(whole / 86400)} d ${Math.floor((whole % 86400) / 3600)} h`;
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
