// Who may do what: narrowed, told, asked why, and given back, by somebody who writes no JSON.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axe, begin, desktop, done, phone, picture, sideways, visit } from "./browser.mjs";
import { start } from "./server.mjs";
import { publish, published, stored } from "./studio.mjs";
import { texts } from "./words.mjs";

const { server, browser } = await begin(start({ own: true, size: 60 }));
const admin = await server.as("admin@example.com");

for (const language of ["en", "zh"]) {
  const t = texts(language);
  const zh = language === "zh";
  const looks = { ...desktop, locale: zh ? "zh-CN" : "en-US", colorScheme: zh ? "dark" : "light" };
  const object = zh ? "线索" : "Lead";

  test(`a set is narrowed, somebody asks why, and the least is granted (${language})`, async () => {
    await admin("PATCH", "/me", { language });
    const sarah = await server.as("sarah@example.com");
    const lead = (await sarah("GET", "/records/lead?limit=1&fields=id,company")).items[0];
    assert.ok("company" in lead, "she reads the company before");
    const page = await visit(browser, server, "admin@example.com", looks, "/studio/access/permission/sales_user", /4../);
    const grid = page.getByRole("grid");
    await page.getByRole("searchbox", { name: t("studio.search") }).last().fill(object); // the lines are those that are seen
    await grid.getByRole("rowheader", { name: new RegExp(`^${object}`) }).first().waitFor();
    await axe(page).then((found) => assert.deepEqual(found, []));
    await picture(page, `access-matrix-${language}`);

    // One click opens the fields of an object, one more takes a field away.
    await grid.getByRole("rowheader", { name: new RegExp(`^${object}`) }).first().click();
    const company = zh ? "公司" : "Company";
    const reads = t("studio.access.right.read");
    const cell = grid.getByRole("gridcell", { name: `${object}, ${company}: ${reads}`, exact: true });
    assert.equal(await cell.getAttribute("aria-selected"), "true");
    const narrowed = stored(page);
    await cell.click();
    await narrowed;
    assert.equal(await cell.getAttribute("aria-selected"), "false");
    await picture(page, `access-fields-${language}`);

    // The same by keys: another right goes and comes back.
    await grid.focus();
    await page.keyboard.press("ArrowUp");
    const keyed = stored(page);
    await page.keyboard.press(" ");
    await keyed;
    const back = stored(page);
    await page.keyboard.press(" ");
    await back;

    // What it does to people is told before it is published.
    await page.getByRole("region", { name: t("studio.draft"), exact: true }).getByRole("link", { name: t("studio.publish") }).click();
    const people = page.getByRole("region", { name: t("studio.people") });
    await people.getByText(/Sarah Chen/).first().waitFor();
    await published(page, t);
    await assert.rejects(sarah("GET", "/records/lead?limit=1&fields=company"), /list.unknown_field/);

    // From the record it is asked why she can't see it.
    await page.goto(`${server.base}/o/lead/${lead.id}`);
    await page.locator("h1").first().waitFor();
    await page.keyboard.press("Control+k");
    const palette = page.getByRole("dialog", { name: t("app.palette") });
    await palette.getByRole("combobox").or(palette.getByRole("searchbox")).or(palette.getByRole("textbox")).first().fill(`> ${t("studio.access.why_here")}`);
    await palette.getByText(t("studio.access.why_here")).first().waitFor();
    await page.keyboard.press("Enter");
    const who = page.getByRole("textbox", { name: t("studio.access.person") });
    await who.click();
    await who.fill("Sarah");
    await page.getByRole("option", { name: /Sarah Chen/ }).first().click();
    await page.getByRole("status").filter({ hasText: t("studio.access.allowed") }).waitFor(); // the record itself she may read
    await page.getByRole("combobox", { name: t("studio.access.field") }).click();
    await page.getByRole("option", { name: company, exact: true }).click();
    await page.getByRole("status").filter({ hasText: t("studio.access.refused") }).waitFor();
    await axe(page).then((found) => assert.deepEqual(found, []));
    const granted = stored(page);
    await page.getByRole("button", { name: t("studio.access.to_draft") }).first().click();
    await granted;
    await page.getByRole("status").filter({ hasText: t("studio.access.then_allowed") }).waitFor(); // asked of the draft
    await picture(page, `access-why-${language}`);
    const { items } = await admin("GET", "/drafts");
    assert.deepEqual(items[0].documents.map(({ kind }) => kind), ["permission"], "the least is one set");
    await publish(page, t);
    assert.equal((await sarah("GET", `/records/lead/${lead.id}?fields=company`)).company, lead.company);
    await done(page);
  });
}

