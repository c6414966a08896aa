// Keys: made by the official client's own package, used by plain fetch as a bot does.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { apiKeyClient } from "@better-auth/api-key/client";
import { PASSWORD, data, refused } from "./people.js";
import { mailedLink, newClient, open, versionOf } from "./support.js";

const { BOTCRIPTOFY_URL } = process.env;
const DAY = 24 * 3600;

/** A user who has signed in. */
async function user(email) {
  const { client } = await newClient("better-auth", apiKeyClient());
  data(await client.signUp.email({ name: "Ana", email, password: PASSWORD }));
  await open(await mailedLink(email));
  data(await client.signIn.email({ email, password: PASSWORD }));
  return client;
}

/** What a bot is answered that calls with a key. */
async function call(key, path = "/api/v1/bots", init = {}) {
  const headers = { "x-api-key": key, "content-type": "application/json" };
  const response = await fetch(BOTCRIPTOFY_URL + path, { ...init, headers });
  return { status: response.status, body: await response.json(), headers: response.headers };
}

describe(`keys, by @better-auth/api-key ${await versionOf("@better-auth/api-key")}`, { concurrency: false }, async () => {
  const ana = await user("ana-keys@example.com");
  const permissions = { bots: ["read"], strategies: ["read", "write"] };

  test("are made, shown once, listed and seen with true dates", async () => {
    const { key, ...made } = data(await ana.apiKey.create({ name: "grid", prefix: "bot_", expiresIn: 7 * DAY, permissions }));
    assert.match(key, /^bot_[A-Za-z]{64}$/);
    assert.equal(made.start, key.slice(0, 6));
    assert.deepEqual(made.permissions, permissions);
    assert.equal(made.referenceId, data(await ana.getSession()).user.id);
    assert.ok(made.expiresAt instanceof Date);
    assert.ok(Math.abs(made.expiresAt.getTime() - Date.now() - 7 * DAY * 1000) < 60_000);
    const { apiKeys, total } = data(await ana.apiKey.list());
    assert.equal(total, 1);
    assert.equal(apiKeys[0].id, made.id);
    assert.equal("key" in apiKeys[0], false);
    assert.deepEqual(data(await ana.apiKey.get({ query: { id: made.id } })), made);
    const page = data(await ana.apiKey.list({ query: { limit: 1, offset: 1, sortBy: "createdAt", sortDirection: "desc" } }));
    assert.deepEqual([page.apiKeys.length, page.total, page.limit, page.offset], [0, 1, 1, 1]);
  });

  test("are refused out of bounds by the protocol's codes", async () => {
    refused(await ana.apiKey.create({ expiresIn: 60 }), 400, "EXPIRES_IN_IS_TOO_SMALL");
    refused(await ana.apiKey.create({ expiresIn: 366 * DAY }), 400, "EXPIRES_IN_IS_TOO_LARGE");
    refused(await ana.apiKey.create({ prefix: "no spaces" }), 400, "VALIDATION_ERROR");
    refused(await ana.apiKey.create({ metadata: { a: 1 } }), 400, "METADATA_DISABLED");
    refused(await ana.apiKey.create({ remaining: 5 }), 400, "SERVER_ONLY_PROPERTY");
    const { client: stranger } = await newClient("better-auth", apiKeyClient());
    refused(await stranger.apiKey.create({ name: "x" }), 401, "UNAUTHORIZED_SESSION");
    refused(await stranger.apiKey.list(), 401, "UNAUTHORIZED");
    refused(await ana.apiKey.get({ query: { id: "nobodys" } }), 404, "KEY_NOT_FOUND");
  });

  test("let a bot do what they were given, and nothing of the user's own", async () => {
    const { key } = data(await ana.apiKey.create({ name: "reader", permissions }));
    assert.equal((await call(key)).status, 200);
    const orders = await call(key, "/api/v1/orders");
    assert.deepEqual([orders.status, orders.body.code], [403, "FORBIDDEN"]);
    for (const [path, method] of [["/api/auth/get-session", "GET"], ["/api/auth/sign-out", "POST"], ["/api/user/profile", "GET"], ["/api/auth/api-key/create", "POST"]]) {
      const own = await call(key, path, method === "POST" ? { method, body: "{}" } : {});
      assert.deepEqual([own.status, own.body.code], [403, "SESSION_REQUIRED"], path);
    }
    assert.deepEqual([(await call("short")).status, (await call("x".repeat(64))).status], [403, 401]);
  });

  test("change, stop and go as they are told", async () => {
    const { key, id } = data(await ana.apiKey.create({ name: "changing", permissions }));
    assert.equal(data(await ana.apiKey.update({ keyId: id, name: "changed" })).name, "changed");
    refused(await ana.apiKey.update({ keyId: id }), 400, "NO_VALUES_TO_UPDATE");
    data(await ana.apiKey.update({ keyId: id, enabled: false }));
    assert.equal((await call(key)).body.code, "KEY_DISABLED");
    data(await ana.apiKey.update({ keyId: id, enabled: true, rateLimitMax: 2 }));
    assert.deepEqual([(await call(key)).status, (await call(key)).status], [200, 200]);
    const limited = await call(key);
    assert.equal(limited.status, 429);
    assert.ok(Number(limited.headers.get("retry-after")) > 0);
    assert.equal(data(await ana.apiKey.delete({ keyId: id })).success, true);
    refused(await ana.apiKey.delete({ keyId: id }), 404, "KEY_NOT_FOUND");
    assert.deepEqual([(await call(key)).status, (await call(key)).body.code], [401, "INVALID_API_KEY"]);
  });

  test("are replaced while the bot goes on", async () => {
    const old = data(await ana.apiKey.create({ name: "rotating", permissions }));
    const fresh = data(await ana.$fetch("/api-key/rotate", { method: "POST", body: { keyId: old.id, overlapSeconds: 60 } }));
    assert.deepEqual([fresh.name, fresh.previous.id, fresh.previous.replacedBy], ["rotating", old.id, fresh.id]);
    assert.deepEqual([(await call(old.key)).status, (await call(fresh.key)).status], [200, 200]);
    const end = data(await ana.$fetch("/api-key/rotate", { method: "POST", body: { keyId: fresh.id, overlapSeconds: 0 } }));
    assert.deepEqual([(await call(fresh.key)).body.code, (await call(end.key)).status], ["KEY_EXPIRED", 200]);
  });

  test("are one user's own", async () => {
    const { id } = data(await ana.apiKey.create({ name: "mine" }));
    const eve = await user("eve-keys@example.com");
    refused(await eve.apiKey.get({ query: { id } }), 404, "KEY_NOT_FOUND");
    refused(await eve.apiKey.update({ keyId: id, enabled: false }), 404, "KEY_NOT_FOUND");
    refused(await eve.apiKey.delete({ keyId: id }), 404, "KEY_NOT_FOUND");
    assert.equal(data(await eve.apiKey.list()).total, 0);
  });
});
