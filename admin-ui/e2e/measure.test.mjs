// What the pages cost. What does not depend on the machine is held; times are only told.
import assert from "node:assert/strict";
import { test } from "node:test";
import { begin, blank, done, visit } from "./browser.mjs";
import { still } from "./screens.mjs";
import { admin, password } from "./server.mjs";

const { server, browser } = await begin();

const list = "/o/opportunity?view=all_opportunities";
const rows = (page) => page.locator("[role=grid] [data-row='3'] a").first();

/** What a page asks the API for, from now on. */
function questionsOf(page) {
  const questions = [];
  page.on("request", (request) => {
    const { pathname, search } = new URL(request.url());
    if (pathname.startsWith("/api/") && !pathname.endsWith("/events")) questions.push(`${request.method()} ${pathname}${decodeURIComponent(search)}`);
  });
  return questions;
}

test("the first load is small, in few files and few questions", async (t) => {
  const page = await blank(browser);
  await page.request.post(`${server.base}/api/v1/auth/login`, { data: { email: "sarah@example.com", password } });
  const scripts = [];
  const questions = questionsOf(page);
  page.on("response", (answer) => {
    const { pathname } = new URL(answer.url());
    if (pathname.endsWith(".js")) scripts.push(answer);
  });
  const begun = performance.now();
  await page.goto(server.base + list);
  await rows(page).waitFor();
  const shown = performance.now() - begun;
  await still(page);
  let bytes = 0;
  for (const answer of scripts) {
    const headers = await answer.allHeaders();
    assert.equal(headers["content-encoding"], "br", answer.url());
    bytes += Number(headers["content-length"]);
  }
  t.diagnostic(`${scripts.length} scripts, ${Math.round(bytes / 1000)} kB; rows after ${Math.round(shown)} ms; asked ${questions.join(", ")}`);
  assert.ok(scripts.length <= 12, `${scripts.length} scripts`);
  assert.ok(bytes <= 300_000, `${bytes} bytes of script`);
  assert.ok(questions.length <= 2, questions.join(", "));
  await done(page);
});

test("opening a list or a record takes two questions at most", async (t) => {
  const page = await visit(browser, server, "sarah@example.com", undefined, list);
  await rows(page).waitFor();
  await still(page);
  const questions = questionsOf(page);
  /** Does something and waits until nothing is asked for any more; tells what was. */
  const asked = async (act) => {
    questions.length = 0;
    await act();
    await still(page);
    return [...questions];
  };
  const most = (what, of, number) => {
    t.diagnostic(`${what}: asked ${of.length} times`);
    assert.ok(of.length <= number, `${what}: ${of.join(", ")}`);
  };
  const menu = page.getByRole("navigation", { name: "Menu" });
  for (const name of ["Leads", "Accounts", "Contacts"]) {
    const of = await asked(async () => {
      await menu.getByRole("link", { name, exact: true }).click();
      await page.getByRole("heading", { level: 1, name }).waitFor();
      await page.locator("main [data-row='1'] a, main [data-card]").first().waitFor();
    });
    most(name, of, 2);
  }
  const view = await asked(() => page.getByRole("main").getByRole("button", { name: "All contacts" }).click());
  most("another view", view, 2);

  // Its history names a contact that is gone by now, of which there is no name to be had.
  const first = page.locator("[data-row='0'] a[data-open]");
  await page.goto(server.base + list);
  const [deal] = (await first.getAttribute("href")).match(/\w{13}/);
  const api = await server.as(admin);
  const contact = (await api("POST", "/records/contact", { last_name: "Passing" })).id;
  await api("PATCH", `/records/opportunity/${deal}`, { contact });
  await api("DELETE", `/records/contact/${contact}`);
  await page.goto(server.base + list);
  await rows(page).waitFor();
  await still(page);
  assert.match(await first.getAttribute("href"), new RegExp(deal));
  const record = /\/records\/opportunity\/(\w{13})\/page/;
  const opened = await asked(async () => {
    await first.click();
    await page.locator("article[aria-busy]").waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Next record" }).waitFor();
  });
  most("a record, pointed at and opened", opened, 2);

  // Going through the list the next one is read ahead, and not again when it is come to.
  const through = [];
  const steps = 4;
  for (let i = 0; i < steps; i++)
    through.push(
      ...(await asked(async () => {
        const before = page.url();
        await page.keyboard.press("j");
        await page.waitForURL((url) => url.href !== before);
      })),
    );
  most(`${steps} more of the list, and the one after them`, through, 2 * steps + 1);
  const pages = through.flatMap((one) => record.exec(one)?.[1] ?? []);
  assert.equal(new Set(pages).size, steps + 1, "one page is read ahead");
  assert.equal(pages.length, steps + 1, "no page is read twice");
  await done(page);
});

