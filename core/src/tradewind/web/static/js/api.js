// Asking the REST API in the name of who looks at the page.

const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content ?? "";

// By this the server knows that no browser's own box is to ask for a name and a password
const ours = { "X-Requested-With": "fetch" };

/** The path before all others, where the server answers below one. */
export const root = meta("root");

/** What the server said that it cannot or will not do: `message` is its sentence, `fields` what is wrong by field. */
export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail ?? problem.title ?? `The server answered ${status}.`);
    this.status = status;
    this.fields = problem.fields ?? {};
  }
}

/**
 * Ask the API.
 *
 * @param {string} method of HTTP.
 * @param {string} path below /api/v1, parts already encoded.
 * @param {object} [body] sent as JSON.
 * @returns {Promise<any>} the answer's JSON, or null where there is none.
 * @throws {Refused}
 */
export async function ask(method, path, body) {
  const headers = { Accept: "application/json", "X-CSRFToken": meta("csrf-token"), ...ours };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const answer = await fetch(`${root}/api/v1${path}`, {
    method,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  let value = null;
  try {
    value = text ? JSON.parse(text) : null;
  } catch {
    value = { detail: text.slice(0, 500) };
  }
  if (!answer.ok) throw new Refused(answer.status, value ?? {});
  return value;
}

/** Ask for the JSON of a feed, a path of this server. */
export async function feed(path) {
  const answer = await fetch(path, { headers: { Accept: "application/json", ...ours } });
  if (answer.status === 401) location.reload(); // the session has ended: what is shown would grow old unnoticed
  if (!answer.ok) throw new Refused(answer.status, { detail: `The server answered ${answer.status}.` });
  return answer.json();
}

/** Say something to who looks: aloud to those who listen. */
export function say(text, kind = "notice") {
  const said = document.getElementById("said");
  const line = document.createElement("p");
  line.className = kind;
  line.textContent = text;
  said.replaceChildren(line);
  if (kind === "error") line.scrollIntoView({ block: "nearest" });
}
