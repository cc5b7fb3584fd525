// The configuration is shaped in the browser, by people who write no JSON.
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

/** Adds a field of a type to the object that is shown: two clicks, and what it is called. */
async function addField(page, t, type, label) {
  await page.getByRole("button", { name: t("studio.new_field"), exact: true }).click();
  const asks = page.getByRole("dialog", { name: t("studio.new_field") });
  await asks.getByRole("textbox", { name: t("studio.label"), exact: true }).fill(label);
  await asks.getByRole("button", { name: t(`studio.type.${type}`), exact: true }).click();
  await panel(page).getByRole("heading", { name: label, exact: true }).waitFor();
}

for (const language of ["en", "zh"]) {
  const t = texts(language);
  const name = language === "zh" ? "Xiangmu" : "Project"; // names of documents are made of Latin letters

  test(`an object is made, published and used (${language})`, async () => {
    await admin("PATCH", "/me", { language });
    const page = await visit(browser, server, "admin@example.com", inLanguage(language), "/studio", /422/);
    await page.getByRole("button", { name: t("studio.new_object") }).click();
    await page.getByRole("textbox", { name: t("studio.label"), exact: true }).fill(name);
    await page.getByRole("button", { name: t("studio.make"), exact: true }).click();
    await page.getByRole("heading", { name, level: 1 }).waitFor();
    const object = name.toLowerCase();
    for (const [type, label] of [
      ["currency", "Budget"], ["date", "Due"], ["number", "People"], ["checkbox", "Urgent"], ["email", "Contact"],
      ["long_text", "Plan"], ["phone", "Phone"], ["percent", "Done"], ["lookup", "Account"], ["picklist", "Phase"],
    ]) await addField(page, t, type, label);
    await axe(page).then((found) => assert.deepEqual(found, []));

    // A formula over a lookup: a mistake is told at its place, what may stand there is offered.
    await addField(page, t, "formula", "Share");
    const expression = panel(page).getByRole("textbox", { name: language === "zh" ? "表达式" : "Expression", exact: true });
    await expression.fill("budgett / account.annual_revenue");
    await panel(page).getByText("budgett").first().waitFor();
    await expression.fill("");
    await expression.pressSequentially("bud");
    await page.getByRole("option").first().waitFor();
    await picture(page, `studio-completions-${language}`);
    await page.keyboard.press("Tab");
    await page.keyboard.type(" / account.ann");
    await page.getByRole("option", { name: /annual_revenue/ }).waitFor();
    await page.keyboard.press("Enter");
    assert.equal(await expression.inputValue(), "budget / account.annual_revenue");
    const saved = stored(page);
    await expression.blur();
    await saved;

    // A rule.
    await page.getByRole("link", { name: t("studio.tab.rules"), exact: true }).click();
    const rules = page.getByRole("textbox", { name: t("studio.new_in", { label: language === "zh" ? "校验规则" : "Validation rules" }) });
    await rules.fill("budgeted");
    await rules.press("Enter");
    const rule = page.getByRole("listitem").filter({ has: page.getByRole("button", { name: /budgeted/, expanded: true }) }); // a new one is open
    const must = rule.getByRole("textbox", { name: language === "zh" ? "必须满足" : "Must hold" });
    await must.fill("not urgent or budget > 0");
    const ruled = stored(page);
    await must.blur();
    await ruled;
    const message = rule.getByRole("textbox", { name: language === "zh" ? "提示" : "Message" }).first();
    await message.fill("Say what it costs.");
    const said = stored(page);
    await message.blur();
    await said;

    // Stages of a choice, of which one is guarded.
    await page.getByRole("link", { name: t("studio.tab.fields"), exact: true }).click();
    await page.getByRole("button", { name: t("studio.settings_of", { label: "Phase" }) }).click();
    const more = panel(page).getByRole("textbox", { name: t("studio.new_label_in", { label: language === "zh" ? "选项" : "Options" }) });
    for (const option of ["Running", "Done"]) {
      await more.fill(option);
      const optioned = stored(page);
      await more.press("Enter");
      await optioned;
    }
    await page.getByRole("link", { name: t("studio.tab.stages"), exact: true }).click();
    const staged = stored(page);
    await page.getByRole("button", { name: t("studio.stages_make") }).click();
    await staged;
    await page.getByRole("button", { name: /^Running/ }).click();
    const stage = page.getByRole("region", { name: "Running" });
    let moved = stored(page);
    await stage.getByRole("switch", { name: t("studio.stage_any") }).click();
    await moved;
    moved = stored(page);
    await stage.getByRole("checkbox", { name: language === "zh" ? "选项 1" : "Option 1" }).click(); // nothing leads back
    await moved;
    await stage.getByText(t("studio.stage_guard")).click();
    const guard = stage.getByRole("textbox", { name: language === "zh" ? "条件" : "Condition", exact: true });
    await guard.fill("budget > 100");
    moved = stored(page);
    await guard.blur();
    await moved;
    await page.locator("path[data-guarded='true']").first().waitFor({ state: "attached" });
    await axe(page).then((found) => assert.deepEqual(found, []));
    await picture(page, `studio-stages-${language}`);

    assert.deepEqual((await admin("GET", "/drafts")).items.length, 1, "all of it is in the draft that the first change began");
    // Nothing of it holds before it is published.
    await assert.rejects(admin("GET", `/metadata/object/${object}`), /404/);
    await publish(page, t);
    await admin("GET", `/metadata/object/${object}`);
    await assert.rejects(admin("POST", `/records/${object}`, { name: "Wall", urgent: true }), /422.*Say what it costs/s);
    await page.goto(`${server.base}/o/${object}?create=${object}&new=`);
    await page.getByRole("dialog").or(page.getByRole("complementary")).getByText("Budget").first().waitFor();
    const { id } = await admin("POST", `/records/${object}`, { name: "Wall", urgent: true, budget: 100, phase: "running" });
    await assert.rejects(admin("PATCH", `/records/${object}/${id}`, { phase: "done" }), /record.stage_step/);
    await assert.rejects(admin("PATCH", `/records/${object}/${id}`, { phase: "first" }), /record.stage_step/);
    await admin("PATCH", `/records/${object}/${id}`, { budget: 101, phase: "done" });
    await page.goto(`${server.base}/o/${object}`);
    await page.getByRole("link", { name: "Wall" }).or(page.getByText("Wall")).first().waitFor();
    await page.getByRole("navigation").getByRole("link", { name, exact: true }).first().waitFor();
    await done(page);
  });

  test(`a published mistake is undone in two clicks (${language})`, async () => {
    const page = await visit(browser, server, "admin@example.com", inLanguage(language), "/studio/objects/competitor", /4../);
    const label = page.getByRole("textbox", { name: t("studio.label_of", { label: language === "zh" ? "网站" : "Website" }) });
    await label.fill("Wrong");
    const saved = stored(page);
    await label.press("Enter");
    await saved;
    await publish(page, t);
    const before = (await admin("GET", "/metadata/revisions?limit=2")).items[1].revision;
    // The page shows the history now; it is one click away from any other, and this is the second.
    await page.getByRole("button", { name: t("studio.restore_to", { revision: before }) }).click();
    await page.getByText(t("studio.restored", { revision: before, next: before + 2 })).waitFor();
    assert.notEqual((await admin("GET", "/metadata/object/competitor")).fields.website.label[language], "Wrong");
    await picture(page, `studio-history-${language}`);
    await done(page);
  });
}

