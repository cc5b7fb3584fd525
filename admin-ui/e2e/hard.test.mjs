// The main paths on a tenant that is hard on the pages, and what they cost there. Counts and the order of what is
// seen are held; times are only told, for they are of the machine.
import assert from "node:assert/strict";
import { test } from "node:test";
import { begin, desktop, done, phone, visit } from "./browser.mjs";
import { columns, guest, rows, shipmentName } from "./hard.mjs";
import { still } from "./screens.mjs";
import { admin, start } from "./server.mjs";

const { server, browser } = await begin(start({ own: true, size: 50, hard: true }));
const api = await server.as(admin);

const list = "/o/shipment?view=all_shipments";
/** A page of somebody who has changed nothing of the views. */
async function open(path, look = desktop, email = admin, expected = undefined) {
  await (await server.as(email))("PATCH", "/me/settings", { "kept.shipment": null, density: null });
  return visit(browser, server, email, look, path, expected);
}
const cell = (page, row, column) => page.locator(`[data-row="${row}"] [data-column="${column}"]`);
const named = (page, row, i) => cell(page, row, 0).getByText(shipmentName(i), { exact: true }).waitFor();
/** How long it is scrolled, in ms: longer where that is measured. */
const scrolling = process.env.FORMWORK_UI_ROWS ? 10_000 : 3000;
/** The columns of the list, by their places. */
const weight = 2;

/** Nothing stands out of the page sideways: what is wider than its place scrolls there. */
async function fits(page, what) {
  const { has, shows } = await page.evaluate(() => ({ has: document.documentElement.scrollWidth, shows: document.documentElement.clientWidth }));
  assert.ok(has <= shows, `${what} is ${has} px wide in ${shows} px`);
}

/** Scrolls as a wheel does, at so many px a second; tells how long the frames took meanwhile, in ms. */
async function scroll(page, devtools, speed) {
  await page.evaluate(() => {
    window.frames = [];
    let last = performance.now();
    const next = (now) => {
      window.frames?.push(now - last);
      last = now;
      if (window.frames) requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
  });
  const { x, y, width, height } = await page.getByRole("grid").boundingBox();
  const yDistance = (-speed * scrolling) / 1000;
  await devtools.send("Input.synthesizeScrollGesture", { x: x + width / 2, y: y + height / 2, yDistance, speed, gestureSourceType: "mouse", preventFling: true });
  return page.evaluate(() => {
    const frames = window.frames.slice(1);
    window.frames = undefined;
    return frames;
  });
}

/** How a number of times in ms are told. */
function told(times) {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (part) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]);
  return `median ${at(0.5)} ms, 95 of 100 within ${at(0.95)} ms, ${times.filter((ms) => Math.round(ms) > 50).length} of ${times.length} over 50 ms`;
}

test("the first rows of a long list, scrolling it, and typing in it", async (t) => {
  const page = await open("/me");
  t.diagnostic(`${rows} records made in ${Math.round(server.took)} ms`);
  await still(page);
  /** Goes to a page; tells how long it took until something of it was in the document, in ms. */
  const until = (path, selector) =>
    page.evaluate(
      async ([path, selector]) => {
        const begun = performance.now();
        history.pushState(null, "", path);
        dispatchEvent(new PopStateEvent("popstate"));
        while (!document.querySelector(selector)) await new Promise(requestAnimationFrame);
        return Math.round(performance.now() - begun);
      },
      [path, selector],
    );
  const row = "[data-row='0'] a[data-open]";
  const first = await until(list, row);
  await named(page, 0, 0);
  await still(page);
  await until("/me", "main form, main [role=radiogroup]");
  await still(page);
  t.diagnostic(`first rows of ${rows}: ${first} ms; once the browser has drawn such a list before: ${await until(`${list}&sort=-weight`, row)} ms`);
  await page.goto(server.base + list);
  await named(page, 0, 0);
  await still(page);

  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Performance.enable");
  const spent = async () => {
    const { metrics } = await devtools.send("Performance.getMetrics");
    return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
  };
  for (const speed of [3000, 10_000]) {
    const before = await spent();
    const scrolled = await scroll(page, devtools, speed);
    const later = await spent();
    const a = (name) => Math.round(((later[name] - before[name]) * 1000) / scrolled.length * 10) / 10;
    t.diagnostic(`scrolled for ${scrolling / 1000} s, ${speed} px a second: ${told(scrolled)}; a frame takes ${a("ScriptDuration")} ms of script, ${a("LayoutDuration")} of layout, ${a("RecalcStyleDuration")} of style`);
  }
  assert.ok((await page.locator("[role=grid] [data-row]").count()) < 80, "only rows in sight are there");
  await page.evaluate(() => {
    document.querySelector("[role=grid]").scrollTop = 0;
  });
  await named(page, 0, 0);

  await cell(page, 0, weight).click();
  const typed = [];
  await page.evaluate(() => {
    window.typed = [];
    document.querySelector("[role=grid] textarea").addEventListener("keydown", (event) => requestAnimationFrame(() => requestAnimationFrame((now) => window.typed.push(now - event.timeStamp))));
  });
  await page.keyboard.type("the quick brown fox jumps over the lazy dog", { delay: 30 });
  typed.push(...(await page.evaluate(() => window.typed)));
  t.diagnostic(`from a key to the frame after the letter is shown: ${told(typed)}`);
  await page.keyboard.press("Escape");
  await done(page);
});

