// Objects made of files: shaped in the browser by people who write no JSON.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axe, begin, desktop, done, picture, visit } from "./browser.mjs";
import { start } from "./server.mjs";
import { publish, stored } from "./studio.mjs";
import { texts } from "./words.mjs";

const { server, browser } = await begin(start({ own: true, size: 60 }));
const admin = await server.as("admin@example.com");
const account = (await admin("GET", "/records/account?limit=1&fields=name")).items[0].name;

/** A spreadsheet as people have them: signs, their own dates, a column of choices, a name of a record. */
const rows = Array.from({ length: 60 }, (_, i) => [
  `P-${String(i).padStart(3, "0")}`, `Bridge ${i}`, account, ["Planned", "Running", "Done"][i % 3], `${i % 12 + 1}/${i % 28 + 1}/2027`,
  `"$${i + 1},250.00"`, `${i}%`, `boss${i}@example.com`, ["Yes", "No"][i % 2], i === 5 ? "many" : String(i),
]);
const file = ["Code,project_name,Account,Phase,Due,Budget,Finished,Contact,Urgent,People", ...rows.map((row) => row.join(","))].join("\n");

for (const language of ["en", "zh"]) {
  const t = texts(language);
  test(`a spreadsheet becomes an object with its rows (${language})`, async () => {
    await admin("PATCH", "/me", { language });
    const page = await visit(browser, server, "admin@example.com", { ...desktop, locale: language === "zh" ? "zh-CN" : "en-US" }, "/studio/objects", /4../);
    let clicks = 0;
    const click = (target) => {
      clicks++;
      return target.click();
    };
    // It is dropped anywhere onto the page.
    await page.getByRole("button", { name: t("studio.new_object") }).waitFor();
    const name = language === "zh" ? "gongcheng" : "works";
    const dropped = await page.evaluateHandle(({ file, name }) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([file], `${name}.csv`, { type: "text/csv" }));
      return transfer;
    }, { file, name });
    await page.dispatchEvent("body", "dragover", { dataTransfer: dropped });
    await page.dispatchEvent("body", "drop", { dataTransfer: dropped });
    const main = page.getByRole("region", { name: t("studio.from_file") });
    await main.waitFor();
    const type = (heading) => main.getByRole("combobox", { name: t("studio.type_of", { label: heading }) }).inputValue();
    for (const [heading, is] of Object.entries({
      Code: "text", Account: "lookup", Phase: "picklist", Due: "date", Budget: "currency", Finished: "percent", Contact: "email", Urgent: "checkbox", People: "number",
    })) assert.equal(await type(heading), t(`studio.type.${is}`), heading);
    assert.ok(await main.getByRole("radio", { name: t("studio.naming_by", { heading: "project_name" }) }).isChecked());
    await axe(page).then((found) => assert.deepEqual(found, []));
    await picture(page, `studio-from-file-${language}`);
    await main.getByRole("textbox", { name: t("studio.label"), exact: true }).fill(language === "zh" ? "工程 Gongcheng" : "Works");
    await click(main.getByRole("button", { name: t("studio.make"), exact: true }));
    await page.getByRole("textbox", { name: t("studio.label_of", { label: "Budget" }) }).waitFor();
    await page.getByText(t("studio.rows_publish")).waitFor();
    await assert.rejects(admin("GET", `/metadata/object/${name}`), /404/);
    await click(page.getByRole("region", { name: t("studio.draft"), exact: true }).getByRole("link", { name: t("studio.publish") }));
    await click(page.getByRole("main").getByRole("button", { name: t("studio.publish"), exact: true }).and(page.locator(":enabled")));
    await click(page.getByRole("link", { name: t("studio.rows_import") }));
    // What the columns are is known; one row does not fit.
    await page.getByText(t("import.would")).waitFor();
    await picture(page, `studio-rows-${language}`);
    await click(page.getByRole("button", { name: t("import.run"), exact: true }));
    await page.getByText(t("import.done")).waitFor();
    const { items } = await admin("GET", `/records/${name}?limit=100&sort=code`);
    assert.equal(items.length, 59);
    assert.equal(items[1].due, "2027-02-02");
    assert.equal(Number(items[1].budget), 2250);
    assert.equal(items[0].phase, "planned");
    assert.ok(items[0].account);
    assert.ok(clicks <= 5, `${clicks} clicks`);
    await done(page);
  });
}