test("a record is read while the pointer rests on its name", async () => {
  const page = await visit(browser, server, "sarah@example.com", undefined, list);
  await rows(page).waitFor();
  await still(page);
  const questions = questionsOf(page);
  const link = page.locator("[data-row='2'] a[data-open]");
  const id = (await link.getAttribute("href")).split("/").at(-1);
  const read = page.waitForResponse((answer) => answer.url().includes(`/${id}/page`));
  await link.hover();
  await read;
  await link.click();
  await page.getByRole("button", { name: "Next record" }).waitFor();
  await still(page);
  assert.deepEqual(questions.map((one) => one.split("?")[0]), [`GET /api/v1/records/opportunity/${id}/page`, `PUT /api/v1/me/recent/opportunity/${id}`]);
  await done(page);
});

test("pages that come and go leave nothing behind", async (t) => {
  const page = await visit(browser, server, "sarah@example.com", undefined, list);
  await rows(page).waitFor();
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Performance.enable");
  const now = async () => {
    await devtools.send("HeapProfiler.collectGarbage");
    const { metrics } = await devtools.send("Performance.getMetrics");
    return Object.fromEntries(metrics.map((m) => [m.name, m.value]));
  };
  const navigate = (times) =>
    page.evaluate(async (times) => {
      const menu = document.querySelector("nav[aria-label=Menu]");
      for (let i = 0; i < times; i++) {
        const name = ["Leads", "Accounts", "Recent", "Opportunities"][i % 4];
        [...menu.querySelectorAll("a")].find((a) => a.textContent === name).click();
        const limit = performance.now() + 5000;
        while (document.querySelector("main h1")?.textContent !== name) {
          if (performance.now() > limit) throw new Error(`${name} is not shown`);
          await new Promise(requestAnimationFrame);
        }
      }
    }, times);
  await navigate(40); // what is kept of each page is there by now
  await still(page);
  const before = await now();
  await navigate(200);
  await still(page);
  const later = await now();
  t.diagnostic(`200 navigations: ${(before.JSHeapUsedSize / 1e6).toFixed(1)} MB before, ${(later.JSHeapUsedSize / 1e6).toFixed(1)} MB after`);
  assert.ok(later.Nodes < before.Nodes * 1.2 + 500, `${before.Nodes} nodes became ${later.Nodes}`);
  assert.ok(later.JSEventListeners < before.JSEventListeners * 1.2 + 100, `${before.JSEventListeners} listeners became ${later.JSEventListeners}`);
  assert.ok(later.JSHeapUsedSize < before.JSHeapUsedSize + 8e6, `${before.JSHeapUsedSize} bytes became ${later.JSHeapUsedSize}`);
  await done(page);
});

test("a list is scrolled", async (t) => {
  const page = await visit(browser, server, "diana@example.com", undefined, "/o/account?view=all_accounts");
  await rows(page).waitFor();
  const frames = await page.evaluate(async () => {
    const grid = document.querySelector("[role=grid]");
    const times = [];
    let last = await new Promise(requestAnimationFrame);
    for (let i = 0; i < 120; i++) {
      grid.scrollTop += grid.clientHeight;
      if (grid.scrollTop + grid.clientHeight >= grid.scrollHeight - 1) grid.scrollTop = 0;
      const now = await new Promise(requestAnimationFrame);
      times.push(now - last);
      last = now;
    }
    return times.sort((a, b) => a - b);
  });
  t.diagnostic(`a screen a frame: median ${frames[60].toFixed(0)} ms, ${frames.filter((f) => f > 50).length} of 120 over 50 ms`);
  // Only rows in sight are there, however many there are.
  assert.ok((await page.locator("[role=grid] [data-row]").count()) < 80);
  await done(page);
});
