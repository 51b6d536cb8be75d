// An OpenID provider for tests: node provider.mjs PORT PEOPLE CLIENT, the last two as JSON.
// PEOPLE: {"ann": {"password": "…", "claims": {"groups": ["…"]}}}. It asks for name and password, and for no consent.
import { createServer } from "node:http";
import { Provider } from "oidc-provider";

const [port, people, client] = process.argv.slice(2).map((word) => JSON.parse(word));
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [client],
  claims: { openid: ["sub"], profile: ["preferred_username", "given_name", "family_name", "groups"], email: ["email"] },
  conformIdTokenClaims: false,
  cookies: { keys: ["of a test"] },
  features: { devInteractions: { enabled: false } },
  findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id, ...people[id].claims }) }),
  interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
  loadExistingGrant: async (ctx) => {
    const grant = new provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope("openid profile email");
    await grant.save();
    return grant;
  },
});

async function interaction(request, response) {
  if (request.method !== "POST") {
    response.setHeader("Content-Type", "text/html");
    response.end('<form method="post"><input name="login"><input name="password" type="password"></form>');
    return;
  }
  let body = "";
  for await (const part of request) body += part;
  const given = new URLSearchParams(body);
  const person = people[given.get("login")];
  if (person === undefined || person.password !== given.get("password")) {
    response.statusCode = 401;
    response.end("The name or the password is wrong.");
    return;
  }
  await provider.interactionFinished(request, response, { login: { accountId: given.get("login") } });
}

const answer = provider.callback();
createServer((request, response) =>
  request.url.startsWith("/interaction/") ? interaction(request, response) : answer(request, response),
).listen(port, "127.0.0.1");
