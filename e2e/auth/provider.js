// A real provider of OpenID Connect on loopback, and somebody who logs in there without a browser.

import Provider from "oidc-provider";

/** Starts the provider at this address, for the server at that one. */
export async function startProvider(issuer, server) {
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: "botcriptofy",
        client_secret: process.env.OIDC_ACME_CLIENT_SECRET,
        redirect_uris: [`${server}/api/auth/callback/acme`],
        grant_types: ["authorization_code", "refresh_token"],
      },
    ],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    scopes: ["openid", "email", "profile", "offline_access"],
    pkce: { required: () => true },
    cookies: { keys: ["for this test only"] },
    // whoever is called `unsure…` has not shown that the address is theirs
    findAccount: (_, sub) => ({
      accountId: sub,
      claims: () => ({ sub, name: `Name of ${sub}`, email: `${sub}@example.com`, email_verified: !sub.startsWith("unsure") }),
    }),
  });
  return new Promise((resolve) => {
    const listening = provider.listen(Number(new URL(issuer).port), "127.0.0.1", () => resolve(listening));
  });
}

/** Logs in at the provider's page and consents, each step by hand; answers where the provider sends the browser. */
export async function logIn(page, login, server) {
  const cookies = new Map();
  const ask = async (url, init = {}) => {
    const headers = { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join("; ") };
    const answer = await fetch(url, { ...init, headers, redirect: "manual" });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      cookies.set(name, value);
    }
    return answer;
  };
  let url = page;
  for (let step = 0; step < 12; step++) {
    const answer = await ask(url);
    const location = answer.headers.get("location");
    if (location) {
      url = new URL(location, url).href;
      if (url.startsWith(server)) return url;
      continue;
    }
    const html = await answer.text();
    const prompt = /name="prompt" value="(\w+)"/.exec(html)?.[1];
    if (!prompt) throw new Error(`the provider asks nothing: ${answer.status} ${html}`);
    const done = await ask(url, { method: "POST", body: new URLSearchParams({ prompt, login, password: "x" }) });
    url = new URL(done.headers.get("location"), url).href;
  }
  throw new Error("the provider never sends back");
}
