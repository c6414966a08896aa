// Passkeys in a real browser, by the official client, on a page of the server's own origin. The device is Chromium's
// virtual one: it keeps keys, knows its user and says yes.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { linkOf, mailTo, startServer } from "../lib/server.js";

const { CHROMIUM = "/usr/bin/chromium" } = process.env;
const password = "correct horse battery";

/** Where each release keeps its client and its passkeys. */
const RELEASES = {
  "ba-1-1-5": ["ba-1-1-5/client", "ba-1-1-5/client/plugins"],
  "ba-1-3": ["ba-1-3/client", "ba-1-3/client/plugins"],
  "better-auth": ["better-auth/client", "@better-auth/passkey/client"],
};

let server;
let browser;

before(async () => {
  server = await startServer();
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--headless", "--no-sandbox", "--disable-gpu"] });
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

/** The client of a release, as a page loads it. */
async function bundle([client, plugins]) {
  const contents = `
    import { createAuthClient } from "${client}";
    import { passkeyClient } from "${plugins}";
    window.client = createAuthClient({ baseURL: location.origin, plugins: [passkeyClient()] });
  `;
  const resolveDir = fileURLToPath(new URL("..", import.meta.url));
  const { outputFiles } = await build({ stdin: { contents, resolveDir }, bundle: true, write: false, logLevel: "silent" });
  return outputFiles[0].text;
}

/** A page of the server's origin with the client of a release in it. */
async function newPage(modules) {
  const page = await browser.newPage();
  const script = await bundle(modules);
  const html = '<!doctype html><input autocomplete="username webauthn"><script src="/page.js"></script>';
  await page.route(`${server.url}/page`, (route) => route.fulfill({ contentType: "text/html", body: html }));
  await page.route(`${server.url}/page.js`, (route) => route.fulfill({ contentType: "text/javascript", body: script }));
  await page.goto(`${server.url}/page`);
  return page;
}

/** Plugs a device into the page. */
async function plug(page) {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("WebAuthn.enable");
  const { authenticatorId } = await cdp.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      ctap2Version: "ctap2_1",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  const keys = async () => (await cdp.send("WebAuthn.getCredentials", { authenticatorId })).credentials;
  const know = (isUserVerified) => cdp.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified });
  return { keys, know };
}

/** Signs a user up and verifies the address. */
async function signUp(email) {
  const body = JSON.stringify({ name: "Ana Souza", email, password });
  const headers = { "content-type": "application/json", origin: server.url };
  const answer = await fetch(`${server.url}/api/auth/sign-up/email`, { method: "POST", headers, body });
  assert.equal(answer.status, 200);
  const opened = await fetch(linkOf(await mailTo(server.data, email, "Confirm your e-mail address")), { redirect: "manual" });
  assert.equal(opened.status, 302);
}

for (const [release, modules] of Object.entries(RELEASES)) {
  describe(release, () => {
    const email = `${release}@example.com`;
    let page;
    let device;

    /** What the client answers; the oldest says nothing of a success. */
    const call = (path, ...args) =>
      page.evaluate(
        async ([path, args]) => {
          const method = path.split(".").reduce((at, name) => at[name], window.client);
          const { data = null, error = null } = (await method(...args)) ?? {};
          return { data, error };
        },
        [path, args],
      );
    const good = async (path, ...args) => {
      const { data, error } = await call(path, ...args);
      assert.equal(error, null, `${path}: ${JSON.stringify(error)}`);
      return data;
    };
    const list = () => good("$fetch", "/passkey/list-user-passkeys", { method: "GET" });
    const whose = async () => (await good("getSession"))?.user.email ?? null;

    before(async () => {
      await signUp(email);
      page = await newPage(modules);
      device = await plug(page);
      await good("signIn.email", { email, password });
    });

    after(() => page?.close());

    test("a user registers a passkey, which the device keeps with their account", async () => {
      await good("passkey.addPasskey", { name: "Laptop" });
      const [passkey, ...others] = await list();
      assert.deepEqual([passkey.name, passkey.transports, others], ["Laptop", "internal", []]);
      const [key, ...more] = await device.keys();
      assert.deepEqual([key.rpId, key.isResidentCredential, more], ["localhost", true, []]);
      assert.equal(Buffer.from(key.credentialId, "base64").toString("base64url"), passkey.credentialID);
      await mailTo(server.data, email, "A passkey was added to your account");
    });

    test("the same device is not registered twice", async () => {
      const { error } = await call("passkey.addPasskey", { name: "Laptop again" });
      assert.match(error.message, /previously registered/i);
      assert.equal((await list()).length, 1);
    });

    test("the passkey signs in whoever says nothing of themselves", async () => {
      await good("signOut");
      assert.equal(await whose(), null);
      await good("signIn.passkey");
      assert.equal(await whose(), email);
      const [passkey] = await list();
      assert.ok(passkey.counter > 0 && passkey.lastUsedAt, JSON.stringify(passkey));
    });

    test("a passkey gets another name", async () => {
      const [{ id }] = await list();
      const { passkey } = await good("passkey.updatePasskey", { id, name: "Old laptop" });
      assert.deepEqual([passkey.name, (await list())[0].name], ["Old laptop", "Old laptop"]);
    });

    test("a device that does not know its user lets nobody in", async () => {
      await good("signOut");
      await device.know(false);
      const { error } = await call("signIn.passkey");
      assert.equal(error.status, 400);
      await device.know(true);
      assert.equal(await whose(), null);
    });

    test("a passkey that was removed lets nobody in", async () => {
      await good("signIn.passkey");
      const [{ id }] = await list();
      await good("passkey.deletePasskey", { id });
      assert.deepEqual(await list(), []);
      await mailTo(server.data, email, "A passkey was removed from your account");
      await good("signOut");
      const { error } = await call("signIn.passkey");
      assert.deepEqual([error.status, error.code], [401, "PASSKEY_NOT_FOUND"]);
      assert.equal((await device.keys()).length, 1, "the device has the key still");
    });
  });
}
