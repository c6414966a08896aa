// The official client of Better Auth against the server, in every release that must work.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { PASSWORD, data, refused } from "./people.js";
import { RELEASES, mailedLink, newClient, open, versionOf } from "./support.js";

for (const release of RELEASES) {
  const version = await versionOf(release);

  describe(`the client ${version}`, { concurrency: false }, () => {
    const email = `core-${release}@example.com`;
    const signIn = async (extra = {}) => {
      const it = await newClient(release);
      const signedIn = data(await it.client.signIn.email({ email, password: PASSWORD, ...extra }));
      return { ...it, signedIn };
    };

    test("signs up and gets a user, but no session before the address is verified", async () => {
      const { client, cookies } = await newClient(release);
      const { token, user } = data(await client.signUp.email({ name: "Ana", email: email.toUpperCase(), password: PASSWORD }));
      assert.equal(token, null);
      assert.equal(user.email, email);
      assert.equal(user.name, "Ana");
      assert.equal(user.emailVerified, false);
      assert.equal(user.image, null);
      assert.ok(new Date(user.createdAt).getTime() > Date.now() - 60_000);
      assert.equal(cookies.size, 0);
      refused(await client.signIn.email({ email, password: PASSWORD }), 403, "EMAIL_NOT_VERIFIED");
    });

    test("is told nothing about an address that is taken", async () => {
      const { client } = await newClient(release);
      const { token, user } = data(await client.signUp.email({ name: "Eve", email, password: PASSWORD }));
      assert.equal(token, null);
      assert.equal(user.email, email);
      assert.equal(user.name, "Eve");
    });

    test("verifies the address by the link of the mail, as often as it likes", async () => {
      const link = await mailedLink(email);
      const { client } = await newClient(release);
      for (const _ of [1, 2]) {
        const { status, headers } = await open(link);
        assert.equal(status, 302);
        assert.equal(headers.get("location"), "/");
      }
      const token = new URL(link).searchParams.get("token");
      assert.equal(data(await client.verifyEmail({ query: { token } })).status, true);
      refused(await client.verifyEmail({ query: { token: `${token}x` } }), 401, "INVALID_TOKEN");
    });

    test("signs in and sees the session with true dates", async () => {
      const { client, cookies, signedIn } = await signIn();
      assert.equal(signedIn.redirect, false);
      assert.equal(signedIn.user.emailVerified, true);
      assert.ok(cookies.has("better-auth.session_token"));
      const { session, user } = data(await client.getSession());
      assert.equal(session.token, signedIn.token);
      assert.equal(session.userId, user.id);
      assert.equal(user.email, email);
      const week = 7 * 24 * 3600 * 1000;
      assert.ok(session.expiresAt instanceof Date);
      assert.ok(Math.abs(session.expiresAt.getTime() - Date.now() - week) < 60_000);
      await client.signOut();
    });

    test("has no session without a cookie or with one that was tampered with", async () => {
      const { client, cookies } = await newClient(release);
      assert.equal(data(await client.getSession()), null);
      const { cookies: theirs, client: other } = await signIn();
      const name = "better-auth.session_token";
      cookies.set(name, theirs.get(name).replace(/^../, "xx"));
      assert.equal(data(await client.getSession()), null);
      await other.signOut();
    });

    test("lists the sessions and revokes one, the others and all", async () => {
      const [first, second, third] = [await signIn(), await signIn(), await signIn()];
      const listed = data(await first.client.listSessions());
      assert.equal(listed.length, 3);
      assert.ok(listed.every((session) => session.createdAt instanceof Date));
      const { session } = data(await second.client.getSession());
      const { token } = listed.find(({ id }) => id === session.id);
      assert.equal(data(await first.client.revokeSession({ token })).status, true);
      assert.equal(data(await second.client.getSession()), null);
      assert.equal(data(await first.client.revokeSession({ token: "nobody's" })).status, true);
      assert.notEqual(data(await first.client.getSession()), null);
      assert.equal(data(await first.client.revokeOtherSessions()).status, true);
      assert.equal(data(await third.client.getSession()), null);
      assert.equal(data(await first.client.listSessions()).length, 1);
      assert.equal(data(await first.client.revokeSessions()).status, true);
      assert.equal(data(await first.client.getSession()), null);
      refused(await first.client.listSessions(), 401, "UNAUTHORIZED");
    });

    test("signs out, and the session is gone", async () => {
      const { client, cookies } = await signIn();
      const kept = new Map(cookies);
      assert.equal(data(await client.signOut()).success, true);
      assert.equal(cookies.size, 0);
      for (const [name, value] of kept) cookies.set(name, value);
      assert.equal(data(await client.getSession()), null);
      assert.equal(data(await client.signOut()).success, true);
    });

    test("is not remembered when it asks not to be", async () => {
      const { client, cookies } = await signIn({ rememberMe: false });
      assert.ok(cookies.has("better-auth.dont_remember"));
      const { session } = data(await client.getSession());
      const day = 24 * 3600 * 1000;
      assert.ok(Math.abs(session.expiresAt.getTime() - Date.now() - day) < 60_000);
      await client.signOut();
    });

    test("carries the token as a bearer", async () => {
      const { signedIn, client: other } = await signIn();
      const { client } = await newClient(release);
      const { user } = data(await client.getSession({ fetchOptions: { headers: { authorization: `Bearer ${signedIn.token}` } } }));
      assert.equal(user.email, email);
      await other.signOut();
    });

    test("reads refusals by their status and code", async () => {
      const { client } = await newClient(release);
      refused(await client.signIn.email({ email, password: "wrong" }), 401, "INVALID_EMAIL_OR_PASSWORD");
      refused(await client.signIn.email({ email: "nobody@example.com", password: PASSWORD }), 401, "INVALID_EMAIL_OR_PASSWORD");
      refused(await client.signIn.email({ email: "nobody", password: PASSWORD }), 400, "INVALID_EMAIL");
      refused(await client.signUp.email({ name: "x", email: "x@example.com", password: "short" }), 400, "PASSWORD_TOO_SHORT");
      refused(await client.signUp.email({ name: "x", email: "x@example.com", password: "x".repeat(129) }), 400, "PASSWORD_TOO_LONG");
      refused(await client.signUp.email({ name: "x", email: "no address", password: PASSWORD }), 400, "VALIDATION_ERROR");
      refused(await client.signUp.email({ name: "x", email: "x@example.com", password: PASSWORD, role: "admin" }), 400, "FIELD_NOT_ALLOWED");
      const elsewhere = { email, password: PASSWORD, callbackURL: "https://evil.example/" };
      refused(await client.signIn.email(elsewhere), 403, "INVALID_CALLBACK_URL");
    });
  });
}
