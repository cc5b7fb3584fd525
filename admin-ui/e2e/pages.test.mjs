// Pages are shaped where they are seen, by pointing at what is on them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axe, begin, desktop, done, phone, picture, sideways, visit } from "./browser.mjs";
import { start } from "./server.mjs";
import { publish, stored } from "./studio.mjs";
import { texts } from "./words.mjs";

const { server, browser } = await begin(start({ own: true, size: 60 }));
const admin = await server.as("admin@example.com");

const inLanguage = (language) => ({ ...desktop, locale: language === "zh" ? "zh-CN" : "en-US" });
const panel = (page) => page.getByRole("complementary");
/** What is on the page that is shaped. */
const canvas = (page, t) => page.getByRole("region", { name: t("studio.pages.canvas"), exact: true });
const thing = (page, path) => page.locator(`[data-thing="${path}"]`);
/** Does something and waits until it is stored. */
async function storing(page, act, of = "layout") {
  const answered = stored(page, of);
  await act();
  const answer = await answered;
  assert.equal(answer.status(), 200, await answer.text());
}
const main = "tabs/details/sections/main";
const namesIn = (page, within) =>
  page.locator(`[data-thing^="${within}/fields/"]`).evaluateAll((all) => all.map((one) => one.dataset.thing.split("/").at(-1)));

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
    await page.evaluate(() => {
      window.clicks = 0;
      addEventListener("click", (event) => event.isTrusted && window.clicks++, true);
    });
    await thing(page, `${main}/fields/owner`).hover();
    await thing(page, `${main}/fields/owner`).getByRole("button", { name: t("studio.pages.add_before", { label: owner }) }).click();
    await panel(page).getByRole("textbox", { name: t("studio.label"), exact: true }).fill("Region");
    await picture(page, `pages-adding-${language}`);
    await storing(page, () => panel(page).getByRole("button", { name: t("studio.type.text"), exact: true }).click());
    await panel(page).getByRole("heading", { name: "Region" }).waitFor();
    assert.equal(await page.evaluate(() => window.clicks), 2);
    const names = await namesIn(page, main);
    assert.equal(names.indexOf("region"), names.indexOf("owner") - 1);

    // It is dragged to the front, and back by the menu.
    await drag(page, thing(page, `${main}/fields/region`), thing(page, `${main}/fields/${names[0]}`));
    await page.waitForFunction((at) => document.querySelector(`[data-thing^="${at}/fields/"]`)?.dataset.thing.endsWith("region"), main);
    await panel(page).getByRole("button", { name: t("studio.pages.move_to") }).click();
    await storing(page, () => page.getByRole("menuitem", { name: t("studio.down"), exact: true }).click());
    assert.equal((await namesIn(page, main))[1], "region");

    // A section with a condition, and a field in it.
    await page.getByRole("button", { name: t("studio.pages.add.sections"), exact: true }).click();
    await panel(page).getByRole("textbox", { name: t("studio.label"), exact: true }).fill("Hidden");
    await storing(page, () => panel(page).getByRole("button", { name: t("studio.add"), exact: true }).click());
    const section = "tabs/details/sections/hidden";
    const condition = panel(page).getByRole("textbox", { name: language === "zh" ? "显示条件" : "Visible when" });
    await condition.fill('region == "North"');
    await storing(page, () => condition.blur());
    await thing(page, section).getByRole("button", { name: t("studio.pages.add.fields"), exact: true }).click();
    await storing(page, () => panel(page).getByRole("button", { name: /updated_at$/ }).click());
    await page.locator(`[data-thing="${section}"][data-unseen]`).waitFor(); // no record has a region yet
    await picture(page, `pages-condition-${language}`);
    assert.deepEqual(await axe(page), []);

    // As others see it, it isn't there; nor is the new field, which they may not read.
    await page.getByRole("combobox", { name: t("studio.preview_as") }).or(page.getByRole("textbox", { name: t("studio.preview_as") })).first().click();
    await page.getByRole("option").filter({ hasText: language === "zh" ? "销售人员" : "Sales user" }).first().click();
    await page.keyboard.press("Escape");
    await thing(page, section).waitFor({ state: "detached" });
    await thing(page, `${main}/fields/owner`).waitFor();
    await page.getByRole("radiogroup", { name: t("studio.pages.device") }).getByText(t("studio.pages.phone")).click();
    assert.ok((await canvas(page, t).boundingBox()).width <= 392);
    await picture(page, `pages-phone-${language}`);

    // Published, it is there.
    const record = (await admin("GET", `/records/${object}?limit=1`)).items[0].id;
    await publish(page, t);
    await admin("PATCH", `/records/${object}/${record}`, { region: "North" });
    await page.goto(`${server.base}/o/${object}/${record}`);
    await page.getByText("Region", { exact: true }).first().waitFor();
    await page.getByRole("region", { name: "Hidden" }).waitFor();
    await admin("PATCH", `/records/${object}/${record}`, { region: "South" });
    await page.reload();
    await page.getByText("South").first().waitFor();
    assert.equal(await page.getByRole("region", { name: "Hidden" }).count(), 0);
    await done(page);
  });

  test(`a list is shaped at its columns (${language})`, async () => {
    await admin("PATCH", "/me", { language });
    const page = await visit(browser, server, "admin@example.com", inLanguage(language), "/studio/pages/lead/views/all_leads", /4../);
    const columns = () => page.locator('[data-thing^="columns/"]').evaluateAll((all) => all.map((one) => one.dataset.thing.slice(8)));
    await thing(page, "columns/company").waitFor();
    const before = await columns();
    await drag(page, thing(page, `columns/${before[2]}`), thing(page, `columns/${before[0]}`), "view");
    await page.waitForFunction((first) => document.querySelector('[data-thing^="columns/"]').dataset.thing === first, `columns/${before[2]}`);
    await page.getByRole("button", { name: t("studio.pages.add.columns"), exact: true }).click();
    await storing(page, () => panel(page).getByRole("button", { name: /^(Created|创建时间) *created_at/ }).click(), "view");
    assert.deepEqual(await columns(), [before[2], before[0], before[1], ...before.slice(3), "created_at"]);
    await storing(page, () => page.getByText(t("studio.pages.sort_up"), { exact: true }).click(), "view");
    await panel(page).getByRole("button", { name: t("app.close") }).click();
    const filter = panel(page).getByRole("textbox", { name: language === "zh" ? "筛选条件" : "Filter", exact: true });
    await filter.fill("company != nil");
    await storing(page, () => filter.blur(), "view");
    assert.deepEqual(await axe(page), []);
    await picture(page, `pages-view-${language}`);
    const [draft] = (await admin("GET", "/drafts")).items;
    const { items } = await admin("GET", `/drafts/${draft.id}/documents?kind=view`);
    const view = items.find((one) => one.name === "all_leads");
    assert.equal(view.sort[0], "created_at");
    assert.equal(view.filter, "company != nil");
    await admin("DELETE", `/drafts/${draft.id}`);
    await done(page);
  });

  test(`the side bar and the first page are put in order (${language})`, async () => {
    await admin("PATCH", "/me", { language });
    const page = await visit(browser, server, "admin@example.com", inLanguage(language), "/studio/pages/shape/app/sales", /4../);
    await thing(page, "items/leads").waitFor();
    await drag(page, thing(page, "items/products"), thing(page, "items/leads"), "app");
    await page.waitForFunction(() => document.querySelector('[data-thing^="items/"]').dataset.thing === "items/products");
    assert.deepEqual(await axe(page), []);
    await picture(page, `pages-app-${language}`);
    await page.goto(`${server.base}/studio/pages/shape/dashboard/home`);
    await thing(page, "widgets/tasks").waitFor();
    await page.getByRole("button", { name: t("studio.pages.add.widgets"), exact: true }).click();
    await storing(page, () => panel(page).getByRole("button", { name: new RegExp(`${t("studio.pages.widget.number")} *case$`) }).first().click(), "dashboard");
    await thing(page, "widgets/case").waitFor();
    assert.deepEqual(await axe(page), []);
    await picture(page, `pages-dashboard-${language}`);
    const [draft] = (await admin("GET", "/drafts")).items;
    await admin("DELETE", `/drafts/${draft.id}`);
    await done(page);
  });
}

