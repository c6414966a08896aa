// The page that an invitation's mail leads to, in a real browser: somebody who has no account yet gets from the mail
// into the company, and somebody else does not.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import { linkOf, mailTo, startServer } from "../lib/server.js";

const { CHROMIUM = "/usr/bin/chromium" } = process.env;
const password = "correct horse battery";
const SUBJECTS = { invitation: "You are invited to join a team", verification: "Confirm your e-mail address" };

let server;
let browser;
let link;
const complaints = [];

/** Calls the API in the name of a session. */
async function call(path, body, token) {
  const headers = { "content-type": "application/json", origin: server.url };
  if (token) headers.authorization = `Bearer ${token}`;
  const answer = await fetch(`${server.url}${path}`, { method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body) });
  assert.ok(answer.ok, `${path}: ${answer.status} ${await answer.clone().text()}`);
  return answer.json();
}

/** Signs a user up, verifies the address and signs them in; answers the session's token. */
async function newUser(email) {
  await call("/api/auth/sign-up/email", { name: "Ana Souza", email, password });
  await fetch(linkOf(await mailTo(server.data, email, SUBJECTS.verification)), { redirect: "manual" });
  return (await call("/api/auth/sign-in/email", { email, password })).token;
}

/** A browser of its own. */
async function newPage() {
  const page = await (await browser.newContext({ locale: "en-US" })).newPage();
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    // an answer that refuses is told as an error too
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) complaints.push(message.text());
  });
  return page;
}

const reads = (page, text) => page.getByText(text).first().waitFor({ timeout: 30_000 });
const press = (page, name) => page.getByRole("button", { name, exact: true }).click();

async function signIn(page, email, secret) {
  const form = page.locator("#sign-in");
  await form.getByLabel("E-mail address").fill(email);
  await form.getByLabel("Password").fill(secret);
  await form.getByRole("button", { name: "Sign in", exact: true }).click();
}

before(async () => {
  server = await startServer();
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--headless", "--no-sandbox", "--disable-gpu"] });
  const ana = await newUser("ana@invitation.example");
  const name = "<img src=x onerror=alert(1)> & Sons";
  const { data: company } = await call("/api/tenant", { name, slug: "acme" }, ana);
  for (const guest of ["bob", "carl"]) {
    await call(`/api/tenant/${company.id}/invitations`, { email: `${guest}@invitation.example`, role: "viewer" }, ana);
  }
  link = async (guest) => linkOf(await mailTo(server.data, `${guest}@invitation.example`, SUBJECTS.invitation));
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

test("whoever has no account signs up, verifies the address and joins", async () => {
  const page = await newPage();
  await page.goto(await link("bob"));
  await reads(page, "You are invited to join a team.");
  assert.deepEqual(await page.getByRole("button").allInnerTexts(), ["Sign in", "I have no account: sign up"]);
  await press(page, "I have no account: sign up");
  const form = page.locator("#sign-up");
  await form.getByLabel("Name").fill("Bob");
  await form.getByLabel("E-mail address").fill("bob@invitation.example");
  await form.getByLabel("Password").fill(password);
  await press(page, "Sign up");
  await reads(page, "Open the link in the mail");
  const verification = linkOf(await mailTo(server.data, "bob@invitation.example", SUBJECTS.verification));
  await page.goto(await link("bob"));
  await signIn(page, "bob@invitation.example", password);
  await reads(page, "Show first that the e-mail address is yours.");
  await page.goto(verification);
  await signIn(page, "bob@invitation.example", password);
  await reads(page, "You are invited to join:");
  await reads(page, "<img src=x onerror=alert(1)> & Sons");
  await reads(page, "ana@invitation.example asks you to join as “viewer”.");
  await press(page, "Accept");
  await reads(page, "You have joined.");
  await page.reload();
  await reads(page, "There is no such invitation for you.");
});

test("whoever is somebody else learns nothing, and signs in as the addressee instead", async () => {
  const page = await newPage();
  await page.goto(await link("carl"));
  await signIn(page, "ana@invitation.example", "not the password");
  await reads(page, "Invalid email or password");
  await signIn(page, "ana@invitation.example", password);
  await reads(page, "There is no such invitation for you.");
  await press(page, "Sign in as somebody else");
  await reads(page, "You are invited to join a team.");
});

test("an address that is none of an invitation's is no page", async () => {
  const page = await newPage();
  const answer = await page.goto(`${server.url}/accept-invitation/nonsense`);
  assert.equal(answer.status(), 400);
});

test("the browser complains of nothing, its content security policy included", () => assert.deepEqual(complaints, []));
