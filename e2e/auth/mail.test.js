// Mails over SMTP: what a mail server gets to see, and that a mail outlives its server's absence.

import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { simpleParser } from "mailparser";
import { SMTPServer } from "smtp-server";
import { freePort, linkOf, startServer } from "../lib/server.js";

const password = "correct horse battery";
const from = "BotCriptoFy <no-reply@mail.example.com>";

let port;
let sink;
let server;
const mails = [];

/** A mail server that takes whatever comes. */
async function openSink() {
  sink = new SMTPServer({
    authOptional: true,
    disableReverseLookup: true,
    closeTimeout: 100,
    disabledCommands: ["AUTH", "STARTTLS"],
    async onData(stream, { envelope }, done) {
      const chunks = [];
      for await (const chunk of stream) chunks.push(chunk);
      const raw = Buffer.concat(chunks).toString();
      mails.push({ raw, envelope, parsed: await simpleParser(raw) });
      done();
    },
  });
  sink.listen(port, "127.0.0.1");
  await once(sink.server, "listening");
}

const closeSink = () => new Promise((closed) => sink.close(closed));

before(async () => {
  port = await freePort();
  await openSink();
  server = await startServer({ SMTP_URL: `smtp://127.0.0.1:${port}`, MAIL_FROM: from });
});

after(async () => {
  await server?.stop();
  await closeSink();
});

/** Calls as a page of the server's own does. */
const post = (path, body) => {
  const headers = { "content-type": "application/json", origin: server.url };
  return fetch(`${server.url}/api/auth/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
};

/** The mail to an address, once it has come. */
async function mailTo(email, patience = 30_000) {
  for (let waited = 0; waited < patience; waited += 100) {
    const mail = mails.find(({ envelope }) => envelope.rcptTo.some(({ address }) => address === email));
    if (mail) return mail;
    await wait(100);
  }
  throw new Error(`no mail to ${email}`);
}

test("a user verifies the address by the mail that came over SMTP, and signs in", async () => {
  const email = "ana@example.com";
  assert.equal((await post("sign-up/email", { name: "Ana Souza", email, password })).status, 200);
  assert.equal((await post("sign-in/email", { email, password })).status, 403);
  const { parsed } = await mailTo(email);
  const link = linkOf(parsed.text);
  assert.ok(link.startsWith(`${server.url}/api/auth/verify-email?token=`), link);
  assert.ok(parsed.html.includes(`href="${link.replaceAll("&", "&amp;")}"`), parsed.html);
  assert.equal((await fetch(link, { redirect: "manual" })).status, 302);
  const { user } = await (await post("sign-in/email", { email, password })).json();
  assert.deepEqual([user.email, user.emailVerified], [email, true]);
});

test("a mail says from whom it comes, to whom, when, and which it is", async () => {
  const { parsed, envelope } = await mailTo("ana@example.com");
  assert.equal(envelope.mailFrom.address, "no-reply@mail.example.com");
  assert.deepEqual(envelope.rcptTo.map(({ address }) => address), ["ana@example.com"]);
  assert.deepEqual([parsed.from.text, parsed.to.text], ['"BotCriptoFy" <no-reply@mail.example.com>', "ana@example.com"]);
  assert.equal(parsed.subject, "Confirm your e-mail address");
  assert.ok(Math.abs(Date.now() - parsed.date) < 60_000, String(parsed.date));
  assert.match(parsed.messageId, /^<[^@\s]{16,}@mail\.example\.com>$/);
  const single = ["from", "to", "subject", "date", "message-id", "mime-version", "content-type"];
  const names = parsed.headerLines.map(({ key }) => key);
  for (const name of single) assert.equal(names.filter((it) => it === name).length, 1, `${name} of ${names}`);
  for (const name of ["bcc", "cc", "reply-to", "return-path"]) assert.ok(!names.includes(name), name);
});

test("nothing that a stranger chooses becomes a header, a line or a reader of a mail", async () => {
  const evil = "Eve\r\nBcc: victim@example.com\r\n\r\nhttps://evil.example";
  const email = "eve@example.com";
  assert.equal((await post("sign-up/email", { name: evil, email, password })).status, 200);
  const { raw, envelope, parsed } = await mailTo(email);
  assert.deepEqual(envelope.rcptTo.map(({ address }) => address), [email]);
  assert.ok(!/victim|evil\.example/.test(raw), raw);
  assert.ok(!parsed.headers.has("bcc"));
  for (const address of [
    "eve@example.com\r\nBcc: victim@example.com",
    "eve@example.com, victim@example.com",
    "Eve <eve@example.com>",
    "eve@example.com>\r\nRCPT TO:<victim@example.com",
    '"eve\r\n"@example.com',
  ]) {
    const answer = await post("sign-up/email", { name: "Eve", email: address, password });
    assert.equal(answer.status, 400, address);
    assert.equal((await answer.json()).code, "VALIDATION_ERROR", address);
  }
  assert.ok(!mails.some(({ envelope }) => envelope.rcptTo.some(({ address }) => address.includes("victim"))));
});

test("a mail whose server is away comes when it is back", async () => {
  const email = "late@example.com";
  await closeSink();
  assert.equal((await post("sign-up/email", { name: "Late", email, password })).status, 200);
  await failed();
  await openSink();
  const { parsed } = await mailTo(email, 60_000);
  assert.equal((await fetch(linkOf(parsed.text), { redirect: "manual" })).status, 302);
  assert.equal(mails.filter(({ envelope }) => envelope.rcptTo[0].address === email).length, 1);
});

/** Waits until the server's log says that a mail could not be sent. */
async function failed() {
  for (let waited = 0; waited < 100; waited++) {
    if (server.log().includes("the job will be tried again")) return;
    await wait(100);
  }
  throw new Error(`nothing says that the mail failed:\n${server.log()}`);
}
