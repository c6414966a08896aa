// Sign-in by a mailed link, by the official client in every release that must work.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { PASSWORD, data, link, person, refused } from "./people.js";
import { RELEASES, newClient, open, versionOf } from "./support.js";

/** The user whose session the cookies of an answer open. */
async function userOf(release, response) {
  const { client, cookies } = await newClient(release);
  for (const line of response.headers.getSetCookie()) {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
    cookies.set(name, value);
  }
  return data(await client.getSession())?.user;
}

for (const release of RELEASES) {
  const version = await versionOf(release);

  describe(`the client ${version} with a magic link`, { concurrency: false }, () => {
    const known = `known-magic-${release}@example.com`;
    const unknown = `unknown-magic-${release}@example.com`;

    test("signs a user in, once", async () => {
      await person(release, known);
      const { client } = await newClient(release);
      assert.equal(data(await client.signIn.magicLink({ email: known, callbackURL: "/in", errorCallbackURL: "/failed" })).status, true);
      const address = await link(known, "/magic-link/verify");
      const led = await open(address);
      assert.equal(led.status, 302);
      assert.equal(new URL(led.headers.get("location")).pathname, "/in");
      assert.equal((await userOf(release, led)).email, known);
      const again = await open(address);
      const page = new URL(again.headers.get("location"));
      assert.deepEqual([page.pathname, page.searchParams.get("error")], ["/failed", "INVALID_TOKEN"]);
      assert.equal(again.headers.getSetCookie().length, 0);
    });

    test("makes a user of whoever has none", async () => {
      const { client } = await newClient(release);
      const pages = { callbackURL: "/in", newUserCallbackURL: "/welcome" };
      assert.equal(data(await client.signIn.magicLink({ email: unknown, name: "Bia", ...pages })).status, true);
      const led = await open(await link(unknown, "/magic-link/verify"));
      assert.equal(new URL(led.headers.get("location")).pathname, "/welcome");
      const user = await userOf(release, led);
      assert.deepEqual([user.email, user.name, user.emailVerified], [unknown, "Bia", true]);
      refused(await client.signIn.email({ email: unknown, password: PASSWORD }), 401, "INVALID_EMAIL_OR_PASSWORD");
    });

    test("answers with the session where no page is named", async () => {
      const email = `plain-magic-${release}@example.com`;
      const { client, cookies } = await newClient(release);
      data(await client.signIn.magicLink({ email }));
      const token = new URL(await link(email, "/magic-link/verify")).searchParams.get("token");
      const verified = data(await client.magicLink.verify({ query: { token } }));
      assert.equal(verified.user.email, email);
      assert.equal(verified.session.token, verified.token);
      assert.ok(cookies.has("better-auth.session_token"));
      assert.equal(data(await client.getSession()).user.email, email);
    });

    test("leads to no other site", async () => {
      const { client } = await newClient(release);
      const evil = "https://evil.example/";
      refused(await client.signIn.magicLink({ email: known, callbackURL: evil }), 403, "INVALID_CALLBACK_URL");
      refused(await client.signIn.magicLink({ email: known, newUserCallbackURL: evil }), 403, "INVALID_NEW_USER_CALLBACK_URL");
      refused(await client.signIn.magicLink({ email: known, errorCallbackURL: evil }), 403, "INVALID_ERROR_CALLBACK_URL");
    });
  });
}
