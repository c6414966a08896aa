// ccxt, pointed at the sandbox as anybody would point it at another host.

import ccxt from "ccxt";

const { SANDBOX_URL, SANDBOX_KEY, SANDBOX_SECRET } = process.env;
const sockets = SANDBOX_URL.replace("http", "ws");

/** A client of the first account, or of another one. */
export async function connect({ apiKey = SANDBOX_KEY, secret = SANDBOX_SECRET, ...further } = {}) {
  const exchange = new ccxt.pro.binance({ apiKey, secret, enableRateLimit: false, ...further });
  exchange.options.fetchMarkets = { types: ["spot"] };
  exchange.options.fetchMargins = false;
  exchange.urls.api = {
    public: `${SANDBOX_URL}/api/v3`,
    private: `${SANDBOX_URL}/api/v3`,
    sapi: `${SANDBOX_URL}/sapi/v1`,
    ws: { spot: `${sockets}/stream/ws`, "ws-api": { spot: `${sockets}/ws-api/v3` } },
  };
  // without it, the version of npm does not speak to ws://
  await exchange.loadHttpProxyAgent();
  await exchange.loadMarkets();
  return exchange;
}

/** Steers the sandbox. */
export async function steer(method, path, body) {
  const init = { method, headers: { "content-type": "application/json" }, body: body && JSON.stringify(body) };
  const answer = await fetch(`${SANDBOX_URL}/sandbox/v1/${path}`, init);
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

export { ccxt };
