// Starts the built program with demonstration data, for one run of tests.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { burden } from "./hard.mjs";

export const password = "correct horse battery";
export const admin = "admin@example.com";
const program = process.env.FORMWORK ?? fileURLToPath(new URL("../../bin/formwork", import.meta.url));

/**
 * The server that run.mjs started for all tests; or, if there is none or `own` is asked for, one of the caller's, of
 * a tenant that is burdened if it is to be `hard`. `more` is what it is started with besides.
 */
export async function start({ own = false, size = 300, hard = !!process.env.FORMWORK_UI_HARD, more: always = [] } = {}) {
  if (process.env.FORMWORK_URL && !own) return { base: process.env.FORMWORK_URL, as: asking(process.env.FORMWORK_URL), stop() {} };
  const data = mkdtempSync(join(tmpdir(), "formwork-ui-"));
  let server;
  /** The address at which it serves, once it does. */
  const run = async (listen, ...more) => {
    server = spawn(program, ["serve", "--data", data, "--listen", listen, ...always, ...more], {
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...process.env,
        FORMWORK_ADMIN_EMAIL: admin,
        FORMWORK_ADMIN_PASSWORD: password,
        FORMWORK_DEMO_PASSWORD: password,
        FORMWORK_SECRET_KEY: Buffer.alloc(32, 7).toString("base64"),
      },
    });
    let said = "";
    return new Promise((resolve, reject) => {
      const read = (piece) => {
        said += piece;
        const found = /http:\/\/[\d.:]+/.exec(said);
        if (found && (more.length === 0 || said.includes("First login"))) resolve(found[0]);
      };
      server.stdout.on("data", read);
      server.stderr.on("data", (piece) => {
        said += piece;
      });
      server.on("exit", () => reject(new Error(`the program ended before it served:\n${said}`)));
    });
  };
  const end = () => {
    const gone = new Promise((resolve) => server.on("close", resolve));
    server.kill("SIGTERM");
    return gone;
  };
  const base = await run("127.0.0.1:0", "--demo", String(size));
  const as = asking(base);
  return {
    base,
    as,
    ...(hard ? await burden(await as(admin), password) : {}),
    /** It can't be reached until it is resumed, at the same address and with the same data. */
    interrupt: end,
    resume: () => run(new URL(base).host),
    async stop() {
      await end();
      rmSync(data, { recursive: true, force: true });
    },
  };
}

/** Asks the API of a server as somebody, beside the browser. */
const asking = (base) => async (email) => {
  const send = (token) => async (method, path, body) => {
    const answer = await fetch(`${base}/api/v1${path}`, {
      method,
      headers: { "Content-Type": "application/json", ...(token ? { Authorization: `Bearer ${token}` } : {}) },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : undefined;
  };
  const { token } = await send()("POST", "/auth/login", { email, password });
  return send(token);
};
