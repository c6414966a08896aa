// The official client's administration of users, in every release that must work.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { PASSWORD, data, refused } from "./people.js";
import { RELEASES, newClient, operator, versionOf } from "./support.js";

for (const release of RELEASES) {
  const version = await versionOf(release);

  describe(`the client ${version} of an administrator`, { concurrency: false }, () => {
    const address = (name) => `${name}-${release}@admin.example`;
    const signIn = async (name) => {
      const it = await newClient(release, "adminClient");
      data(await it.client.signIn.email({ email: address(name), password: PASSWORD }));
      return it;
    };
    let root;
    let admin;

    before(async () => {
      for (const [name, role] of [["root", "super-admin"], ["admin", "admin"]]) {
        await operator(["user", "create", address(name)], `${PASSWORD}\n`);
        await operator(["user", "promote", address(name), "--role", role]);
      }
      root = (await signIn("root")).client;
      admin = (await signIn("admin")).client;
    });

    const create = async (name, extra = {}) => {
      const form = { email: address(name), name, password: PASSWORD, role: "user", data: { emailVerified: true } };
      return data(await admin.admin.createUser({ ...form, ...extra })).user;
    };

    test("makes users who can sign in", async () => {
      const ana = await create("ana");
      assert.equal(ana.email, address("ana"));
      assert.equal(ana.role, "user");
      assert.ok(new Date(ana.createdAt).getTime() > Date.now() - 60_000);
      const { client } = await signIn("ana");
      assert.equal(data(await client.getSession()).user.id, ana.id);
      const again = { email: address("ana"), name: "x", password: PASSWORD, role: "user" };
      refused(await admin.admin.createUser(again), 400, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL");
    });

    test("lists users: searched, filtered, sorted and part by part", async () => {
      for (const name of ["list-1", "list-2", "list-3"]) await create(name);
      const query = { searchValue: "list-", searchField: "name", sortBy: "email", sortDirection: "desc" };
      const mine = { filterField: "email", filterOperator: "contains", filterValue: `-${release}@admin` };
      const all = data(await admin.admin.listUsers({ query: { ...query, ...mine } }));
      assert.deepEqual(all.users.map(({ name }) => name), ["list-3", "list-2", "list-1"]);
      assert.equal(all.total, 3);
      const part = data(await admin.admin.listUsers({ query: { ...query, ...mine, limit: 1, offset: 1 } }));
      assert.deepEqual(part.users.map(({ name }) => name), ["list-2"]);
      assert.deepEqual([part.total, part.limit, part.offset], [3, 1, 1]);
      assert.ok(part.users[0].createdAt instanceof Date);
    });

    test("gives and takes roles only as a super administrator", async () => {
      const { id } = await create("roles");
      refused(await admin.admin.setRole({ userId: id, role: "admin" }), 403, "YOU_ARE_NOT_ALLOWED_TO_CHANGE_USERS_ROLE");
      assert.equal(data(await root.admin.setRole({ userId: id, role: "admin" })).user.role, "admin");
      refused(await admin.admin.banUser({ userId: id }), 403, "YOU_ARE_NOT_ALLOWED_TO_BAN_USERS");
      assert.equal(data(await root.admin.setRole({ userId: id, role: "user" })).user.role, "user");
    });

    test("bans a user, whose sessions end, and lets them in again", async () => {
      const { id } = await create("banned");
      const { client } = await signIn("banned");
      const { user } = data(await admin.admin.banUser({ userId: id, banReason: "Spam", banExpiresIn: 3600 }));
      assert.deepEqual([user.banned, user.banReason], [true, "Spam"]);
      assert.ok(Math.abs(new Date(user.banExpires).getTime() - Date.now() - 3_600_000) < 60_000);
      assert.equal(data(await client.getSession()), null);
      refused(await client.signIn.email({ email: address("banned"), password: PASSWORD }), 403, "BANNED_USER");
      assert.equal(data(await admin.admin.unbanUser({ userId: id })).user.banned, false);
      await signIn("banned");
    });

    test("acts as a user and goes back", async () => {
      const ana = await create("acted-as");
      const { client, cookies } = await signIn("admin");
      const own = data(await client.getSession()).session;
      const started = data(await client.admin.impersonateUser({ userId: ana.id }));
      assert.equal(started.session.impersonatedBy, own.userId);
      assert.equal(data(await client.getSession()).user.id, ana.id);
      assert.ok(cookies.has("better-auth.admin_session") && cookies.has("better-auth.dont_remember"));
      refused(await client.admin.listUsers({ query: {} }), 403, "YOU_ARE_NOT_ALLOWED_TO_LIST_USERS");
      const stopped = data(await client.admin.stopImpersonating());
      assert.equal(stopped.session.id, own.id);
      assert.equal(data(await client.getSession()).session.id, own.id);
      assert.ok(!cookies.has("better-auth.admin_session") && !cookies.has("better-auth.dont_remember"));
      const { id } = data(await root.getSession()).user;
      refused(await client.admin.impersonateUser({ userId: id }), 403, "YOU_CANNOT_IMPERSONATE_ADMINS");
    });

    test("lists a user's sessions and closes one and all", async () => {
      const { id } = await create("sessions");
      const [first, second] = [await signIn("sessions"), await signIn("sessions")];
      const { sessions } = data(await admin.admin.listUserSessions({ userId: id }));
      assert.equal(sessions.length, 2);
      const own = data(await first.client.getSession()).session;
      const { token } = sessions.find((session) => session.id === own.id);
      assert.equal(data(await admin.admin.revokeUserSession({ sessionToken: token })).success, true);
      assert.equal(data(await first.client.getSession()), null);
      assert.notEqual(data(await second.client.getSession()), null);
      assert.equal(data(await admin.admin.revokeUserSessions({ userId: id })).success, true);
      assert.equal(data(await second.client.getSession()), null);
    });

    test("removes a user", async () => {
      const { id } = await create("removed");
      const { client } = await signIn("removed");
      assert.equal(data(await admin.admin.removeUser({ userId: id })).success, true);
      assert.equal(data(await client.getSession()), null);
      refused(await admin.admin.removeUser({ userId: id }), 404, "USER_NOT_FOUND");
    });

    // the older releases reach it by the same path, which they derive from the name of the method
    test("shows and changes a user, sets a password and asks what it may do", async () => {
      const { id } = await create("changed");
      assert.equal(data(await admin.admin.getUser({ query: { id } })).email, address("changed"));
      assert.equal(data(await admin.admin.updateUser({ userId: id, data: { name: "New" } })).name, "New");
      const longer = `${PASSWORD}!`;
      assert.equal(data(await admin.admin.setUserPassword({ userId: id, newPassword: longer })).status, true);
      const { client } = await newClient(release, "adminClient");
      data(await client.signIn.email({ email: address("changed"), password: longer }));
      const may = async (by) => data(await by.admin.hasPermission({ permissions: { user: ["ban"] } })).success;
      assert.deepEqual([await may(admin), await may(client)], [true, false]);
    });

    test("is refused to others", async () => {
      const { id } = await create("plain");
      const { client } = await signIn("plain");
      refused(await client.admin.listUsers({ query: {} }), 403, "YOU_ARE_NOT_ALLOWED_TO_LIST_USERS");
      refused(await client.admin.setRole({ userId: id, role: "admin" }), 403, "YOU_ARE_NOT_ALLOWED_TO_CHANGE_USERS_ROLE");
      const stranger = await newClient(release, "adminClient");
      refused(await stranger.client.admin.listUsers({ query: {} }), 401, "UNAUTHORIZED");
    });
  });
}
