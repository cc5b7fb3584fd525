// Finds a browser: CHROMIUM, one in the path, Playwright's own; or else installs Debian's or Playwright's.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after } from "node:test";
import { chromium } from "playwright-core";
import { password, start } from "./server.mjs";

// The first draws without a window, with a third less work.
const names = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge"];

/** The path of a browser. Throws with what to do where there is none and none can be installed. */
export function findBrowser() {
  const found = known();
  if (found) return found;
  console.log("no browser was found; one is installed, which takes a minute or two");
  const tried = [];
  const run = (program, ...args) => {
    const { status, error, stderr } = spawnSync(program, args, {
      encoding: "utf8",
      stdio: ["ignore", "ignore", "pipe"],
      timeout: 600_000,
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    });
    if (status !== 0) tried.push(`${program} ${args.join(" ")}: ${error ?? stderr.trim().split("\n").at(-1)}`);
  };
  if (process.getuid?.() === 0 && existsSync("/usr/bin/apt-get")) {
    run("apt-get", "update");
    run("apt-get", "install", "-y", "--no-install-recommends", "fonts-noto-cjk");
    for (const name of ["chromium-headless-shell", "chromium"]) known() || run("apt-get", "install", "-y", "--no-install-recommends", name);
  }
  if (!known()) run("npx", "playwright-core", "install", "chromium");
  const installed = known();
  if (installed) return installed;
  throw new Error(`no browser was found: install Chromium, or name one in the variable CHROMIUM\n${tried.join("\n")}`);
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

/**
 * A running browser that asks for nothing outside. It does not close if any of its pages broke the content policy
 * or ran a text as a script, whether or not their test looked at what they complained of.
 */
export async function launch(env = {}) {
  const args = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ];
  if (process.getuid?.() === 0) args.push("--no-sandbox"); // Chromium's own refuses to run as root
  const browser = await chromium.launch({ executablePath: findBrowser(), args, env: { ...process.env, ...env } });
  const close = browser.close.bind(browser);
  browser.broken = [];
  browser.close = async () => {
    await close();
    assert.deepEqual(browser.broken, []);
  };
  return browser;
}

/** What the tests of a file work with: a server, by default the one that all share, and a browser. Both end with the tests. */
export async function begin(serves = start()) {
  const [server, browser] = await Promise.all([serves, launch()]);
  after(async () => {
    try {
      await browser.close();
    } finally {
      await server.stop();
    }
  });
  return { server, browser };
}

export const desktop = { viewport: { width: 1280, height: 800 }, locale: "en-US" };
export const phone = { viewport: { width: 390, height: 844 }, locale: "en-US", hasTouch: true, isMobile: true };

/**
 * A page in a browser of its own, with all that it and pages that it opens complain of in page.complaints: errors,
 * warnings, whatever the content policy refused, and calls of `ran()`, which only hostile texts do. Requests that are refused on purpose are named in `expected`.
 * There is a service worker only where the look says so: each would read all files of the application first.
 */
export async function blank(browser, look = desktop, expected = /401/) {
  const context = await browser.newContext({ serviceWorkers: "block", ...look });
  const page = await context.newPage();
  page.setDefaultTimeout(slow ? 60_000 : 15_000);
  if (slow) await hinder(page);
  page.complaints = [];
  page.on("pageerror", (error) => page.complaints.push(String(error)));
  page.on("console", (m) => {
    if (["error", "warning"].includes(m.type()) && !expected.test(m.text()) && !blocked.test(m.text())) page.complaints.push(`${m.text()} ${m.location().url}`);
  });
  page.on("dialog", (dialog) => page.complaints.push(`a dialog: ${dialog.message()}`));
  page.pending = new Set();
  page.on("request", (request) => {
    if (!request.url().endsWith("/events")) page.pending.add(request); // the stream of events never ends
  });
  for (const over of ["requestfinished", "requestfailed"]) page.on(over, (request) => page.pending.delete(request));
  const broke = (text) => {
    page.complaints.push(text);
    browser.broken.push(text);
  };
  await context.exposeFunction("broke", broke);
  await context.exposeFunction("ran", () => broke("a text ran as a script"));
  await context.addInitScript(() =>
    document.addEventListener("securitypolicyviolation", (e) =>
      window.broke(`the content policy refused ${e.violatedDirective} ${e.blockedURI} ${e.sample} ${e.sourceFile}:${e.lineNumber}`),
    ),
  );
  return page;
}