test("columns beyond the width of the page come into sight, the first one staying", async () => {
  const page = await open(list);
  await named(page, 1, 1);
  /** The text at the middle of a cell, which another part may cover. */
  const seen = (row, column) =>
    cell(page, row, column).evaluate((cell) => {
      const { x, y, width, height } = cell.getBoundingClientRect();
      return document.elementFromPoint(x + width / 2, y + height / 2)?.closest("[data-column]")?.textContent;
    });
  const last = columns.length - 1;
  assert.equal(await cell(page, 1, last).count(), 0, "only columns in sight are there");
  await page.getByRole("grid").evaluate((grid) => grid.scrollTo(grid.scrollWidth, 0));
  await cell(page, 1, last).getByText("Note 8 of 1", { exact: true }).waitFor();
  assert.equal(await seen(1, last), "Note 8 of 1");
  assert.equal(await seen(1, 0), shipmentName(1));
  const [{ x }, { x: heading }] = await Promise.all([cell(page, 1, last).boundingBox(), page.getByRole("columnheader", { name: /^Note 8/ }).boundingBox()]);
  assert.equal(x, heading, "cells stand beneath their headings");
  await fits(page, "a list scrolled sideways");

  // By keys: to the first cell, and one to the right of it, which lies behind the first one.
  await cell(page, 2, last).click();
  await page.keyboard.press("Home");
  await page.getByRole("textbox", { name: `Name: ${shipmentName(2)}` }).waitFor();
  assert.equal(await seen(2, 0), shipmentName(2));
  await page.keyboard.press("ArrowRight");
  await cell(page, 2, 1).waitFor();
  assert.match(await seen(2, 1), /^Arrived/);
  await page.keyboard.press("End");
  await cell(page, 2, last).waitFor();
  assert.equal(await seen(2, last), "Note 8 of 2");
  await page.keyboard.type("Stored");
  const stored = page.waitForResponse((answer) => answer.request().method() === "PATCH" && answer.ok());
  await page.keyboard.press("Enter");
  await stored;
  await cell(page, 2, last).getByText("Stored", { exact: true }).waitFor();
  await done(page);
});

test("a name and what a list shows of it are there before the record is answered; an edit before it is stored", async (t) => {
  const page = await open(list, desktop, admin, /status of 422/);
  await named(page, 1, 1);
  await still(page); // the script of the page of a record is here too
  let answer;
  const asked = new Promise((resolve) => {
    void page.route(/\/records\/shipment\/\w+\/page/, (route) => {
      resolve();
      answer = () => route.continue();
    });
  });
  // The name is in the document in the very frame after the click.
  const frame = await page.evaluate(async () => {
    const link = document.querySelector("[data-row='1'] a[data-open]");
    const name = link.textContent;
    const begun = performance.now();
    link.click();
    let frames = 0;
    while (document.querySelector("main article h1")?.textContent !== name) {
      await new Promise(requestAnimationFrame);
      if (++frames > 300) throw new Error("the name is not shown");
    }
    return { frames, ms: performance.now() - begun };
  });
  t.diagnostic(`from the click to the name: ${frame.frames} frames, ${Math.round(frame.ms)} ms`);
  await asked;
  const article = page.getByRole("article", { name: shipmentName(1) });
  await article.getByText("Sent", { exact: true }).first().waitFor();
  await article.getByText("Note 3 of 1", { exact: true }).waitFor();
  await page.unroute(/\/page/);
  await answer();
  await page.getByRole("button", { name: "Next record" }).waitFor();
  await still(page);
  await page.goBack();

  // A cell shows what was entered while the server still thinks about it, and what was there if it says no.
  await named(page, 2, 2);
  const was = await cell(page, 2, weight).innerText();
  let refuse;
  const sent = new Promise((resolve) => {
    void page.route(/\/records\/shipment\/\w+$/, (route) => {
      if (route.request().method() !== "PATCH") return route.continue();
      resolve();
      refuse = () =>
        route.fulfill({
          status: 422,
          contentType: "application/problem+json",
          body: JSON.stringify({ type: "about:blank", title: "Unprocessable Entity", status: 422, code: "record.invalid", detail: "No.", errors: [{ pointer: "/weight", code: "value.invalid", detail: "Too heavy for this road." }] }),
        });
    });
  });
  await cell(page, 2, weight).click();
  await page.keyboard.type("777");
  await page.keyboard.press("Enter");
  await sent;
  await cell(page, 2, weight).getByText("777", { exact: true }).waitFor();
  await refuse();
  await page.getByRole("alert").filter({ hasText: "Too heavy for this road." }).waitFor();
  await cell(page, 2, weight).getByText(was, { exact: true }).waitFor();
  await page.keyboard.press("F2"); // what was typed is there for another try
  assert.equal(await page.getByRole("textbox", { name: /^Weight/ }).inputValue(), "777");
  await page.keyboard.press("Escape");
  await page.unroute(/\/records/);
  await done(page);
});

