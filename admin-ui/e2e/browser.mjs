// Finds a browser: CHROMIUM, one in the path, Playwright's own; or else installs Debian's or Playwright's.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge"];

/** The path of a browser. Throws with what to do where there is none and none can be installed. */
export function findBrowser() {
  const found = known();
  if (found) return found;
  if (process.getuid?.() === 0 && existsSync("/usr/bin/apt-get")) {
    spawnSync("apt-get", ["update"], { stdio: "ignore", timeout: 300_000 });
    spawnSync("apt-get", ["install", "-y", "--no-install-recommends", "chromium"], { stdio: "ignore", timeout: 600_000 });
  }
  if (!known()) spawnSync("npx", ["playwright-core", "install", "chromium"], { stdio: "ignore", timeout: 300_000 });
  const installed = known();
  if (!installed) throw new Error("no browser was found: install Chromium, or name one in the variable CHROMIUM");
  return installed;
}

function known() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  for (const name of names) {
    try {
      return execFileSync("which", [name], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
    } catch {
      // not this one
    }
  }
  return existsSync(chromium.executablePath()) ? chromium.executablePath() : undefined;
}

/** A running browser that asks for nothing outside. */
export function launch() {
  const args = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
  if (process.getuid?.() === 0) args.push("--no-sandbox"); // Chromium's own refuses to run as root
  return chromium.launch({ executablePath: findBrowser(), args });
}
