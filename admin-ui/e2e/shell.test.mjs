// What is around every page: the palette, keys, the side bar, messages.
import assert from "node:assert/strict";
import { test } from "node:test";
import { begin, desktop, done, phone, visit } from "./browser.mjs";

const { server, browser } = await begin();

const list = "/o/opportunity?view=all_opportunities";
const palette = (page) => page.getByRole("dialog", { name: "Search and commands" });

test("a record is found by its name and opened without the pointer", async () => {
  const api = await server.as("sarah@example.com");
  const { id } = await api("POST", "/records/account", { name: "Quarrington Observatory" });
  const page = await visit(browser, server, "sarah@example.com", desktop, list);
  await page.getByRole("grid").waitFor();
  await page.keyboard.press("Control+k");
  await palette(page).getByRole("combobox").fill("quarrington");
  await palette(page).getByRole("option", { name: /Quarrington Observatory/ }).waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Quarrington Observatory" }).waitFor();
  assert.equal(new URL(page.url()).pathname, `/o/account/${id}`);
  assert.equal(await page.title(), "Quarrington Observatory · Formwork");
  // It is in the side bar now, and first in the palette.
  await page.getByRole("navigation", { name: "Menu" }).getByRole("link", { name: "Quarrington Observatory" }).waitFor();
  await page.keyboard.press("Control+k");
  assert.match(await palette(page).getByRole("option").first().innerText(), /Quarrington/);
  await page.keyboard.press("Escape");
  await palette(page).waitFor({ state: "detached" });
  await done(page);
});

test("the palette is narrowed by a sign, and says what may not be done", async () => {
  const page = await visit(browser, server, "sarah@example.com", desktop, list);
  await page.getByRole("button", { name: "Search and commands" }).click();
  const input = palette(page).getByRole("combobox");
  await input.fill("> undo");
  await palette(page).getByText("There is nothing to undo.").waitFor();
  await input.fill("#price");
  const first = palette(page).getByRole("option").first();
  await first.waitFor();
  for (const one of await palette(page).getByRole("option").all()) assert.match(await one.innerText(), /price/i);
  await input.fill("@diana");
  await palette(page).getByRole("group", { name: "People" }).getByRole("option", { name: /Diana/ }).waitFor();
  await input.fill("> new lead");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog", { name: "New Lead" }).waitFor();
  assert.match(page.url(), /\/o\/opportunity\?.*create=lead/); // over the page that was there
  await done(page);
});

test("records of one name are told apart, in the palette and where one is chosen", async () => {
  const api = await server.as("sarah@example.com");
  const stamp = Date.now();
  const named = { first_name: "Ines", last_name: `Namesake${stamp}` };
  const ids = [];
  for (const at of ["north", "south"]) ids.push((await api("POST", "/records/contact", { ...named, email: `${at}${stamp}@example.com` })).id);
  const page = await visit(browser, server, "sarah@example.com", desktop, list);
  await page.getByRole("button", { name: "Search and commands" }).click();
  await palette(page).getByRole("combobox").fill(`Namesake${stamp}`);
  for (const at of ["north", "south"]) await palette(page).getByRole("option", { name: `${at}${stamp}@example.com` }).waitFor();
  await page.keyboard.press("Escape");
  const { id } = await api("POST", "/records/opportunity", { name: `Of Namesake${stamp}`, close_date: "2030-01-01" });
  await page.goto(`${server.base}/o/opportunity/${id}`);
  await page.locator('button[data-field="contact"]').click();
  await page.keyboard.type(`Namesake${stamp}`);
  const stored = page.waitForResponse((answer) => answer.request().method() === "PATCH" && answer.ok());
  await page.getByRole("option", { name: `Ines Namesake${stamp}`, exact: true }).filter({ hasText: "south" }).click();
  await page.locator('[data-name="contact"]').getByText(`Ines Namesake${stamp}`).waitFor();
  await stored;
  assert.equal((await api("GET", `/records/opportunity/${id}`)).contact, ids[1]);
  await done(page);
  for (const one of ids) await api("DELETE", `/records/contact/${one}`);
});