test("two admins in conflict decide side by side", async () => {
  await admin("PATCH", "/me", { language: "en" });
  const t = texts("en");
  const { id } = await admin("POST", "/drafts", { label: "Mine" });
  await admin("PATCH", `/drafts/${id}/documents/object/lead`, { label: { en: "Enquiry" } });
  await admin("PATCH", "/metadata/object/lead", { label: { en: "Prospect" } });
  const page = await visit(browser, server, "admin@example.com", desktop, `/studio/changes?draft=${id}`);
  const conflicts = page.getByRole("region", { name: t("studio.conflicts") });
  await conflicts.getByText('"Enquiry"').waitFor();
  await conflicts.getByText('"Prospect"').waitFor();
  await page.getByText(t("studio.conflicts_first")).waitFor();
  assert.equal(await page.getByRole("main").getByRole("button", { name: t("studio.publish"), exact: true }).isDisabled(), true);
  assert.deepEqual(await axe(page), []);
  await picture(page, "studio-conflict");
  await conflicts.getByText(t("studio.keep_ours")).click();
  await conflicts.getByRole("button", { name: t("studio.decide") }).click();
  await conflicts.waitFor({ state: "detached" });
  await publish(page, t);
  assert.equal((await admin("GET", "/metadata/object/lead")).label.en, "Enquiry");
  await done(page);
});

