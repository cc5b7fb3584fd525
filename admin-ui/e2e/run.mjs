// Runs the tests in a browser: all of them, or the files that are named. They run in two lanes, for a
// browser waits more than it computes. The files of a lane share a server with demonstration data, of a hard tenant; a test
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
// The longest first, so that the lanes end together: mostly those that say most, but one that goes through all screens.
const length = (file) => (file.endsWith("axe.test.mjs") ? Number.POSITIVE_INFINITY : statSync(file).size);
const left = files.toSorted((a, b) => length(b) - length(a));
const browser = findBrowser();
const begun = Date.now();
const seconds = (since) => Math.round((Date.now() - since) / 1000);

/** What the tests of a file said, where they failed. */
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
      console.log(`${name}: ${code === 0 ? "passed" : "FAILED"} in ${seconds(since)} s`);
      resolve(code === 0 ? [] : [`\n${name}\n${Buffer.concat(said)}`]);
    });
  });
}

/** What failed of the files that the lane took. */
async function lane() {
  const server = await start({ own: true, hard: true });
  const failures = [];
  for (let file = left.shift(); file; file = left.shift()) failures.push(...(await test(file, server)));
  await server.stop();
  return failures;
}

const failures = (await Promise.all(Array.from({ length: Math.min(lanes, files.length) }, lane))).flat();
console.log(`browser: ${files.length} files in ${seconds(begun)} s, ${failures.length} of them failed${failures.join("")}`);
process.exitCode = failures.length === 0 ? 0 : 1;