test("a filter, groups and a board", async () => {
  const page = await open(list);
  await named(page, 0, 0);
  const filter = page.getByRole("combobox", { name: "Filter" });
  await filter.fill("weight >= 998 and state == \"packed\"");
  await filter.press("Enter");
  await page.waitForURL(/weight/);
  await page.locator("[role=grid]:not([data-dim=true]) [data-row='0']").waitFor();
  await fits(page, "a filtered list");

  await page.goto(`${server.base}${list}&group=state`);
  await page.getByRole("gridcell", { name: /Packed/ }).first().waitFor();
  await fits(page, "a grouped list");

  await page.goto(`${server.base}/o/shipment?view=by_state`);
  await page.locator("[data-card]").first().waitFor();
  await still(page);
  await fits(page, "a board");

  await done(page);
});

test("a cell, an object of 500 fields, the palette", async (t) => {
  const page = await open(list);
  await named(page, 3, 3);
  const stored = page.waitForResponse((answer) => answer.request().method() === "PATCH" && answer.ok());
  await cell(page, 3, weight).click();
  await page.keyboard.type("12");
  await page.keyboard.press("Enter");
  await stored;
  assert.equal((await api("GET", `/records/shipment?filter=${encodeURIComponent(`name == "${shipmentName(3)}"`)}&fields=weight`)).items[0].weight, 12);

  const begun = performance.now();
  await page.goto(`${server.base}/o/questionnaire/${server.questionnaire}`);
  await page.locator("[data-field='f499']").waitFor();
  t.diagnostic(`a record of 500 fields: ${Math.round(performance.now() - begun)} ms`);
  await fits(page, "a record of 500 fields");
  const entered = page.waitForResponse((answer) => answer.request().method() === "PATCH" && answer.ok());
  await page.locator("[data-field='f5']").click();
  await page.keyboard.type("Something");
  await page.keyboard.press("Enter");
  await entered;

  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+k");
  const palette = page.getByRole("dialog", { name: "Search and commands" });
  await palette.getByRole("combobox").fill("#Things 250");
  await palette.getByRole("option", { name: /Things 250/ }).first().waitFor();
  await fits(page, "the palette");
  await page.keyboard.press("Enter");
  await page.waitForURL(/thing_250/);
  await still(page);
  await done(page);
});

test("a file is mapped onto 500 fields", async (t) => {
  const page = await open("/o/questionnaire/import");
  const columns = Array.from({ length: 20 }, (_, i) => `f${i + 1}`);
  const lines = [["name", ...columns].join(","), ["One", ...columns.map(() => "1")].join(",")];
  const begun = performance.now();
  await page.locator("input[type=file]").setInputFiles({ name: "answers.csv", mimeType: "text/csv", buffer: Buffer.from(lines.join("\n")) });
  await page.getByText("answers.csv · 1 rows").waitFor();
  await page.getByRole("combobox", { name: "Field for f20" }).waitFor();
  t.diagnostic(`20 columns onto 500 fields: ${Math.round(performance.now() - begun)} ms`);
  await still(page);
  await fits(page, "a mapping");
  await done(page);
});