test("the page of a record leads to where it is shaped, and back", async () => {
  await admin("PATCH", "/me", { language: "en" });
  const t = texts("en");
  const [{ id }] = (await admin("GET", "/records/account?limit=1")).items;
  const page = await visit(browser, server, "admin@example.com", desktop, `/o/account/${id}`);
  await page.getByRole("article").waitFor();
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Search and commands" }).and(page.locator(":focus")).waitFor();
  await page.keyboard.type("Customise");
  await page.getByRole("option", { name: t("studio.customise") }).waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/studio\/pages\/account\?record=/);
  await page.getByRole("link", { name: t("studio.pages.to_record") }).click();
  await page.waitForURL(new RegExp(`/o/account/${id}`));
  await done(page);
});

test("the form in which a record is made has the order of its page; a page of its own begins as another", async () => {
  const t = texts("en");
  const page = await visit(browser, server, "admin@example.com", desktop, "/studio/pages/contact", /4../);
  await page.getByRole("radiogroup", { name: t("studio.pages.what") }).getByText(t("studio.pages.form")).click();
  const first = () => page.locator("[data-thing]").first().getAttribute("data-thing");
  const was = await first();
  await thing(page, `${main}/fields/account`).getByRole("button", { name: t("studio.settings_of", { label: "Account" }) }).click();
  await panel(page).getByRole("button", { name: t("studio.pages.move_to") }).click();
  await storing(page, () => page.getByRole("menuitem", { name: t("studio.to_top"), exact: true }).click());
  assert.notEqual(was, `${main}/fields/account`);
  assert.equal(await first(), `${main}/fields/account`);
  assert.deepEqual(await axe(page), []);
  await picture(page, "pages-form");
  await page.getByRole("button", { name: t("studio.pages.own_page") }).click();
  await page.getByRole("menuitem", { name: t("studio.pages.own_for", { label: t("studio.pages.phone") }) }).click();
  await page.waitForURL(/\/studio\/pages\/contact\/contact_phone/);
  const [draft] = (await admin("GET", "/drafts")).items;
  const { items } = await admin("GET", `/drafts/${draft.id}/documents?kind=layout`);
  assert.equal(items.find((one) => one.name === "contact_phone").device, "phone");
  await admin("DELETE", `/drafts/${draft.id}`);
  await done(page);
});

