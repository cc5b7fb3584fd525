// Pages are shaped where they are seen, by pointing at what is on them.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { axe, begin, desktop, done, phone, picture, sideways, visit } from "./browser.mjs";
import { start } from "./server.mjs";

const { server, browser } = await begin(start({ own: true, size: 60 }));
const admin = await server.as("admin@example.com");

/** The program's texts in a language, by their key. */
function texts(language) {
  const all = JSON.parse(readFileSync(new URL(`../src/i18n/${language}.json`, import.meta.url), "utf8"));
  return (key, values = {}) => {
    let text = key.split(".").reduce((at, step) => at?.[step], all);
    assert.ok(text, `${key} in ${language}`);
    for (const [name, value] of Object.entries(values)) text = text.replaceAll(`{{${name}}}`, value);
    return text;
  };
}
const inLanguage = (language) => ({ ...desktop, locale: language === "zh" ? "zh-CN" : "en-US" });
const panel = (page) => page.getByRole("complementary");
/** What is on the page that is shaped. */
const canvas = (page, t) => page.getByRole("region", { name: t("studio.pages.canvas"), exact: true });
const thing = (page, path) => page.locator(`[data-thing="${path}"]`);
/** Waits until as many patches as there are in what is done are stored. */
async function storing(page, act, of = "/documents/layout/") {
  const stored = page.waitForResponse((r) => r.url().includes(of) && r.request().method() === "PATCH");
  await act();
  const answer = await stored;
  assert.equal(answer.status(), 200, await answer.text());
}
const main = "tabs/details/sections/main";
const namesIn = (page, within) =>
  page.locator(`[data-thing^="${within}/fields/"]`).evaluateAll((all) => all.map((one) => one.dataset.thing.split("/").at(-1)));

async function publish(page, t) {
  await page.getByRole("region", { name: t("studio.draft"), exact: true }).getByRole("link", { name: t("studio.publish") }).click();
  const button = page.getByRole("main").getByRole("button", { name: t("studio.publish"), exact: true });
  await button.and(page.locator(":enabled")).click();
  await page.getByText(t("studio.published", { revision: "@" }).split("@")[0]).first().waitFor();
}

for (const language of ["en", "zh"]) {
  const t = texts(language);
  const object = language === "en" ? "opportunity" : "contact";

  test(`a new field and a section with a condition are put on the page, seen as others, on a phone, and published (${language})`, async () => {
    await admin("PATCH", "/me", { language });
    const page = await visit(browser, server, "admin@example.com", inLanguage(language), `/studio/pages/${object}`, /4../);
    await thing(page, main).waitFor();
    await thing(page, `${main}/fields/owner`).waitFor();
    assert.deepEqual(await axe(page), []);
    await picture(page, `pages-${language}`);

    // A field that the object does not have yet: two clicks, and what it is called.
    const owner = language === "zh" ? "负责人" : "Owner";
    await thing(page, `${main}/fields/owner`).hover();
    await thing(page, `${main}/fields/owner`).getByRole("button", { name: t("studio.pages.add_before", { label: owner }) }).click();
    await panel(page).getByRole("textbox", { name: t("studio.label"), exact: true }).fill("Region");
    await picture(page, `pages-adding-${language}`);
    await storing(page, () => panel(page).getByRole("button", { name: t("studio.type.text"), exact: true }).click());
    await panel(page).getByRole("heading", { name: "Region" }).waitFor();
    const names = await namesIn(page, main);
    assert.equal(names.indexOf("region"), names.indexOf("owner") - 1);

    // It is dragged to the front, and back by the menu.
    await drag(page, thing(page, `${main}/fields/region`), thing(page, `${main}/fields/${names[0]}`));
    await page.waitForFunction((at) => document.querySelector(`[data-thing^="${at}/fields/"]`)?.dataset.thing.endsWith("region"), main);
    await panel(page).getByRole("button", { name: t("studio.pages.move_to") }).click();
    await storing(page, () => page.getByRole("menuitem", { name: t("studio.down"), exact: true }).click());
    assert.equal((await namesIn(page, main))[1], "region");

    await done(page);
  });
}

/** Drags one thing before another, by the mouse. */
async function drag(page, from, to) {
  const a = await from.boundingBox();
  const b = await to.boundingBox();
  await storing(page, async () => {
    await page.mouse.move(a.x + a.width / 2, a.y + a.height / 2);
    await page.mouse.down();
    await page.mouse.move(a.x + a.width / 2, a.y + a.height / 2 - 10);
    await page.mouse.move(b.x + b.width / 4, b.y + b.height / 4, { steps: 5 });
    await page.mouse.up();
  });
}