test("letters go places, and are letters in texts", async () => {
  const page = await visit(browser, server, "sarah@example.com", desktop, list);
  await page.getByRole("grid").waitFor();
  await page.keyboard.press("g");
  await page.keyboard.press("r");
  await page.waitForURL(/\/recent$/);
  await page.keyboard.press("g");
  await page.keyboard.press("1");
  await page.getByRole("heading", { name: "Leads" }).waitFor();
  await page.keyboard.press("?");
  const help = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await help.getByText("Show or hide the side bar").waitFor();
  await page.keyboard.press("Escape");
  await help.waitFor({ state: "detached" });
  await page.getByRole("searchbox").fill("");
  await page.getByRole("searchbox").pressSequentially("c[?");
  assert.equal(await page.getByRole("searchbox").inputValue(), "c[?");
  assert.equal(await page.getByRole("dialog").count(), 0);
  await page.waitForURL(/q=/);
  await page.getByRole("searchbox").blur();
  await page.keyboard.press("c");
  await page.getByRole("dialog", { name: "New Lead" }).waitFor();
  await done(page);
});

test("the side bar is narrow if it was made so", async () => {
  const page = await visit(browser, server, "sarah@example.com", desktop, list);
  const side = page.getByRole("navigation", { name: "Menu" });
  await side.getByText("Leads").waitFor();
  await page.keyboard.press("[");
  await side.getByText("Leads").waitFor({ state: "detached" });
  assert.equal(await side.getByRole("link", { name: "Leads" }).count(), 1); // its name stays
  await page.reload();
  await side.getByRole("link", { name: "Leads" }).waitFor();
  assert.ok((await side.boundingBox()).width < 60);
  await side.getByRole("link", { name: "Opportunities" }).click();
  assert.equal(await side.locator("[aria-current=page]").getAttribute("aria-label"), "Opportunities");
  await done(page);
});

test("on a phone a thumb reaches everything", async () => {
  const page = await visit(browser, server, "sarah@example.com", phone, list);
  const bar = page.getByRole("navigation", { name: "Quick ways" });
  await bar.getByRole("button", { name: "Search" }).tap();
  await palette(page).getByRole("combobox").fill("#leads");
  await palette(page).getByRole("option", { name: "Leads" }).tap();
  await page.getByRole("heading", { name: "Leads" }).waitFor();
  await bar.getByRole("button", { name: "More" }).tap();
  await page.getByRole("dialog").getByRole("link", { name: "Recent" }).tap();
  await page.waitForURL(/\/recent$/);
  await page.getByRole("dialog").waitFor({ state: "detached" });
  for (const one of await bar.locator("a, button").all()) assert.ok((await one.boundingBox()).height >= 44);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "the page is wider than the screen");
  await done(page);
});

test("nothing is lost of what is typed while the palette is still coming", async () => {
  const page = await visit(browser, server, "sarah@example.com", desktop, "/me");
  await page.getByRole("main").getByRole("heading", { level: 1 }).waitFor();
  let come;
  const held = new Promise((resolve) => {
    come = resolve;
  });
  await page.route(/\/assets\/Palette-.*\.js/, async (route) => {
    await held;
    await route.continue();
  });
  await page.keyboard.press("Control+k");
  await page.keyboard.type("zoe erx");
  await page.keyboard.press("Backspace");
  come();
  const box = page.getByRole("dialog", { name: "Search and commands" }).getByRole("combobox");
  await box.waitFor();
  assert.equal(await box.inputValue(), "zoe er");
  await done(page);
});

test("nothing is lost of what is typed while the palette is drawn", async () => {
  for (const delay of [0, 25, 0, 25]) {
    const page = await visit(browser, server, "admin@example.com", desktop, "/me");
    await page.getByRole("main").getByRole("heading", { level: 1 }).waitFor();
    const devtools = await page.context().newCDPSession(page);
    await devtools.send("Emulation.setCPUThrottlingRate", { rate: 4 });
    await page.keyboard.press("Control+k");
    await page.keyboard.type("zoe er", { delay });
    const box = page.getByRole("dialog", { name: "Search and commands" }).getByRole("combobox");
    await box.waitFor();
    await page.waitForFunction(() => document.activeElement?.getAttribute("role") === "combobox");
    assert.equal(await box.inputValue(), "zoe er");
    await done(page);
  }
});