for (const language of ["en", "zh"]) {
  const t = texts(language);
  const zh = language === "zh";
  test(`a condition is built by pointing, said in words and tried on a record (${language})`, async () => {
    await admin("PATCH", "/me", { language });
    const page = await visit(browser, server, "admin@example.com", { ...desktop, locale: zh ? "zh-CN" : "en-US" }, "/studio/objects/opportunity/rules", /4../);
    const make = page.getByRole("textbox", { name: t("studio.new_in", { label: zh ? "校验规则" : "Validation rules" }) });
    await make.fill(`pointed_${language}`);
    await make.press("Enter");
    const rule = page.getByRole("listitem").filter({ has: page.getByRole("button", { name: `pointed_${language}`, expanded: true }) });
    const must = rule.getByRole("textbox", { name: zh ? "必须满足" : "Must hold" });
    await rule.getByRole("button", { name: t("studio.pointing") }).first().click();
    await rule.getByRole("button", { name: t("list.add_condition"), exact: true }).first().click();
    const builder = rule.locator("fieldset[data-level='1']");
    await builder.getByRole("combobox", { name: t("list.field") }).selectOption(zh ? "金额" : "Amount");
    await builder.getByRole("combobox", { name: t("list.operator") }).selectOption("≥");
    await builder.getByRole("textbox", { name: zh ? "金额" : "Amount", exact: true }).fill("1000");
    await page.keyboard.press("Enter");
    await must.and(page.locator("textarea")).evaluate((e) => e.value).then((v) => assert.equal(v, "amount >= 1000"));
    await rule.getByText(zh ? /金额\s*≥\s*1,000/ : /Amount\s*≥\s*1,000/).first().waitFor();
    // What it comes to on a record that there is.
    await rule.getByRole("status").filter({ hasText: /true|是|Yes/ }).first().waitFor();
    await axe(page).then((found) => assert.deepEqual(found, []));
    await picture(page, `studio-pointing-${language}`);
    // A formula is said with the labels of what it reads, through lookups too.
    await must.fill("amount > account.annual_revenue * 2 ? isEmpty(next_step) : not (stage in [\"won\", \"lost\"])");
    await rule.getByText(zh ? "客户 · 年收入" : "Account · Annual revenue").first().waitFor();
    await picture(page, `studio-in-words-${language}`);
    await must.fill("");
    await page.close();
    for (const one of (await admin("GET", "/drafts")).items) await admin("DELETE", `/drafts/${one.id}`);
    await done(page);
  });
}

test("options depend on another field, ticked in a grid", async () => {
  const t = texts("en");
  await admin("PATCH", "/me", { language: "en" });
  const options = (names) => Object.fromEntries(names.map((name, i) => [name, { label: name.toUpperCase(), order: i * 10 + 10 }]));
  const { id } = await admin("POST", "/drafts", { label: "Cities" });
  await admin("PATCH", `/drafts/${id}/documents`, { object: { competitor: { fields: {
    land: { type: "picklist", label: "Land", options: options(["cn", "de"]) },
    city: { type: "picklist", label: "City", options: options(["beijing", "berlin"]), depends_on: "land" },
  } } } });
  const page = await visit(browser, server, "admin@example.com", desktop, `/studio/objects/competitor?draft=${id}&field=city`, /4../);
  const grid = page.getByRole("group", { name: t("studio.depends_on", { label: "Land" }) });
  for (const cell of ["BEIJING: DE", "BERLIN: CN"]) {
    const answered = stored(page);
    await grid.getByRole("checkbox", { name: cell }).click();
    assert.equal((await answered).status(), 200);
  }
  await axe(page).then((found) => assert.deepEqual(found, []));
  await picture(page, "studio-dependent");
  await page.close();
  await admin("POST", `/drafts/${id}/publish`, {});
  await assert.rejects(admin("POST", "/records/competitor", { name: "Rival", land: "de", city: "beijing" }), /422/);
  await admin("POST", "/records/competitor", { name: "Rival", land: "cn", city: "beijing" });
});

test("an object is renamed in both languages everywhere", async () => {
  const t = texts("en");
  await admin("PATCH", "/me", { language: "en" });
  const page = await visit(browser, server, "admin@example.com", desktop, "/studio/objects/opportunity", /4../);
  await page.getByRole("button", { name: t("studio.rename"), exact: true }).click();
  const asks = page.getByRole("dialog");
  for (const [language, one, several] of [["English", "Project", "Projects"], ["Chinese", "项目", "项目"]]) {
    await asks.getByRole("textbox", { name: t("studio.one_in", { language }) }).fill(one);
    await asks.getByRole("textbox", { name: t("studio.several_in", { language }) }).fill(several);
  }
  await asks.getByRole("list").getByText("Is a project wanted?").waitFor();
  await axe(page).then((found) => assert.deepEqual(found, []));
  await picture(page, "studio-rename");
  const total = Number(/\d+/.exec(await asks.getByRole("button", { name: /^Rename it/ }).textContent())[0]);
  assert.ok(total > 40, `${total} texts`);
  await asks.getByRole("button", { name: /^Rename it/ }).click();
  await page.getByRole("heading", { name: "Project", level: 1 }).waitFor();
  await page.getByRole("button", { name: t("studio.rename"), exact: true }).waitFor();
  await page.waitForLoadState("networkidle");
  await publish(page, t);
  await page.context().close();

  // Neither language speaks of it by its old name anywhere in the workspace.
  const id = (await admin("GET", "/records/opportunity?limit=1&fields=id")).items[0].id;
  const of = (await admin("GET", "/records/account?limit=1&fields=id")).items[0].id;
  for (const [language, old] of [["en", /opportunit/i], ["zh", /商机/]]) {
    await admin("PATCH", "/me", { language });
    const looks = await visit(browser, server, "admin@example.com", { ...desktop, locale: language === "zh" ? "zh-CN" : "en-US" }, "/", /4../);
    for (const path of ["/", "/o/opportunity", `/o/opportunity/${id}`, `/o/account/${of}`, "/o/opportunity?create=opportunity&new=", "/o/opportunity/import"]) {
      await looks.goto(server.base + path);
      await looks.getByText(language === "zh" ? "项目" : "Project").first().waitFor();
      await looks.waitForLoadState("networkidle");
      const text = await looks.evaluate(() => document.body.innerText + [...document.querySelectorAll("[aria-label],[title],[placeholder]")].map((e) => `${e.ariaLabel} ${e.title} ${e.placeholder ?? ""}`).join("\n"));
      assert.doesNotMatch(text.replace(/\/o\/\S*/g, ""), old, `${path} in ${language}`);
    }
    await done(looks);
  }
  await admin("PATCH", "/me", { language: "en" });
});
