// A server of a test's own: with settings of its own, in an empty folder and on a free port.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

const { BOTCRIPTOFY } = process.env;

/** Settings of the machine, which are not the test's. */
const FOREIGN = ["DATABASE_URL", "REDIS_URL", "SMTP_URL", "BETTER_AUTH_SECRET", "BETTER_AUTH_URL"];

/** A port that nothing listens on. */
export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  await new Promise((closed) => server.close(closed));
  return port;
}

/** Starts a server with these settings and waits until it is ready. Browsers trust its origin as they trust https. */
export async function startServer(settings = {}) {
  const [port, work] = [await freePort(), await mkdtemp(join(tmpdir(), "botcriptofy-"))];
  // the private PostgreSQL does not run as root: its user must get through
  await chmod(work, 0o755);
  const [url, data] = [`http://localhost:${port}`, join(work, "data")];
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !FOREIGN.includes(name)));
  Object.assign(env, { HOST: "127.0.0.1", PORT: port, BETTER_AUTH_URL: url, RATE_LIMITS: "off", LOG_FORMAT: "json" }, settings);
  const program = spawn(BOTCRIPTOFY, ["serve", "--data-dir", data], { cwd: work, env, stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(program, "close");
  let log = "";
  for (const stream of [program.stdout, program.stderr]) stream.on("data", (part) => (log += part));

  const stop = async () => {
    program.kill("SIGTERM");
    await ended;
    await rm(work, { recursive: true, force: true });
  };
  const ready = () => fetch(`${url}/health/ready`).then(({ ok }) => ok).catch(() => false);
  for (let waited = 0; waited < 600; waited++) {
    if (await ready()) return { url, data, stop, log: () => log };
    if (program.exitCode !== null) break;
    await wait(100);
  }
  await stop();
  throw new Error(`the server did not become ready:\n${log}`);
}

/** The newest mail to an address with this subject, from the folder of a server without SMTP; it is written a moment after the answer. */
export async function mailTo(data, email, subject) {
  const folder = join(data, "mail");
  for (let waited = 0; waited < 300; waited++) {
    const names = await readdir(folder).catch(() => []);
    for (const name of names.filter((it) => it.endsWith(`-${email}.eml`)).sort().reverse()) {
      const text = await readFile(join(folder, name), "utf8");
      if (text.includes(`Subject: ${subject}`)) return text;
    }
    await wait(100);
  }
  throw new Error(`no mail "${subject}" to ${email}`);
}

/** The link that a mail asks its reader to open. */
export const linkOf = (text) => text.split(/\r?\n/).find((line) => line.startsWith("http"));
