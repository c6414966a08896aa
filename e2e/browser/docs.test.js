// The page of the API in a real browser.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";

const { BOTCRIPTOFY_URL, BOTCRIPTOFY_SCREENSHOT, CHROMIUM = "/usr/bin/chromium" } = process.env;

let browser;
let page;
let operations;
const foreign = [];
const complaints = [];

before(async () => {
  browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (!["data:", "blob:"].includes(url.protocol) && url.origin !== BOTCRIPTOFY_URL) foreign.push(url.href);
  });
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(`${message.location().url}: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("requestfailed", (request) => complaints.push(`${request.url()}: ${request.failure()?.errorText}`));
  const { paths } = await (await fetch(`${BOTCRIPTOFY_URL}/openapi.json`)).json();
  operations = Object.values(paths).flatMap((methods) => Object.values(methods));
  await page.goto(`${BOTCRIPTOFY_URL}/docs`);
});

after(() => browser?.close());

/** Whether a text can be read somewhere on the page. */
const reads = (text) => page.getByText(text, { exact: true }).first().waitFor({ timeout: 30_000 });

test("the page names the product and every module", async () => {
  await page.getByRole("heading", { name: "BotCriptoFy" }).first().waitFor({ timeout: 30_000 });
  for (const tag of new Set(operations.flatMap(({ tags }) => tags))) await reads(tag);
  if (BOTCRIPTOFY_SCREENSHOT) await page.screenshot({ path: BOTCRIPTOFY_SCREENSHOT });
});

test("an operation of each module can be opened and read", async () => {
  const firsts = new Map(operations.map((operation) => [operation.tags[0], operation]));
  for (const [tag, { summary }] of firsts) {
    await page.goto(`${BOTCRIPTOFY_URL}/docs#tag/${tag}`);
    await reads(summary);
  }
  if (BOTCRIPTOFY_SCREENSHOT) await page.screenshot({ path: BOTCRIPTOFY_SCREENSHOT.replace(/\.png$/, "-operation.png") });
});

test("/swagger leads to the page", async () => {
  await page.goto(`${BOTCRIPTOFY_URL}/swagger`);
  assert.equal(new URL(page.url()).pathname, "/docs");
});

test("no request leaves the server's origin", () => assert.deepEqual(foreign, []));

test("the browser complains of nothing, its content security policy included", () => assert.deepEqual(complaints, []));
