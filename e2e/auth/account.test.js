// What users do with their own accounts, by the official client in every release that must work.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { PASSWORD, data, link, mail, person, refused, signedIn } from "./people.js";
import { RELEASES, newClient, open, versionOf } from "./support.js";

const NEW = "another horse battery staple";

/** Opens a link in the browser of somebody's cookies. */
function openAs({ cookies }, address) {
  const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  return fetch(address, { headers: { cookie }, redirect: "manual" });
}

for (const release of RELEASES) {
  const version = await versionOf(release);

  describe(`the client ${version} with an account`, { concurrency: false }, () => {
    const address = (name) => `${name}-account-${release}@example.com`;

    test("changes the name and the picture", async () => {
      const { client } = await person(release, address("name"));
      const image = "https://example.com/ana.png";
      assert.equal(data(await client.updateUser({ name: "Ana M.", image })).status, true);
      const { user } = data(await client.getSession());
      assert.deepEqual([user.name, user.image], ["Ana M.", image]);
      assert.ok(user.updatedAt > user.createdAt);
      refused(await client.updateUser({ email: "x@example.com" }), 400, "EMAIL_CAN_NOT_BE_UPDATED");
      refused(await client.updateUser({ name: "x", role: "admin" }), 400, "FIELD_NOT_ALLOWED");
    });

    test("lists the accounts", async () => {
      const { client } = await person(release, address("list"));
      const { user } = data(await client.getSession());
      const [account, ...others] = data(await client.listAccounts());
      assert.equal(others.length, 0);
      assert.equal(account.accountId, user.id);
      assert.ok(account.createdAt instanceof Date && Array.isArray(account.scopes));
    });

    test("changes the password and closes the other sessions", async () => {
      const email = address("password");
      const [first, second] = [await person(release, email), await signedIn(release, email)];
      const change = { currentPassword: PASSWORD, newPassword: NEW };
      refused(await first.client.changePassword({ ...change, currentPassword: "wrong" }), 400, "INVALID_PASSWORD");
      refused(await first.client.changePassword({ ...change, newPassword: "short" }), 400, "PASSWORD_TOO_SHORT");
      refused(await first.client.changePassword({ ...change, newPassword: "password123" }), 400, "PASSWORD_COMPROMISED");
      const { token, user } = data(await first.client.changePassword(change));
      assert.equal(token, null);
      assert.equal(user.email, email);
      assert.notEqual(data(await first.client.getSession()), null);
      assert.notEqual(data(await second.client.getSession()), null);
      const back = { currentPassword: NEW, newPassword: PASSWORD, revokeOtherSessions: true };
      const renewed = data(await first.client.changePassword(back));
      assert.equal(renewed.token, data(await first.client.getSession()).session.token);
      assert.equal(data(await second.client.getSession()), null);
      assert.match(await mail(email, "Your password was changed"), /Device: /);
    });

    test("sets a forgotten password by a mailed link, once", async () => {
      const email = address("reset");
      const { client } = await person(release, email);
      const { client: stranger } = await newClient(release);
      // clients before 1.4 know the route by its older name
      const ask = release === "ba-1-1-5" || release === "ba-1-3" ? "forgetPassword" : "requestPasswordReset";
      assert.equal(data(await stranger[ask]({ email, redirectTo: "/new-password" })).status, true);
      assert.equal(data(await stranger[ask]({ email: `no-${email}`, redirectTo: "/new-password" })).status, true);
      const led = await open(await link(email, "/reset-password/"));
      assert.equal(led.status, 302);
      const page = new URL(led.headers.get("location"));
      assert.equal(page.pathname, "/new-password");
      const token = page.searchParams.get("token");
      assert.equal(token.length, 24);
      refused(await stranger.resetPassword({ newPassword: "short", token }), 400, "PASSWORD_TOO_SHORT");
      assert.equal(data(await stranger.resetPassword({ newPassword: NEW, token })).status, true);
      assert.equal(data(await client.getSession()), null);
      refused(await stranger.resetPassword({ newPassword: NEW, token }), 400, "INVALID_TOKEN");
      refused(await stranger.signIn.email({ email, password: PASSWORD }), 401, "INVALID_EMAIL_OR_PASSWORD");
      await signedIn(release, email, NEW);
    });

    test("changes the address once both have agreed", async () => {
      const [old, fresh] = [address("old"), address("fresh")];
      const it = await person(release, old);
      assert.equal(data(await it.client.changeEmail({ newEmail: fresh, callbackURL: "/settings" })).status, true);
      const confirmed = await openAs(it, await link(old, "callbackURL=%2Fsettings"));
      assert.equal(confirmed.headers.get("location"), "/settings");
      const changed = await openAs(it, await link(fresh, "callbackURL=%2Fsettings"));
      assert.equal(changed.headers.get("location"), "/settings");
      const { user } = data(await it.client.getSession());
      assert.deepEqual([user.email, user.emailVerified], [fresh, true]);
      await signedIn(release, fresh);
      await mail(old, "Your e-mail address was changed");
    });

    test("deletes the user by password", async () => {
      const email = address("gone");
      const { client, cookies } = await person(release, email);
      refused(await client.deleteUser({ password: "wrong" }), 400, "INVALID_PASSWORD");
      const gone = data(await client.deleteUser({ password: PASSWORD }));
      assert.deepEqual([gone.success, gone.message], [true, "User deleted"]);
      assert.equal(cookies.size, 0);
      const { client: stranger } = await newClient(release);
      refused(await stranger.signIn.email({ email, password: PASSWORD }), 401, "INVALID_EMAIL_OR_PASSWORD");
    });

    test("deletes the user by a mailed link", async () => {
      const email = address("leaving");
      const it = await person(release, email);
      const asked = data(await it.client.deleteUser({ callbackURL: "/goodbye" }));
      assert.equal(asked.message, "Verification email sent");
      const callback = await link(email, "/delete-user/callback");
      assert.equal((await open(callback)).status, 404);
      const led = await openAs(it, callback);
      assert.equal(new URL(led.headers.get("location")).pathname, "/goodbye");
      assert.equal(data(await it.client.getSession()), null);
    });
  });
}
