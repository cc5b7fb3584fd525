// Packages: a newer version over one's own changes, and a package of one's own, by somebody who writes no JSON.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { axe, begin, desktop, done, phone, picture, sideways, visit } from "./browser.mjs";
import { start } from "./server.mjs";
import { texts } from "./words.mjs";

const { server, browser } = await begin(start({ own: true, size: 60 }));
const admin = await server.as("admin@example.com");

/** The documents of the sales package, in a version to come that differs in some places. */
const root = fileURLToPath(new URL("../../metadata/packages/sales", import.meta.url));
function newer(version, change) {
  const documents = readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((one) => one.endsWith(".json"))
    .map((one) => JSON.parse(readFileSync(`${root}/${one}`, "utf8")));
  const of = (kind, name) => documents.find((one) => one.kind === kind && one.name === name);
  of("package", "sales").version = version;
  change(of);
  return JSON.stringify({ documents });
}
const labels = ["industry", "website", "phone", "employees", "annual_revenue", "description"];

test("a package of one's own is made, and taken to another tenant (zh, by night)", async () => {
  const t = texts("zh");
  await admin("POST", "/metadata/apply", {
    documents: [
      { kind: "object", name: "survey", label: { en: "Survey", zh: "问卷" }, name_field: "title", visibility: "read", fields: { title: { type: "text", label: "Title" } } },
      { kind: "view", name: "surveys", label: { en: "Surveys", zh: "全部问卷" }, object: "survey", show: "table", columns: ["title"] },
    ],
  });
  await admin("PATCH", "/me", { language: "zh" });
  const page = await visit(browser, server, "admin@example.com", { ...desktop, locale: "zh-CN", colorScheme: "dark" }, "/studio/changes?view=packages", /4../);
  await page.getByRole("button", { name: t("studio.packages.make") }).click();
  await page.getByRole("textbox", { name: t("studio.label"), exact: true }).fill("Surveys 问卷");
  await page.getByRole("checkbox", { name: /全部问卷/ }).click();
  await page.getByText(t("studio.packages.lacks")).waitFor(); // the list speaks of its object
  await picture(page, "packages-make-zh");
  await page.getByRole("button", { name: t("studio.packages.take_too") }).click();
  const saving = page.waitForEvent("download");
  await page.getByRole("button", { name: t("studio.packages.save") }).click();
  const text = readFileSync(await (await saving).path(), "utf8");
  assert.deepEqual(JSON.parse(text).documents.map(({ kind, name }) => `${kind}/${name}`).sort(), ["object/survey", "package/surveys", "view/surveys"]);
  await done(page);

  // A second server is another tenant.
  const other = await start({ own: true, size: 60 });
  try {
    const there = await other.as("admin@example.com");
    await there("PATCH", "/me", { language: "zh" });
    const visited = await visit(browser, other, "admin@example.com", { ...phone, locale: "zh-CN" }, "/studio/changes?view=packages", /4../);
    const choose = visited.getByLabel(t("studio.packages.from_file"));
    await choose.setInputFiles({ name: "nothing.json", mimeType: "application/json", buffer: Buffer.from('{"documents": [{"kind": "object"}]}') });
    await visited.getByText(t("studio.packages.no_file")).waitFor();
    await choose.setInputFiles({ name: "surveys.json", mimeType: "application/json", buffer: Buffer.from(text) });
    await visited.getByRole("button", { name: t("studio.packages.do"), exact: true }).and(visited.locator(":enabled")).click();
    await visited.getByText(t("studio.packages.version", { version: "1.0.0" })).first().waitFor();
    assert.deepEqual(await sideways(visited), []);
    await picture(visited, "packages-phone-zh");
    assert.equal((await there("GET", "/metadata/object/survey")).label.zh, "问卷");
    await done(visited);
  } finally {
    await other.stop?.();
  }
});

test("sales is upgraded over twelve changes of one's own", async () => {
  const t = texts("en");
  await admin("PATCH", "/me", { language: "en" });
  // Twelve changes: six labels of fields, two fields, a rule, a view, the label of the object, rights.
  await admin("PATCH", "/metadata/object/account", {
    label: { en: "Company", zh: "公司" },
    fields: {
      ...Object.fromEntries(labels.map((name) => [name, { label: { en: `My ${name}`, zh: `我的 ${name}` } }])),
      region: { type: "text", label: "Region" },
      vat: { type: "text", label: "VAT number" },
    },
    rules: { vat_given: { must: "isEmpty(region) or not isEmpty(vat)", message: "Say the VAT number." } },
  });
  await admin("POST", "/metadata/apply", { documents: [{ kind: "view", name: "my_regions", label: "Regions", object: "account", show: "table", columns: ["name", "region"] }] });
  await admin("PATCH", "/metadata/permission/sales_user", { objects: { competitor: { delete: true } } });
  const file = newer("1.9.0", (of) => {
    const account = of("object", "account");
    account.label = { en: "Client", zh: "主顾" }; // as we changed
    for (const name of labels.slice(0, 3)) account.fields[name].label = { en: `Their ${name}`, zh: `他们的 ${name}` }; // as we changed
    account.fields.founded = { type: "date", label: { en: "Founded", zh: "成立日期" } }; // new
    of("object", "contact").label = { en: "Person", zh: "个人" }; // ours is as theirs was
  });
  const page = await visit(browser, server, "admin@example.com", desktop, "/studio/changes?view=packages", /4../);
  await page.getByText(t("studio.packages.newest")).first().waitFor();
  await page.getByLabel(t("studio.packages.from_file")).setInputFiles({ name: "sales.json", mimeType: "application/json", buffer: Buffer.from(file) });
  const conflicts = page.getByRole("region", { name: t("studio.packages.conflicts") });
  await conflicts.getByText("object/account/label/en").waitFor();
  const paths = await conflicts.locator("li > code").allTextContents();
  assert.equal(paths.length, 8, paths.join(" ")); // four places in two languages
  assert.ok(paths.every((path) => path.startsWith("object/account/")));
  await axe(page).then((found) => assert.deepEqual(found, []));
  await picture(page, "packages-conflicts");
  const update = page.getByRole("button", { name: t("studio.packages.do"), exact: true });
  assert.ok(await update.isDisabled(), "nothing is done that is not decided");
  // All are kept but one, which is taken.
  await page.getByRole("button", { name: t("studio.packages.all_ours") }).click();
  await conflicts.getByRole("radiogroup", { name: "object/account/label/en" }).getByText(t("studio.packages.take")).click();
  await update.and(page.locator(":enabled")).click();
  await page.getByText(t("studio.packages.version", { version: "1.9.0" })).waitFor();
  const account = await admin("GET", "/metadata/object/account");
  assert.deepEqual([account.label, account.fields.industry.label.en, account.fields.phone.label.en], [{ en: "Client", zh: "公司" }, "My industry", "My phone"]);
  assert.ok(account.fields.founded && account.fields.region && account.fields.vat && account.rules.vat_given);
  assert.equal((await admin("GET", "/metadata/object/contact")).label.en, "Person");
  assert.equal((await admin("GET", "/metadata/permission/sales_user")).objects.competitor.delete, true);
  await admin("GET", "/metadata/view/my_regions");
  await done(page);
});