/**
 * The milliseconds that every answer of the API comes later, on a processor of a third of the speed: a test that looks
 * at a page before it waited for what it looks for fails then, and not only on a busy machine.
 */
const slow = Number(process.env.FORMWORK_UI_SLOW ?? 0);

async function hinder(page) {
  await page.route(/\/api\/v1\/(?!events)/, async (route) => {
    await new Promise((resolve) => setTimeout(resolve, slow));
    await route.fallback().catch(() => undefined); // the page is gone
  });
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Emulation.setCPUThrottlingRate", { rate: 3 });
}

const blocked = /^Service Worker registration blocked/;

/** A page of somebody who has logged in. */
export async function visit(browser, server, email, look = desktop, path = "/", expected = undefined) {
  const page = await blank(browser, look, expected);
  const entered = await page.request.post(`${server.base}/api/v1/auth/login`, { data: { email, password } });
  if (!entered.ok()) throw new Error(`logging in as ${email}: ${entered.status()} ${await entered.text()}`);
  await page.goto(server.base + path);
  await page.getByRole("main").waitFor();
  return page;
}

/** A picture of a page, for whoever wants to look at it: in the folder PICTURES. */
export const picture = (page, name, more) => process.env.PICTURES && page.screenshot({ path: `${process.env.PICTURES}/${name}.png`, ...more });

/** Ends a page, which must not have complained of anything. */
export async function done(page) {
  assert.deepEqual(page.complaints, []);
  await page.context().close();
}

/** What is wider than the screen: the page itself, or what is cut off in a part that doesn't scroll. */
export const sideways = (page) =>
  page.evaluate(() => {
    const found = [];
    const root = document.documentElement;
    if (root.scrollWidth > innerWidth) found.push(`the page: ${root.scrollWidth}`);
    for (const one of document.querySelectorAll("body *")) {
      if (!one.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
      const { left, right, width } = one.getBoundingClientRect();
      if (width < 2 || (right <= innerWidth + 1 && left >= -1)) continue;
      // What scrolls by itself, such as tabs, may be wider.
      let at = one.parentElement;
      while (at && !["auto", "scroll"].includes(getComputedStyle(at).overflowX)) at = at.parentElement;
      if (!at || at === root || at === document.body) found.push(`${one.tagName.toLowerCase()}.${String(one.className).slice(0, 50)} ${Math.round(left)}–${Math.round(right)}`);
    }
    return found.slice(0, 5);
  });

const rules = {
  resultTypes: ["violations"],
  runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
  rules: {
    // The button of a value is called as its field, and what it shows is the value.
    "label-content-name-mismatch": { enabled: false },
    // The heading of a panel is the kit's <header>, which axe takes for one of the page.
    "landmark-no-duplicate-banner": { enabled: false },
    "landmark-unique": { enabled: false },
  },
};

/** Where a page breaks rules of accessibility, or those that are named: one line a rule and place. */
export async function axe(page, runOnly = rules.runOnly) {
  await page.evaluate(readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8"));
  return page.evaluate(async (options) => {
    const { violations } = await window.axe.run(document, options);
    return violations.flatMap((v) =>
      v.nodes.map((n) => `${v.id}: ${n.target.join(" ")} ${n.failureSummary.split("\n").slice(1).join(" ").trim()}`),
    );
  }, { ...rules, runOnly });
}
