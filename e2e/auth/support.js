// What the tests of the official client stand on: a server that runs already, its mails, and a client with cookies.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

const { BOTCRIPTOFY, BOTCRIPTOFY_URL, BOTCRIPTOFY_DATA } = process.env;

/** The releases of the client that must work, by the names that package.json gives them. */
export const RELEASES = ["ba-1-1-5", "ba-1-3", "ba-1-6", "better-auth"];

/** A client of a release with these plugins, by their names or made, and a cookie jar of its own as a browser has one. */
export async function newClient(release, ...wanted) {
  const { createAuthClient } = await import(`${release}/client`);
  const known = wanted.length > 0 ? await import(`${release}/client/plugins`) : {};
  const plugins = wanted.map((it) => (typeof it === "string" ? known[it]() : it));
  const cookies = new Map();
  const customFetchImpl = async (input, init = {}) => {
    const headers = new Headers(init.headers);
    // node's fetch says that it is a browser's, so it needs an origin as a page has one
    headers.set("origin", BOTCRIPTOFY_URL);
    if (cookies.size > 0) headers.set("cookie", [...cookies].map(([name, value]) => `${name}=${value}`).join("; "));
    const response = await fetch(input, { ...init, headers, redirect: "manual" });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (/max-age=0(;|$)/i.test(line)) cookies.delete(name);
      else cookies.set(name, value);
    }
    return response;
  };
  const client = createAuthClient({ baseURL: BOTCRIPTOFY_URL, plugins, fetchOptions: { customFetchImpl } });
  return { client, cookies };
}

/** The version of a release, as it was installed. */
export async function versionOf(release) {
  const path = new URL(`../node_modules/${release}/package.json`, import.meta.url);
  return JSON.parse(await readFile(path, "utf8")).version;
}

/** The link of the mail to an address; it is written a moment after the answer. */
export async function mailedLink(email) {
  const folder = join(BOTCRIPTOFY_DATA, "mail");
  for (let waited = 0; waited < 100; waited++) {
    const names = await readdir(folder).catch(() => []);
    const name = names.find((it) => it.endsWith(`-${email}.eml`));
    if (name) {
      const text = await readFile(join(folder, name), "utf8");
      return text.split(/\r?\n/).find((line) => line.startsWith("http"));
    }
    await wait(100);
  }
  throw new Error(`no mail to ${email}`);
}

/** What an operator does on the command line: `operator(["user", "promote", email])`. */
export async function operator(args, input = "") {
  // settings of the machine are not the suite's
  const env = { ...process.env };
  for (const name of ["DATABASE_URL", "SMTP_URL", "BETTER_AUTH_SECRET", "BETTER_AUTH_URL"]) delete env[name];
  const program = spawn(BOTCRIPTOFY, ["--json", "--data-dir", BOTCRIPTOFY_DATA, ...args], {
    cwd: BOTCRIPTOFY_DATA,
    env,
    stdio: ["pipe", "pipe", "inherit"],
  });
  program.stdin.end(input);
  let text = "";
  program.stdout.on("data", (part) => (text += part));
  const [code] = await once(program, "close");
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}`);
  return JSON.parse(text.trim().split("\n").at(-1));
}

/** Opens a link as a browser does, without following it further. */
export const open = (link) => fetch(link, { redirect: "manual" });
