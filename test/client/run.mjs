// Starts a server with demonstration data, generates a client from its description,
// compiles it, and calls every route with it. Needs Go and what `npm ci` installs.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import openapiTS, { astToString } from "openapi-typescript";
import { problemsOf } from "./lint.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const build = join(here, "build");
const email = "admin@example.com";
const password = "correct horse battery";

/** Runs a program to its end, in this folder; its failure is ours. */
function run(program, args, environment = {}) {
  const { status, error } = spawnSync(program, args, { cwd: here, stdio: "inherit", env: { ...process.env, ...environment } });
  if (error) throw error;
  if (status !== 0) throw new Error(`${program} ${args.join(" ")} failed`);
}

/** Starts the server and waits for the line that says where it listens. */
async function serve(binary, data) {
  const server = spawn(binary, ["serve", "--data", data, "--listen", "127.0.0.1:0", "--demo", "200", "--reach", "127.0.0.1", "--public-url", "https://crm.example.com"], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, FORMWORK_ADMIN_EMAIL: email, FORMWORK_ADMIN_PASSWORD: password, FORMWORK_SECRET_KEY: Buffer.alloc(32, 7).toString("base64") },
  });
  let log = "";
  server.stderr.on("data", (piece) => (log += piece));
  const base = await new Promise((resolve, reject) => {
    let out = "";
    server.stdout.on("data", (piece) => {
      out += piece;
      const found = /http:\/\/[^\s/]+/.exec(out);
      if (found) resolve(found[0]);
    });
    server.on("exit", () => reject(new Error(`the server ended before it listened:\n${out}\n${log}`)));
  });
  return { server, base, log: () => log };
}

/** The description as the administrator sees it. */
async function describe(base) {
  const login = await fetch(`${base}/api/v1/auth/login`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ email, password }),
  });
  const { token } = await login.json();
  const answer = await fetch(`${base}/api/v1/openapi.json`, { headers: { Authorization: `Bearer ${token}` } });
  if (!answer.ok) throw new Error(`the description: ${answer.status} ${await answer.text()}`);
  return answer.text();
}

const folder = mkdtempSync(join(tmpdir(), "formwork-client-"));
let started;
try {
  rmSync(build, { recursive: true, force: true });
  mkdirSync(build);
  let binary = process.env.FORMWORK_TEST_BINARY;
  if (!binary) {
    binary = join(folder, "formwork");
    run(process.env.GO ?? "go", ["build", "-o", binary, "formwork/cmd/formwork"], { CGO_ENABLED: "0" });
  }
  started = await serve(binary, join(folder, "data"));
  const text = await describe(started.base);
  const file = join(build, "openapi.json");
  writeFileSync(file, text);
  const problems = await problemsOf(text);
  if (problems.length > 0) throw new Error(`the description is not valid:\n${problems.join("\n")}`);
  writeFileSync(join(build, "api.d.ts"), astToString(await openapiTS(JSON.parse(text))));
  run(process.execPath, [join("node_modules", "typescript", "bin", "tsc"), "--project", "."]);
  run(process.execPath, ["--test", "--test-reporter=spec", "lint.test.mjs", join("build", "js", "calls.test.js")], {
    FORMWORK_BASE: started.base,
    FORMWORK_EMAIL: email,
    FORMWORK_PASSWORD: password,
    FORMWORK_DESCRIPTION: file,
  });
} catch (error) {
  console.error(String(error));
  if (started?.log()) console.error(`the server's log:\n${started.log().slice(-8000)}`);
  process.exitCode = 1;
} finally {
  if (started && started.server.exitCode === null) {
    started.server.kill();
    await once(started.server, "exit");
  }
  rmSync(folder, { recursive: true, force: true });
}
