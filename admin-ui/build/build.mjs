// Builds dist/: the application, and each of its files compressed beside it, so that the program
// sends what is there and compresses nothing. Nothing but dist/README is kept of what was there.
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "vite";
import { makeInstallable } from "./install.mjs";

const dist = new URL("../dist/", import.meta.url).pathname;
for (const name of await readdir(dist)) if (name !== "README") await rm(join(dist, name), { recursive: true });
await build({ root: new URL("..", import.meta.url).pathname, logLevel: "warn" });
const version = await makeInstallable(dist);

let sent = 0;
let scripts = 0;
for (const entry of await readdir(join(dist, "assets"), { withFileTypes: true })) {
  const file = join(dist, "assets", entry.name);
  if (entry.name.endsWith(".png")) continue; // compressed as it is
  const bytes = await readFile(file);
  const small = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
  await writeFile(`${file}.br`, small);
  await writeFile(`${file}.gz`, gzipSync(bytes, { level: 9 }));
  if (entry.name.endsWith(".js")) {
    scripts++;
    sent += small.length;
  }
}
console.log(`admin-ui: ${scripts} scripts, ${Math.round(sent / 1000)} kB as sent, version ${version}`);