test("long labels in Chinese fit every page, on a desktop and on a phone", async () => {
  await api("PATCH", "/me", { language: "zh" });
  const first = (await api("GET", "/records/shipment?limit=1&fields=id")).items[0].id;
  const pages = {
    list: ["/o/shipment?view=all_shipments", (page) => page.getByText(shipmentName(0), { exact: true }).first()],
    record: [`/o/shipment/${first}`, (page) => page.getByRole("heading", { level: 1 })],
    "a record of 500 fields": [`/o/questionnaire/${server.questionnaire}`, (page) => page.getByRole("heading", { level: 1 })],
    board: ["/o/shipment?view=by_state", (page) => page.locator("[data-card]").first()],
    create: ["/o/questionnaire?view=&new=", (page) => page.getByRole("dialog").locator("button[type=submit]")],
    import: ["/o/questionnaire/import", (page) => page.locator("input[type=file]")],
    empty: ["/o/thing_7", (page) => page.getByRole("heading", { level: 1 })],
    home: ["/", (page) => page.getByRole("main").locator("h1, h2").first()],
  };
  try {
    for (const [device, look] of Object.entries({ desktop, phone })) {
      const page = await open("/me", look);
      for (const [name, [path, seen]] of Object.entries(pages)) {
        if (look === phone && ["import", "empty", "board"].includes(name)) continue;
        await page.goto(server.base + path);
        await seen(page).waitFor({ state: name === "import" ? "attached" : "visible" });
        await still(page);
        await fits(page, `${name} on a ${device}`);
      }
      await done(page);
    }
  } finally {
    await api("PATCH", "/me", { language: "en" });
  }
});

test("who may see almost nothing sees that, and words for the rest", async () => {
  const page = await open(list, desktop, guest, /status of 40[34]/);
  await named(page, 0, 0);
  assert.deepEqual(await page.getByRole("columnheader").locator(".heading, button[title]").allInnerTexts(), ["Name ↑", "State"]);
  assert.equal(await page.getByRole("button", { name: "New", exact: true }).count(), 0);
  const menu = page.getByRole("navigation", { name: "Menu" });
  await menu.getByRole("link", { name: "Shipments" }).waitFor();
  assert.equal(await menu.getByRole("link", { name: /Thing|Questionnaire/ }).count(), 0);

  // A cell that may not be changed says so, and stays what it is.
  await cell(page, 0, 1).click();
  await page.keyboard.press("F2");
  assert.equal(await page.locator("[role=grid] textarea").getAttribute("readonly"), "");

  await page.locator("[data-row='0'] a[data-open]").click();
  await page.getByRole("heading", { level: 1, name: shipmentName(0) }).waitFor();
  await page.getByRole("button", { name: "Next record" }).waitFor();
  await still(page);
  const shown = await page.locator("[data-field]").evaluateAll((all) => all.map((one) => one.dataset.field));
  assert.deepEqual(shown.filter((name) => !["name", "state"].includes(name)), []);
  assert.equal(await page.getByText("Note 3 of 0").count(), 0);

  for (const path of ["/o/questionnaire", `/o/questionnaire/${server.questionnaire}`, "/o/account"]) {
    await page.goto(server.base + path);
    await page.getByText(/not (there|found)|no such|may not|can’t|cannot/i).first().waitFor();
    await fits(page, path);
  }
  for (const path of ["/", "/inbox", "/recent", "/favourites", "/me", "/o/shipment/import"]) {
    await page.goto(server.base + path);
    await page.waitForFunction(() => document.querySelector("main")?.innerText.trim()); // it says something
    await still(page);
    await fits(page, path);
  }
  await done(page);
});

test("rows are as high as the person set it, and high enough for a finger", async () => {
  const higher = async (page) => {
    const box = await page.locator("[data-row='1']").boundingBox();
    const next = await page.locator("[data-row='2']").boundingBox();
    assert.equal(next.y - box.y, box.height, "rows stand one after the other");
    return box.height;
  };
  const page = await open("/me");
  const set = async (name) => {
    await page.goto(`${server.base}/me`);
    const stored = page.waitForResponse((answer) => answer.url().endsWith("/me/settings") && answer.ok());
    await page.getByRole("radiogroup", { name: "Lines" }).getByText(name, { exact: true }).click();
    await stored;
    await page.goto(server.base + list);
    await named(page, 1, 1);
  };
  await set("Comfortable");
  assert.equal(await higher(page), 40);
  await cell(page, 9, weight).click();
  const editor = await page.locator("[role=grid] textarea").boundingBox();
  const edited = await cell(page, 9, weight).boundingBox();
  assert.equal(editor.y, edited.y, "the editor lies over its cell");
  await set("Compact");
  assert.equal(await higher(page), 32);
  await done(page);

  const tablet = await open(list, { ...desktop, hasTouch: true, isMobile: true });
  await named(tablet, 1, 1);
  assert.equal(await higher(tablet), 44);
  await done(tablet);
});