test("one object is seen across all sets, and roles are moved", async () => {
  const t = texts("en");
  await admin("PATCH", "/me", { language: "en" });
  const page = await visit(browser, server, "admin@example.com", desktop, "/studio/access/pivot?object=lead", /4../);
  const cell = page.getByRole("grid").getByRole("gridcell", { name: `Sales user: ${t("studio.access.right.delete")}`, exact: true });
  await cell.waitFor();
  const before = await cell.getAttribute("aria-selected");
  const changed = stored(page);
  await cell.click();
  await changed;
  assert.notEqual(await cell.getAttribute("aria-selected"), before);
  await axe(page).then((found) => assert.deepEqual(found, []));
  await picture(page, "access-pivot");

  await page.getByRole("link", { name: t("studio.access.roles"), exact: true }).click();
  const roles = (await admin("GET", "/metadata?kind=role")).items;
  const child = roles.find((one) => one.parent);
  const label = typeof child.label === "string" ? child.label : child.label.en;
  await page.getByRole("button", { name: t("studio.move_this", { label }) }).click();
  const moved = stored(page);
  await page.getByRole("menuitem", { name: t("studio.access.top") }).click();
  await moved;
  await axe(page).then((found) => assert.deepEqual(found, []));
  await picture(page, "access-roles");
  const [draft] = (await admin("GET", "/drafts")).items;
  assert.deepEqual(draft.documents.map(({ kind, name }) => `${kind}/${name}`).sort(), ["permission/sales_user", `role/${child.name}`].sort());
  await admin("DELETE", `/drafts/${draft.id}`);
  await done(page);
});

test("a policy of one's own is written, its problems at their lines", async () => {
  const t = texts("en");
  const { id } = await admin("POST", "/drafts", { label: "Rego" });
  await admin("PATCH", `/drafts/${id}/documents`, { policy: { quiet: { label: "Quiet leads", object: "lead", rego: "package formwork.custom.quiet\n\ndeny if {\n  input.record.ratin == \"cold\"\n}\n" } } });
  const page = await visit(browser, server, "admin@example.com", desktop, `/studio/access/policy/quiet?draft=${id}`, /4../);
  const problems = page.getByRole("list", { name: t("studio.problems") });
  await problems.getByRole("button", { name: t("studio.access.line", { line: 4 }) }).click();
  const rego = page.getByRole("textbox", { name: "Rego" });
  assert.equal(await rego.evaluate((e) => e.value.slice(e.selectionStart, e.selectionEnd)), '  input.record.ratin == "cold"');
  await axe(page).then((found) => assert.deepEqual(found, []));
  await picture(page, "access-rego");
  const mended = stored(page);
  await rego.fill((await rego.inputValue()).replace("ratin ", "rating "));
  await rego.blur();
  await mended;
  await problems.waitFor({ state: "detached" });
  await admin("DELETE", `/drafts/${id}`);
  await done(page);
});

test("on a phone access is read", async () => {
  const page = await visit(browser, server, "admin@example.com", phone, "/studio/access/permission/sales_user", /4../);
  await page.getByRole("grid").waitFor();
  await sideways(page).then((found) => assert.deepEqual(found, []));
  await picture(page, "access-phone");
  await done(page);
});
