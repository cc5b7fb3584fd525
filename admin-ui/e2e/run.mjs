// Runs the tests in a browser: all of them, or the files that are named. They run in two lanes, for a
// browser waits more than it computes. The files of a lane share a server with demonstration data; a test
// that changes what others count on starts one of its own.
import { spawn } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { findBrowser } from "./browser.mjs";
import { start } from "./server.mjs";

const lanes = 2;
const here = fileURLToPath(new URL(".", import.meta.url));
const named = process.argv.slice(2);
const files = named.length ? named : readdirSync(here).filter((name) => name.endsWith(".test.mjs")).map((name) => here + name);
// The longest first, so that the lanes end together.
const left = files.toSorted((a, b) => statSync(b).size - statSync(a).size);
const browser = findBrowser();
const begun = Date.now();
const seconds = (since) => Math.round((Date.now() - since) / 1000);

/** The exit code of the tests of a file; what they say is printed when they have ended, in one piece. */
function test(file, server) {
  const since = Date.now();
  const tests = spawn(process.execPath, ["--test", "--test-reporter=spec", file], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, CHROMIUM: browser, FORMWORK_URL: server.base },
  });
  const said = [];
  for (const stream of [tests.stdout, tests.stderr]) stream.on("data", (piece) => said.push(piece));
  return new Promise((resolve, reject) => {
    tests.on("error", reject);
    tests.on("close", (code) => {
      const name = file.slice(file.lastIndexOf("/") + 1);
      console.log(`${name}: ${code === 0 ? "passed" : "FAILED"} in ${seconds(since)} s\n${Buffer.concat(said)}`);
      resolve(code ?? 1);
    });
  });
}

/** How many files failed of those that the lane took. */
async function lane() {
  const server = await start({ own: true });
  let failed = 0;
  for (let file = left.shift(); file; file = left.shift()) failed += (await test(file, server)) === 0 ? 0 : 1;
  await server.stop();
  return failed;
}

const failures = await Promise.all(Array.from({ length: Math.min(lanes, files.length) }, lane));
const failed = failures.reduce((a, b) => a + b, 0);
console.log(`browser: ${files.length} files in ${seconds(begun)} s, ${failed} of them failed`);
process.exit(failed === 0 ? 0 : 1);
