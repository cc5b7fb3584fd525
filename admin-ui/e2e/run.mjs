// Runs the tests in a browser: all of them, or the files that are named. They share one server with
// demonstration data; a test that changes what others count on starts one of its own.
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { findBrowser } from "./browser.mjs";
import { start } from "./server.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const files = process.argv.slice(2).length
  ? process.argv.slice(2)
  : readdirSync(here).filter((name) => name.endsWith(".test.mjs")).map((name) => here + name);
const browser = findBrowser();
const server = await start({ own: true });
const begun = Date.now();
const tests = spawn(process.execPath, ["--test", "--test-concurrency=1", ...files], {
  stdio: "inherit",
  env: { ...process.env, CHROMIUM: browser, FORMWORK_URL: server.base },
});
tests.on("exit", async (code) => {
  console.log(`browser: ${files.length} files in ${Math.round((Date.now() - begun) / 1000)} s`);
  await server.stop();
  process.exit(code ?? 1);
});