test("what a change does to people is told before it is published", async () => {
  const t = texts("en");
  const { id } = await admin("POST", "/drafts", { label: "Less" });
  await admin("PATCH", `/drafts/${id}/documents/permission/sales_user`, { objects: { lead: { delete: null, fields: { company: "none" } } } });
  const page = await visit(browser, server, "admin@example.com", desktop, `/studio/changes?draft=${id}`);
  const people = page.getByRole("region", { name: t("studio.people") });
  await people.getByText("lose: delete").first().waitFor();
  await people.getByText(/› company/).first().waitFor();
  await people.getByText(/such as .*Sarah Chen/).first().waitFor();
  assert.deepEqual(await axe(page), []);
  await picture(page, "studio-people");
  await admin("DELETE", `/drafts/${id}`);
  await done(page);
});

test("a page leads to where it is shaped", async () => {
  const page = await visit(browser, server, "admin@example.com", desktop, "/o/account?view=all_accounts");
  await page.getByRole("grid").waitFor();
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Search and commands" }).and(page.locator(":focus")).waitFor();
  await page.keyboard.type("Customise");
  await page.getByRole("option", { name: "Customise this page" }).waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/studio\/pages\/account\/views\/all_accounts/);
  await page.getByRole("heading", { name: "Accounts", level: 1 }).waitFor();
  await done(page);
});

test("who may not see the setup is told which right is missing", async () => {
  const page = await visit(browser, server, "sarah@example.com", desktop, "/studio");
  await page.getByText("view_setup").waitFor();
  await done(page);
});

test("what would be destroyed is ticked, in Chinese, on a phone, by night", async () => {
  await admin("PATCH", "/me", { language: "zh" });
  const t = texts("zh");
  await admin("PATCH", "/metadata/object/lead", { fields: { doomed: { type: "text", label: "Doomed" } } });
  await admin("POST", "/records/lead", { name: "Ada", company: "Engines", doomed: "x" });
  const { id } = await admin("POST", "/drafts", { label: "少一个字段" });
  await admin("PATCH", `/drafts/${id}/documents/object/lead`, { fields: { doomed: null } });
  const page = await visit(browser, server, "admin@example.com", { ...phone, locale: "zh-CN", colorScheme: "dark" }, `/studio/changes?draft=${id}`);
  const destroyed = page.getByRole("region", { name: t("studio.class.destructive") });
  await destroyed.getByRole("checkbox").waitFor();
  assert.deepEqual(await sideways(page), []);
  assert.deepEqual(await axe(page), []);
  await picture(page, "studio-phone");
  const button = page.getByRole("main").getByRole("button", { name: t("studio.publish"), exact: true });
  assert.equal(await button.isDisabled(), true);
  await destroyed.locator("label").tap();
  await button.and(page.locator(":enabled")).tap();
  await page.getByText(t("studio.published", { revision: "@" }).split("@")[0]).first().waitFor();
  assert.equal((await admin("GET", "/metadata/object/lead")).fields.doomed, undefined);
  await done(page);
  await admin("PATCH", "/me", { language: "en" });
});
