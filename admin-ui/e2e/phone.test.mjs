// What people do on a phone, 390 px wide, and what holds of every screen there.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, describe, test } from "node:test";
import { begin, done, phone, sideways, visit } from "./browser.mjs";
import { prepare, screens, still } from "./screens.mjs";
import { start } from "./server.mjs";

/** Who speaks a language, whatever that of the browser. */
const people = { en: "sarah@example.com", zh: "liming@example.com" };

const { server, browser } = await begin(start({ own: true, size: 600 })); // in both languages there is something to find
const made = {}; // what the screens show
before(async () => {
  for (const [language, person] of Object.entries(people)) made[language] = await prepare(server, person);
});

/** Controls that a thumb misses: those of less than 44 px by 44, and of which nothing around them takes the touch. */
const missed = (page) =>
  page.evaluate(() => {
    const controls = "a[href], button, input, select, textarea, summary, [role=tab], [role=option], [role=menuitem], [role=radio]";
    const found = [];
    for (const one of document.querySelectorAll(controls)) {
      if (one.disabled || one.closest("[inert], [aria-hidden=true]")) continue;
      if (!one.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
      // What a label belongs to is pressed by it; a link in a line of text is as high as its line.
      const target = one.labels?.[0]?.contains(one) ? one.labels[0] : one;
      if (one.matches("a") && getComputedStyle(one).display === "inline" && one.parentElement.textContent.trim() !== one.textContent.trim()) continue;
      one.scrollIntoView({ block: "center", inline: "center" });
      const { left, top, width, height } = target.getBoundingClientRect();
      if (width < 2 || height < 2) continue; // for readers alone
      const [x, y] = [left + width / 2, top + height / 2];
      const hit = (dx, dy) => {
        const at = document.elementFromPoint(x + dx, y + dy);
        if (at === null) return false;
        return target.contains(at) || [...(one.labels ?? [])].some((label) => label.contains(at)) || (at.contains(target) && at.matches("label, [data-target]"));
      };
      if (!hit(0, 0)) continue; // behind something else
      const high = height >= 44 || (hit(0, -21.5) && hit(0, 21.5));
      const wide = width >= 44 || (hit(-21.5, 0) && hit(21.5, 0));
      if (!high || !wide) found.push(`${one.tagName.toLowerCase()}.${String(one.className).slice(0, 60)} "${(one.getAttribute("aria-label") ?? one.textContent).trim().slice(0, 30)}" ${Math.round(width)}×${Math.round(height)}`);
    }
    return [...new Set(found)];
  });

/** More than what there is on a desktop too. */
const more = {
  contact: async (page, { base, twin }) => {
    await page.goto(`${base}/o/contact/${twin}`);
    await page.locator("main article h1").waitFor();
    await still(page);
  },
  sheet: async (page, { base }) => {
    await page.goto(`${base}/o/opportunity?view=all_opportunities&filter=${encodeURIComponent("amount > 1000")}&sort=-amount`);
    await page.getByRole("main").locator("[aria-haspopup=dialog], button").filter({ hasText: /Filter|筛选/ }).first().tap();
    await page.getByRole("dialog").waitFor();
    await still(page);
  },
};

/** Chooses the first two cards of a list. */
more.chosen = async (page, { base }) => {
  await page.goto(`${base}/o/account?view=all_accounts`);
  await page.getByRole("main").getByRole("button", { name: /^(Choose|选择)$/ }).tap();
  for (const i of [0, 1]) await page.getByRole("main").getByRole("checkbox").nth(i).tap();
  await page.getByRole("region", { name: /^(Chosen records|所选记录)$/ }).waitFor();
  await still(page);
};

// Side by side: most of the time a page waits.
describe("in each language", { concurrency: 2 }, () => {
  for (const [language, person] of Object.entries(people))
    test(`on every screen a thumb finds what it presses, and nothing is beside the screen: ${language}`, async () => {
      // A refused save belongs to one of them.
      const page = await visit(browser, server, person, { ...phone, reducedMotion: "reduce" }, "/", /401|412/);
      const wrong = [];
      for (const [name, show] of Object.entries({ ...screens, ...more })) {
        if (show.desktop) continue;
        await show(page, made[language]);
        for (const line of await sideways(page)) wrong.push(`${name} is too wide: ${line}`);
        for (const line of await missed(page)) wrong.push(`${name}: ${line}`);
      }
      assert.equal(wrong.join("\n"), "");
      await done(page);
    });

  for (const [language, person] of Object.entries(people))
    test(`a deal is followed with a thumb: ${language}`, async () => {
      const said = JSON.parse(readFileSync(new URL(`../src/i18n/${language}.json`, import.meta.url), "utf8"));
      const name = `Ferry terminal ${language}`;
      const api = await server.as(person);
      await api("PATCH", "/me/settings", { "kept.opportunity": null }); // nothing sorts the list yet
      const { account } = (await api("GET", "/records/opportunity?filter=account%20!=%20nil&limit=1&fields=account")).items[0];
      const page = await visit(browser, server, person, phone, "/o/opportunity?view=all_opportunities");
      const bar = page.getByRole("navigation", { name: said.app.bottom });
      const field = (name) => page.locator(`[data-name="${name}"]`).first();
      const sheet = page.getByRole("dialog");

      // Made from the bar below, in a panel.
      await bar.getByRole("button", { name: said.app.create }).tap();
      await sheet.locator("button[type=submit]").waitFor();
      await sheet.getByRole("textbox").first().fill(name);
      await page.keyboard.press("Escape");
      await sheet.waitFor({ state: "detached" });
      const soon = new Date(Date.now() + 864e5).toISOString().slice(0, 10);
      const { id } = await api("POST", "/records/opportunity", { name, account, amount: "1200", close_date: soon });

      // Found among the cards of the list, which are filtered and sorted in a sheet from below.
      await page.getByRole("searchbox").fill(name);
      const card = page.getByRole("main").getByRole("listitem").getByRole("button", { name });
      await card.waitFor();
      await page.getByRole("button", { name: said.list.sheet }).tap();
      await sheet.getByRole("combobox", { name: said.list.sort_add }).selectOption("amount");
      await page.waitForURL(/sort=.*amount/);
      const { y, height } = await sheet.boundingBox();
      assert.ok(y > 100 && Math.abs(y + height - phone.viewport.height) < 2, "it comes from below");
      await sheet.getByRole("button", { name: said.list.show }).tap();
      await sheet.waitFor({ state: "detached" });

      // Opened in one column; a number is entered in a sheet with the keys of numbers.
      await card.tap();
      await page.getByRole("heading", { level: 1, name }).waitFor();
      await field("amount").getByRole("button").tap();
      const input = sheet.locator("input");
      assert.equal(await input.getAttribute("inputmode"), "decimal");
      await input.fill("3400");
      await sheet.getByRole("button", { name: said.record.save }).tap();
      await sheet.waitFor({ state: "detached" });
      await field("amount").getByText("3,400").waitFor();
      const [one, other] = await page.locator("main [data-name]").evaluateAll((all) =>
        all.map((at) => at.getBoundingClientRect()).filter(({ width }) => width > 0).map(({ left }) => Math.round(left)).slice(-2));
      assert.equal(one, other, "fields stand below each other");

      // Its stage is a select.
      const stage = page.getByRole("combobox", { name: said.record.stage }).or(page.getByRole("textbox", { name: said.record.stage }));
      await stage.tap();
      const before = (await api("GET", `/records/opportunity/${id}`)).stage;
      await page.getByRole("option").nth(1).tap();
      for (let now = before; now === before; ) ({ stage: now } = await api("GET", `/records/opportunity/${id}`));

      // On the board there is one column, and its cards are moved by a menu.
      await page.goto(`${server.base}/o/opportunity?view=pipeline&q=${encodeURIComponent(name)}`);
      const column = page.locator("[data-drop]");
      await column.first().waitFor();
      assert.equal(await column.count(), 1);
      await page.getByRole("main").getByRole("combobox").or(page.getByRole("main").locator("input[aria-haspopup=listbox]")).first().tap();
      await page.getByRole("option", { name: /· 1$/ }).tap();
      const moved = page.locator(`[data-card="${id}"]`);
      await moved.getByRole("button").tap();
      const at = (await api("GET", `/records/opportunity/${id}`)).stage;
      await page.getByRole("menuitem", { disabled: false }).first().tap();
      await moved.waitFor({ state: "detached" });
      for (let now = at; now === at; ) ({ stage: now } = await api("GET", `/records/opportunity/${id}`));
      await done(page);
    });
});

test("people are called, written to and found on a map", async () => {
  const api = await server.as(people.en);
  const { id } = await api("POST", "/records/contact", {
    last_name: "Reached",
    phone: "+49 30 12",
    email: "r@example.com",
    mailing_address: { street: "Pier 1", city: "Bremen", country: "DE" },
  });
  const page = await visit(browser, server, people.en, phone, `/o/contact/${id}`);
  for (const [name, href] of [["Call", "tel:+493012"], ["Write an e-mail", "mailto:r@example.com"], ["Show on a map", /openstreetmap.*Bremen/]]) {
    const link = page.getByRole("link", { name, exact: true });
    await link.waitFor();
    assert.match(await link.getAttribute("href"), href instanceof RegExp ? href : new RegExp(`^${href.replace("+", "\\+")}$`));
  }
  await page.locator('[data-name="phone"]').getByRole("button").tap();
  assert.equal(await page.getByRole("dialog").locator("input").getAttribute("inputmode"), "tel");
  await page.keyboard.press("Escape");
  await done(page);
});

test("several records are chosen with a thumb, changed, given to workflows and deleted", async () => {
  const [api, admin] = [await server.as(people.en), await server.as("admin@example.com")];
  await admin("POST", "/metadata/apply", {
    documents: [{
      kind: "workflow", name: "praise", label: { en: "Praise", zh: "表扬" }, object: "account", trigger: { type: "manual", inputs: { why: { type: "text", label: { en: "Why", zh: "原因" }, required: true } } },
      start: "a", steps: { a: { type: "set", values: { description: "input.why" } } },
    }],
  });
  const stamp = `Thumb ${Date.now()}`;
  const ids = [];
  for (const name of ["One", "Two", "Three"]) ids.push((await api("POST", "/records/account", { name: `${name} ${stamp}` })).id);
  const page = await visit(browser, server, people.en, phone, `/o/account?filter=${encodeURIComponent(`name contains "${stamp}"`)}`);
  const card = (name) => page.getByRole("checkbox", { name: new RegExp(`^${name} ${stamp}`) });
  const bar = page.getByRole("region", { name: "Chosen records" });
  await page.getByRole("button", { name: `One ${stamp}` }).waitFor();
  assert.equal(await page.getByRole("checkbox").count(), 0, "a tap opens");
  await page.getByRole("button", { name: "Choose", exact: true }).tap();
  await card("One").tap();
  await card("Two").tap();
  assert.equal(await card("One").getAttribute("aria-checked"), "true");
  await bar.getByText("2 chosen").waitFor();
  assert.deepEqual(await sideways(page), []);

  await bar.getByRole("button", { name: "Workflows" }).tap();
  await page.getByRole("menuitem", { name: "Praise" }).tap();
  const panel = page.getByRole("dialog", { name: "Praise" });
  await panel.getByRole("textbox", { name: "Why" }).fill("Well done");
  await panel.getByRole("button", { name: "Praise" }).tap();
  await panel.getByText("2 done").waitFor();
  await panel.getByRole("button", { name: "Close" }).last().tap();
  await panel.waitFor({ state: "detached" });
  const says = () => Promise.all(ids.map(async (id) => (await api("GET", `/records/account/${id}`)).description ?? null));
  assert.deepEqual(await says(), ["Well done", "Well done", null]);

  await card("Two").tap(); // not this one any more
  await bar.getByText("1 chosen").waitFor();
  await bar.getByRole("button", { name: "Delete" }).tap();
  await card("One").waitFor({ state: "detached" });
  await card("Two").waitFor();
  assert.equal((await api("GET", `/records/account?filter=${encodeURIComponent(`name contains "${stamp}"`)}`)).items.length, 2);
  await page.getByRole("button", { name: "All", exact: true }).tap();
  await bar.getByText("2 chosen").waitFor();
  await page.getByRole("button", { name: "Choose", exact: true }).tap();
  await bar.waitFor({ state: "detached" });
  await page.getByRole("button", { name: `Two ${stamp}` }).tap();
  await page.getByRole("heading", { level: 1, name: `Two ${stamp}` }).waitFor();
  await admin("POST", "/metadata/apply", { delete: [{ kind: "workflow", name: "praise" }] });
  await done(page);
});
