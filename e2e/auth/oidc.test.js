// Sign-in by a real provider of OpenID Connect, by the official client in every release that must work.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { PASSWORD, data } from "./people.js";
import { RELEASES, mailedLink, newClient, open, versionOf } from "./support.js";
import { logIn, startProvider } from "./provider.js";

const { BOTCRIPTOFY_URL: server, OIDC_ACME_ISSUER: issuer } = process.env;

let provider;
before(async () => {
  provider = await startProvider(issuer, server);
});
after(() => {
  provider.closeAllConnections();
  provider.close();
});

/** Opens a link with the cookies of a client, as its browser does; answers where it leads. */
async function follow(link, cookies) {
  const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  const answer = await fetch(link, { headers: { cookie }, redirect: "manual" });
  for (const line of answer.headers.getSetCookie()) {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
    if (/max-age=0(;|$)/i.test(line)) cookies.delete(name);
    else cookies.set(name, value);
  }
  assert.equal(answer.status, 302, await answer.text());
  return answer.headers.get("location");
}

const WAYS = { provider: "acme", callbackURL: "/home", errorCallbackURL: "/oops", newUserCallbackURL: "/welcome" };

/** Signs in by the provider as somebody whom it knows; answers the client and where it was led. */
async function signIn(release, login, ways = {}) {
  const it = await newClient(release);
  const { url, redirect } = data(await it.client.signIn.social({ ...WAYS, ...ways }));
  assert.equal(redirect, true);
  assert.ok(url.startsWith(issuer), url);
  const led = await follow(await logIn(url, login, server), it.cookies);
  return { ...it, led };
}

/** A user with a password and a verified address, signed in. */
async function withPassword(release, email) {
  const it = await newClient(release);
  data(await it.client.signUp.email({ name: "Bob", email, password: PASSWORD }));
  await open(await mailedLink(email));
  data(await it.client.signIn.email({ email, password: PASSWORD }));
  return it;
}

for (const release of RELEASES) {
  const version = await versionOf(release);

  describe(`the client ${version}`, { concurrency: false }, () => {
    test("signs a stranger up, and in again as the same user", async () => {
      const first = await signIn(release, `ana-${release}`);
      assert.equal(first.led, "/welcome");
      const { user } = data(await first.client.getSession());
      assert.equal(user.email, `ana-${release}@example.com`);
      assert.equal(user.name, `Name of ana-${release}`);
      assert.equal(user.emailVerified, true);
      const again = await signIn(release, `ana-${release}`);
      assert.equal(again.led, "/home");
      assert.equal(data(await again.client.getSession()).user.id, user.id);
    });

    test("gets nobody in whose address the provider does not vouch for", async () => {
      const { led, client } = await signIn(release, `unsure-${release}`);
      assert.equal(led, "/oops?error=email_not_verified");
      assert.equal(data(await client.getSession()), null);
      // the mail of ours does vouch for it
      await open(await mailedLink(`unsure-${release}@example.com`));
      assert.equal((await signIn(release, `unsure-${release}`)).led, "/home");
    });

    test("does not link by an address that the provider does not vouch for", async () => {
      await withPassword(release, `unsure-taken-${release}@example.com`);
      const { led } = await signIn(release, `unsure-taken-${release}`);
      assert.equal(led, "/oops?error=account_not_linked");
    });

    test("links an account to the user who is signed in", async () => {
      const { client, cookies } = await withPassword(release, `bob-${release}@example.com`);
      const { url } = data(await client.linkSocial({ ...WAYS }));
      assert.equal(await follow(await logIn(url, `eve-${release}`, server), cookies), "/oops?error=email_does_not_match");
      const once = data(await client.linkSocial({ ...WAYS }));
      assert.equal(await follow(await logIn(once.url, `bob-${release}`, server), cookies), "/home");
      const { user } = data(await client.getSession());
      const by = await signIn(release, `bob-${release}`);
      assert.equal(data(await by.client.getSession()).user.id, user.id);
    });

    test("is refused when another browser brings the answer", async () => {
      const { client } = await newClient(release);
      const { url } = data(await client.signIn.social({ ...WAYS }));
      const back = await logIn(url, `ana-${release}`, server);
      assert.equal(await follow(back, new Map()), "/oops?error=state_mismatch");
    });
  });
}

test("the newest client gets tokens of the provider, has them refreshed and learns who it is there", async () => {
  const { client } = await signIn("better-auth", "carla", { scopes: ["offline_access"] });
  const info = data(await client.accountInfo({ query: { accountId: "carla" } }));
  assert.equal(info.user.email, "carla@example.com");
  const { accountId } = { accountId: info.account.id };
  const tokens = data(await client.getAccessToken({ accountId }));
  assert.ok(tokens.accessToken && tokens.accessTokenExpiresAt > new Date());
  const fresh = data(await client.refreshToken({ accountId }));
  assert.notEqual(fresh.accessToken, tokens.accessToken);
  assert.equal(data(await client.getAccessToken({ accountId })).accessToken, fresh.accessToken);
  const { error } = await client.unlinkAccount({ accountId });
  assert.equal(error.code, "FAILED_TO_UNLINK_LAST_ACCOUNT");
});
