// Moments in the reader's time zone, and as seen from now.

const KEY = "tradewind.zone";
const steps = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
const relative = new Intl.RelativeTimeFormat("en", { numeric: "always", style: "short" });
let written = new Map();

export const zone = () => localStorage.getItem(KEY) || "UTC";

/** The local time zone of the browser. */
export const local = () => Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

function writer(of) {
  if (!written.has(of)) {
    written.set(of, new Intl.DateTimeFormat("sv-SE", {
      timeZone: of, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit",
    }));
  }
  return written.get(of);
}

/** Write a moment as 2026-11-24 08:15:00, in a time zone. */
export function absolute(moment, of = zone()) {
  return writer(of).format(moment);
}

/** Write a moment as seen from now, such as 3 min. ago. */
export function ago(moment, now = Date.now()) {
  const seconds = (moment.getTime() - now) / 1000;
  const [unit, size] = steps.find(([, each]) => Math.abs(seconds) >= each) ?? steps.at(-1);
  return relative.format(Math.trunc(seconds / size), unit);
}

/** Write all moments below an element anew. */
export function write(below = document) {
  const of = zone();
  for (const each of below.querySelectorAll("time[datetime]")) {
    const moment = new Date(each.dateTime);
    const full = `${absolute(moment, of)} ${of}`;
    const text = "relative" in each.dataset ? ago(moment) : absolute(moment, of);
    if (each.textContent !== text) each.textContent = text;
    if (each.title !== full) each.title = full;
  }
}

/** Fill the selector of time zones, and write everything anew when another one is chosen. */
export function choose(select) {
  const zones = [...new Set(["UTC", local(), ...(Intl.supportedValuesOf?.("timeZone") ?? [])])];
  select.replaceChildren(...zones.map((each) => new Option(each.replaceAll("_", " "), each, false, each === zone())));
  select.addEventListener("change", () => {
    localStorage.setItem(KEY, select.value);
    write();
    document.dispatchEvent(new CustomEvent("zone"));
  });
}
