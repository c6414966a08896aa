// The second factor by the official client of Better Auth, in every release that must work.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { describe, test } from "node:test";
import { PASSWORD, data, refused } from "./people.js";
import { RELEASES, mailedLink, newClient, open, versionOf } from "./support.js";

const STEP = 30_000;

/** The bytes that unpadded base32 stands for. */
function unbase32(text) {
  const bits = [...text].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0")).join("");
  return Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
}

/** The code that an authenticator shows in a time step (RFC 6238). */
function codeAt(uri, step) {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const hash = createHmac("sha1", unbase32(new URL(uri).searchParams.get("secret"))).update(counter).digest();
  const value = hash.readUInt32BE(hash[19] & 15) & 0x7fffffff;
  return String(value % 1_000_000).padStart(6, "0");
}

const present = () => Math.floor(Date.now() / STEP);

for (const release of RELEASES) {
  const version = await versionOf(release);
  const { twoFactorClient } = await import(`${release}/client/plugins`);
  const asked = [];
  const plugin = () => twoFactorClient({ redirect: false, twoFactorPage: "/", onTwoFactorRedirect: () => asked.push(release) });

  describe(`the second factor by the client ${version}`, { concurrency: false }, () => {
    const email = `two-factor-${release}@example.com`;
    let uri;
    let backupCodes;
    /** The step of the newest code that was used: none is good twice, so each takes the next. */
    let used;

    const signIn = async (it) => {
      it ??= await newClient(release, plugin());
      return { ...it, answer: data(await it.client.signIn.email({ email, password: PASSWORD })) };
    };
    /** A code that was not used yet: of this step or the next, which is accepted too. */
    const fresh = async () => {
      while (used !== undefined && used >= present() + 1) await new Promise((done) => setTimeout(done, 200));
      used = Math.max(present(), (used ?? 0) + 1);
      return codeAt(uri, used);
    };

    test("is set up by the password, and put in force by a first code", { timeout: 90_000 }, async () => {
      const it = await newClient(release, plugin());
      data(await it.client.signUp.email({ name: "Ana", email, password: PASSWORD }));
      await open(await mailedLink(email));
      await signIn(it);
      refused(await it.client.twoFactor.enable({ password: "wrong" }), 400, "INVALID_PASSWORD");
      const setup = data(await it.client.twoFactor.enable({ password: PASSWORD }));
      uri = setup.totpURI;
      backupCodes = setup.backupCodes;
      assert.match(uri, /^otpauth:\/\/totp\/BotCriptoFy:/);
      assert.equal(backupCodes.length, 10);
      assert.ok(backupCodes.every((code) => /^[A-Za-z0-9]{5}-[A-Za-z0-9]{5}$/.test(code)));
      refused(await it.client.twoFactor.verifyTotp({ code: "abcdef" }), 401, "INVALID_CODE");
      const before = data(await it.client.getSession()).session;
      const { token } = data(await it.client.twoFactor.verifyTotp({ code: await fresh() }));
      assert.equal(token, before.token);
      const { session, user } = data(await it.client.getSession());
      assert.notEqual(session.token, before.token);
      assert.equal(user.twoFactorEnabled, true);
      refused(await it.client.twoFactor.enable({ password: PASSWORD }), 400, "TOTP_ALREADY_ENABLED");
      assert.equal(data(await it.client.twoFactor.getTotpUri({ password: PASSWORD })).totpURI, uri);
    });

    test("is asked for at sign-in, and a code is good once", { timeout: 90_000 }, async () => {
      asked.length = 0;
      const { client, cookies, answer } = await signIn();
      assert.equal(answer.twoFactorRedirect, true);
      assert.deepEqual(answer.twoFactorMethods, ["totp"]);
      assert.equal(answer.token, undefined);
      assert.ok(cookies.has("better-auth.two_factor") && !cookies.has("better-auth.session_token"));
      assert.equal(asked.length, 1);
      assert.equal(data(await client.getSession()), null);
      const code = await fresh();
      const { token, user } = data(await client.twoFactor.verifyTotp({ code }));
      assert.equal(user.email, email);
      assert.equal(data(await client.getSession()).session.token, token);
      assert.ok(!cookies.has("better-auth.two_factor"));
      const again = await signIn();
      refused(await again.client.twoFactor.verifyTotp({ code }), 401, "INVALID_CODE");
      const { client: stranger } = await newClient(release, plugin());
      refused(await stranger.twoFactor.verifyTotp({ code }), 401, "INVALID_TWO_FACTOR_COOKIE");
    });

    test("is not asked for on a device that is trusted", async () => {
      const it = await signIn();
      data(await it.client.twoFactor.verifyBackupCode({ code: backupCodes.pop(), trustDevice: true }));
      const trust = it.cookies.get("better-auth.trust_device");
      assert.ok(trust);
      await it.client.signOut();
      const { answer } = await signIn(it);
      assert.equal(answer.user.email, email);
      assert.notEqual(it.cookies.get("better-auth.trust_device"), trust);
    });

    test("gives way to a backup code, once, and to new ones", async () => {
      const { client } = await signIn();
      data(await client.twoFactor.verifyBackupCode({ code: backupCodes[0] }));
      assert.equal(data(await client.getSession()).user.email, email);
      const again = await signIn();
      refused(await again.client.twoFactor.verifyBackupCode({ code: backupCodes[0] }), 401, "INVALID_BACKUP_CODE");
      refused(await client.twoFactor.generateBackupCodes({ password: "wrong" }), 400, "INVALID_PASSWORD");
      const renewed = data(await client.twoFactor.generateBackupCodes({ password: PASSWORD }));
      assert.equal(renewed.status, true);
      refused(await again.client.twoFactor.verifyBackupCode({ code: backupCodes[1] }), 401, "INVALID_BACKUP_CODE");
      data(await again.client.twoFactor.verifyBackupCode({ code: renewed.backupCodes[0] }));
      backupCodes = renewed.backupCodes.slice(1);
    });

    test("ends a challenge after five wrong answers", async () => {
      const { client } = await signIn();
      for (let wrong = 0; wrong < 5; wrong++) refused(await client.twoFactor.verifyTotp({ code: "abcdef" }), 401, "INVALID_CODE");
      refused(await client.twoFactor.verifyBackupCode({ code: backupCodes[0] }), 400, "TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE");
    });

    test("is switched off by the password", async () => {
      const { client } = await signIn();
      data(await client.twoFactor.verifyBackupCode({ code: backupCodes[0] }));
      refused(await client.twoFactor.disable({ password: "wrong" }), 400, "INVALID_PASSWORD");
      assert.equal(data(await client.twoFactor.disable({ password: PASSWORD })).status, true);
      assert.equal(data(await client.getSession()).user.twoFactorEnabled, false);
      const { answer } = await signIn();
      assert.equal(answer.user.email, email);
    });
  });
}