test("on a phone a wider screen is asked for", async () => {
  const t = texts("en");
  const page = await visit(browser, server, "admin@example.com", phone, "/studio/pages/account");
  await page.getByText(t("studio.pages.wider")).waitFor();
  assert.deepEqual(await sideways(page), []);
  assert.deepEqual(await axe(page), []);
  await done(page);
});

test("a page of 500 fields is shaped", async () => {
  const t = texts("en");
  const { id } = await admin("POST", "/drafts", { label: "Many" });
  const names = Array.from({ length: 400 }, (_, i) => `extra_${i}`);
  await admin("PATCH", `/drafts/${id}/documents/object/competitor`, { fields: Object.fromEntries(names.map((name, i) => [name, { type: "text", label: `Extra ${i}`, order: 1000 + i }])) });
  const sections = Object.fromEntries([0, 1].map((n) => [`extra_${n}`, { label: `Extra ${n}`, order: 1000 + n, fields: Object.fromEntries(names.slice(n * 200, n * 200 + 200).map((name, order) => [name, { order }])) }]));
  await admin("PATCH", `/drafts/${id}/documents/layout/competitor`, { tabs: { details: { sections } } });
  const page = await visit(browser, server, "admin@example.com", desktop, `/studio/pages/competitor?draft=${id}`);
  await thing(page, "tabs/details/sections/extra_1/fields/extra_399").waitFor();
  await thing(page, "tabs/details/sections/extra_0/fields/extra_5").getByRole("button", { name: t("studio.settings_of", { label: "Extra 5" }) }).click();
  await panel(page).getByRole("button", { name: t("studio.pages.move_to") }).click();
  await storing(page, () => page.getByRole("menuitem", { name: t("studio.to_top"), exact: true }).click());
  assert.equal((await namesIn(page, "tabs/details/sections/extra_0"))[0], "extra_5");
  await admin("DELETE", `/drafts/${id}`);
  await done(page);
});

/** Drags one thing before another, by the mouse. */
async function drag(page, from, to, of) {
  const a = await from.boundingBox();
  const b = await to.boundingBox();
  await storing(page, async () => {
    await page.mouse.move(a.x + a.width / 2, a.y + a.height / 2);
    await page.mouse.down();
    await page.mouse.move(a.x + a.width / 2, a.y + a.height / 2 - 10);
    await page.mouse.move(b.x + b.width / 4, b.y + b.height / 4, { steps: 5 });
    await page.mouse.up();
  }, of);
}
