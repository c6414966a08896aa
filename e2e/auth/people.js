// Users who have signed up, and the mails that they get.

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { newClient, open } from "./support.js";

const folder = join(process.env.BOTCRIPTOFY_DATA, "mail");

export const PASSWORD = "correct horse battery staple";

/** The data of an answer that must be a success. */
export function data({ data, error }) {
  assert.equal(error, null, JSON.stringify(error));
  return data;
}

/** An answer that must be this refusal. */
export function refused({ data, error }, status, code) {
  assert.equal(data, null);
  assert.deepEqual({ status: error.status, code: error.code }, { status, code });
  assert.equal(typeof error.message, "string");
}

/** The text of the newest mail to an address that says this; it is written a moment after the answer. */
export async function mail(email, words) {
  for (let waited = 0; waited < 100; waited++) {
    const names = await readdir(folder).catch(() => []);
    const theirs = names.filter((it) => /\.eml$/.test(it) && it.includes(`Z-${email}`)).sort().reverse();
    for (const name of theirs) {
      const text = await readFile(join(folder, name), "utf8");
      if (text.includes(words)) return text;
    }
    await wait(100);
  }
  throw new Error(`no mail to ${email} says "${words}"`);
}

/** The link of that mail. */
export async function link(email, path) {
  const text = await mail(email, path);
  return text.split(/\r?\n/).find((line) => line.startsWith("http"));
}

/** Somebody who has signed up and verified the address, signed in by a client of their own. */
export async function person(release, email) {
  const { client } = await newClient(release);
  data(await client.signUp.email({ name: "Ana", email, password: PASSWORD }));
  assert.equal((await open(await link(email, "/verify-email"))).status, 302);
  return signedIn(release, email);
}

/** The same person in another browser. */
export async function signedIn(release, email, password = PASSWORD) {
  const it = await newClient(release);
  data(await it.client.signIn.email({ email, password }));
  return it;
}
