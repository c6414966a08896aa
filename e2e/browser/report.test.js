// The report of a back-test in a real browser: of every kind, light and dark, on a desk and on a phone, it can be read by
// everybody, by axe's rules too, and it prints.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import axe from "axe-core";
import { chromium } from "playwright-core";

const { BOTCRIPTOFY, BOTCRIPTOFY_REPORTS, CHROMIUM = "/usr/bin/chromium" } = process.env;
const samples = fileURLToPath(new URL("../../samples/candles", import.meta.url));
const HOURS = join(samples, "binance_BTCUSDT_1h_20170817_20211231.csv.gz");
const BTC = join(samples, "binance_BTCUSDT_5m_20230101_20231230.csv.gz");
const ETH = join(samples, "binance_ETHUSDT_5m_20230101_20230630.csv.gz");
/** Each width and each scheme once; axe looks at every letter and takes its time. */
const VIEWS = [
  { width: 1280, colorScheme: "light" },
  { width: 390, colorScheme: "dark" },
];

const market = (timeframe) => ({ exchange: "binance", symbol: "BTC/USDT", timeframe });
const both = { exchange: "binance", symbols: ["BTC/USDT", "ETH/USDT"], timeframe: "5m" };
const cross = (of) => ({
  name: "Cross of two averages",
  market: of,
  indicators: { fast: { kind: "sma", period: 10 }, slow: { kind: "sma", period: 50 } },
  entry: { crossesAbove: ["fast", "slow"] },
  exit: { crossesBelow: ["fast", "slow"] },
  sizing: { kind: "percentEquity", percent: "50" },
  protect: { stopLoss: { percent: "2" }, takeProfit: [{ percent: "6" }] },
});
const combinations = { "indicators.fast.period": [5, 10, 20], "indicators.slow.period": [30, 50, 100] };
const grid = { lower: "3000", upper: "12000", levels: 19, spacing: "geometric", quote: "200", stopLoss: "2500" };
const dca = { dipPercent: "3", quote: "100", maxOrders: 6, scale: "1.5", takeProfit: { percent: "4" } };
const weights = { "BTC/USDT": "50", "ETH/USDT": "30" };
const year = { from: "2020-01-01T00:00:00Z", to: "2021-01-01T00:00:00Z" };

/** What is tried, on which candles. */
const REPORTS = {
  run: [{ strategy: cross(market("1h")), initialCash: "10000" }, [HOURS]],
  minutes: [{ strategy: cross(market("5m")), initialCash: "10000", to: "2023-01-15T00:00:00Z", slippageBps: "5" }, [BTC]],
  symbols: [{ strategy: cross(both), initialCash: "10000", to: "2023-03-01T00:00:00Z" }, [`BTC/USDT=${BTC}`, `ETH/USDT=${ETH}`]],
  study: [
    {
      strategy: cross(market("1h")),
      initialCash: "10000",
      to: "2019-01-01T00:00:00Z",
      walkForward: { train: "90d", test: "30d", objective: "sharpe", sweep: combinations },
      monteCarlo: { runs: 1000, seed: 1, method: "bootstrap", ruin: "20" },
      checks: { lookAhead: true, recursive: true },
    },
    [HOURS],
  ],
  sweep: [{ strategy: cross(market("1h")), initialCash: "10000", ...year, sweep: combinations, objective: "sharpe" }, [HOURS]],
  grid: [{ strategy: { name: "Grid", market: market("1h"), grid }, initialCash: "10000" }, [HOURS]],
  dca: [{ strategy: { name: "Dips", market: market("1h"), dca }, initialCash: "10000" }, [HOURS]],
  rebalance: [
    { strategy: { name: "Weights", market: both, rebalance: { weights, threshold: "1", every: "1d" } }, initialCash: "10000" },
    [`BTC/USDT=${BTC}`, `ETH/USDT=${ETH}`],
  ],
};

let work;
let browser;

before(async () => {
  work = await mkdtemp(join(tmpdir(), "botcriptofy-reports-"));
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--headless", "--no-sandbox", "--disable-gpu"] });
});

after(async () => {
  await browser?.close();
  await rm(work, { recursive: true, force: true });
});

/** Runs a back-test as a user does, and gives the page that it writes. */
async function made(name) {
  const [file, candles] = REPORTS[name];
  const [json, html] = [join(work, `${name}.json`), join(BOTCRIPTOFY_REPORTS ?? work, `${name}.html`)];
  await writeFile(json, JSON.stringify(file));
  const each = candles.flatMap((source) => ["--candles", source]);
  await promisify(execFile)(BOTCRIPTOFY, ["backtest", json, ...each, "--html", html], { maxBuffer: 1 << 26 });
  return html;
}

async function opened(html, { width, colorScheme }) {
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
  await page.goto(pathToFileURL(html).href);
  await page.evaluate(() => document.querySelectorAll("details").forEach((it) => (it.open = true)));
  return page;
}

/** What axe finds fault with, its advice on good practice included. */
async function faults(page) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => window.axe.run());
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).slice(0, 3).join(" | ")}`);
}

/** Marks of drawings that meet another or reach beyond their drawing. */
const meeting = (page) =>
  page.evaluate(() => {
    const shown = [...document.querySelectorAll("svg")].filter((svg) => svg.getBoundingClientRect().width > 0);
    return shown.flatMap((svg) => {
      const frame = svg.getBoundingClientRect();
      const marks = [...svg.querySelectorAll("text")].map((text) => ({ text: text.textContent, at: text.getBoundingClientRect() }));
      const beyond = marks.filter(({ at }) => at.left < frame.left - 1 || at.right > frame.right + 1);
      const meet = (a, b) => a.left < b.right && b.left < a.right && a.top + 3 < b.bottom && b.top + 3 < a.bottom;
      const pairs = marks.flatMap((one, place) => marks.slice(place + 1).filter((other) => meet(one.at, other.at)).map((other) => [one, other]));
      return [...beyond.map(({ text }) => `${text} is cut`), ...pairs.map(([one, other]) => `${one.text} meets ${other.text}`)];
    });
  });

for (const name of Object.keys(REPORTS)) {
  describe(name, () => {
    let html;

    before(async () => {
      html = await made(name);
    });

    for (const view of VIEWS) {
      test(`can be read at ${view.width} points, ${view.colorScheme}`, async () => {
        const page = await opened(html, view);
        assert.deepEqual(await faults(page), []);
        assert.deepEqual(await meeting(page), []);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(wide <= view.width, `the page is ${wide} points wide`);
        await page.close();
      });
    }

    test("prints on white, whole and dark on light", async () => {
      const page = await opened(html, { width: 718, colorScheme: "dark" });
      await page.emulateMedia({ media: "print", colorScheme: "dark" });
      const paper = await page.evaluate(() => {
        const grounds = [document.documentElement, document.body, document.querySelector("header"), ...document.querySelectorAll("section")];
        const cut = [...document.querySelectorAll(".wide")].filter((it) => it.scrollWidth > it.clientWidth + 1);
        return {
          grounds: [...new Set(grounds.map((it) => getComputedStyle(it).backgroundColor))],
          cut: cut.map((it) => it.getAttribute("aria-label")),
        };
      });
      const white = ["rgba(0, 0, 0, 0)", "rgb(255, 255, 255)"];
      assert.deepEqual(paper.grounds.filter((colour) => !white.includes(colour)), []);
      assert.deepEqual(paper.cut, [], "tables wider than the paper");
      await page.close();
    });
  });
}

test("the same run gives the same bytes", async () => {
  const once = await readFile(await made("study"));
  assert.ok(once.equals(await readFile(await made("study"))));
});
