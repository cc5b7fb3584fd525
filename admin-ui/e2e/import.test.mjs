// Files in and out of a list, against a server of its own, since the records of others would be among them.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { axe, begin, desktop, done, phone, visit } from "./browser.mjs";
import { admin, start } from "./server.mjs";

const data = fileURLToPath(new URL("../../../shared/data/crm-sales/", import.meta.url));
const beside = existsSync(data) ? {} : { skip: "the sales export is not beside the project" };

const { server, browser } = await begin(start({ own: true }));
let api;
before(async () => {
  api = await server.as(admin);
});

/** Drops a file onto an element, as a person does from a folder. */
async function drop(page, selector, name, text) {
  const transfer = await page.evaluateHandle(
    ({ name, text }) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([text], name, { type: "text/csv" }));
      return transfer;
    },
    { name, text },
  );
  await page.dispatchEvent(selector, "dragover", { dataTransfer: transfer });
  await page.dispatchEvent(selector, "drop", { dataTransfer: transfer });
}

/** Waits until the counts are told, and what was running is done. */
const told = (page, words) => page.getByRole("status").getByText(words).waitFor({ timeout: 60_000 });

test("a sales export is dropped onto the list, its unknown values are decided, and refused rows corrected", beside, async () => {
  const lines = readFileSync(`${data}sales_pipeline.csv`, "utf8").trim().split("\n").slice(0, 401);
  const rows = lines.slice(1).map((line) => line.split(","));
  const count = (column, value) => rows.filter((row) => row[column] === value).length;
  const unknown = ["Cancity", "Hatfan"]; // accounts that are not there
  const products = readFileSync(`${data}products.csv`, "utf8").trim().split("\n").slice(1).map((line) => line.split(",")[0]);
  const accounts = [...new Set(rows.map((row) => row[3]))].filter((name) => name && !unknown.includes(name));
  await api("PATCH", "/metadata/object/opportunity", { fields: { product: { type: "lookup", object: "product", label: { en: "Product", zh: "产品" } } } });
  const bulk = (object, names) => api("POST", `/records/${object}/bulk`, { operations: names.map((name) => ({ op: "create", data: { name } })) });
  await bulk("product", products);
  await bulk("account", accounts);
  const before = (await api("GET", "/records/opportunity?count=true&limit=1")).total;

  const page = await visit(browser, server, admin, desktop, "/o/opportunity?view=");
  await page.getByRole("grid").waitFor();
  await drop(page, "main", "sales_pipeline.csv", lines.join("\n"));
  await page.getByRole("heading", { level: 1, name: "Import: Opportunities" }).waitFor();
  await page.getByText("sales_pipeline.csv · 400 rows").waitFor();
  const goesTo = (heading) => page.getByRole("combobox", { name: `Field for ${heading}` });
  assert.equal(await goesTo("deal_stage").inputValue(), "Stage *");
  assert.equal(await goesTo("account").inputValue(), "Account");
  assert.equal(await goesTo("product").inputValue(), "Product");
  assert.equal(await page.getByLabel("Format of close_date").inputValue(), "m/d/yyyy");
  const send = async (heading, field) => {
    await goesTo(heading).fill(field);
    await page.getByRole("option", { name: field }).click();
    await page.getByRole("listbox").waitFor({ state: "hidden" });
  };
  await send("opportunity_id", "Name *");
  await send("close_value", "Amount");
  await page.getByLabel("New records may begin in any stage").check();

  const taken = (value) => page.getByLabel(`What ${value} is taken for`);
  await page.getByRole("row", { name: `GTXPro ${count(2, "GTXPro")}` }).waitFor();
  await taken("GTXPro").selectOption("other");
  await page.getByLabel("Record for GTXPro").fill("GTX Pro");
  await page.getByRole("option", { name: "GTX Pro", exact: true }).click();
  await taken("Engaging").selectOption({ label: "Qualification" });
  await taken("Hatfan").selectOption({ label: "Leave empty" });

  const refused = count(3, "Cancity");
  await told(page, `This would be:`);
  await told(page, `${400 - refused} new, ${refused} refused`);
  assert.deepEqual(await axe(page), []);
  const cell = page.getByRole("textbox", { name: /^account of row/ });
  assert.equal(await cell.count(), refused);
  await cell.first().fill(accounts[0]);
  await page.getByRole("button", { name: "Import", exact: true }).click();
  // What was corrected before goes along.
  await told(page, "Imported:");
  await told(page, `${400 - refused + 1} new, ${refused - 1} refused`);
  await cell.first().fill(accounts[1]);
  await page.getByRole("button", { name: "Send 1 corrected" }).click();
  await told(page, `${400 - refused + 2} new, ${refused - 2} refused`);

  const after = await api("GET", "/records/opportunity?count=true&limit=1");
  assert.equal(after.total, before + 400 - refused + 2);
  const corrected = rows.filter((row) => row[3] === "Cancity").slice(0, 2);
  for (const [i, row] of corrected.entries()) {
    const found = await api("GET", `/records/opportunity?filter=${encodeURIComponent(`name == "${row[0]}"`)}&fields=account.name,product.name,amount`);
    assert.equal(found.items[0]["account.name"], accounts[i]);
    assert.equal(found.items[0]["product.name"], row[2] === "GTXPro" ? "GTX Pro" : row[2]);
  }
  await done(page);
});

const words = {
  en: { rows: /sales_pipeline\.csv · 8,?800 rows/, taken: "What GTXPro is taken for", added: "New option “GTXPro”", cell: /^close_value of row/, would: "8,799 new, 1 refused", run: "Import", done: "8,800 new", show: "Show Sales" },
  zh: { rows: /sales_pipeline\.csv · 8,?800 行/, taken: "“GTXPro”视为", added: "新选项“GTXPro”", cell: /行的“close_value”$/, would: "新建 8,799 条，拒绝 1 条", run: "导入", done: "新建 8,800 条", show: "查看销售" },
};
for (const [language, says] of Object.entries(words))
  test(`a whole sales export is imported by two clicks, with a new option and a corrected row: ${language}`, beside, async () => {
    const object = `sale_${language}`;
    const known = ["GTX Basic", "GTX Plus Basic", "GTX Plus Pro", "GTK 500", "MG Special", "MG Advanced"];
    const options = Object.fromEntries(known.map((label, i) => [`p${i}`, { label, order: i }]));
    const fields = {
      opportunity_id: { type: "text", label: "Opportunity", required: true },
      product: { type: "picklist", label: { en: "Product", zh: "产品" }, options },
      account: { type: "text", label: { en: "Account", zh: "客户" } },
      close_date: { type: "date", label: { en: "Close date", zh: "结束日期" } },
      close_value: { type: "number", label: { en: "Value", zh: "金额" } },
    };
    const label = { en: "Sale", zh: "销售" };
    const label_plural = { en: "Sales", zh: "销售" };
    await api("POST", "/metadata/apply", { documents: [{ kind: "object", name: object, label, label_plural, name_field: "opportunity_id", visibility: "write", fields }] });
    await api("PATCH", "/me", { language });
    const lines = readFileSync(`${data}sales_pipeline.csv`, "utf8").trim().split("\n");
    const cells = lines[10].split(",");
    lines[10] = cells.with(-1, "lots").join(",");

    const page = await visit(browser, server, admin, desktop, `/o/${object}?view=`);
    await page.getByRole("main").getByRole("heading", { level: 1 }).waitFor();
    await page.evaluate(() => {
      window.clicks = 0;
      addEventListener("click", (event) => event.isTrusted && window.clicks++, true);
    });
    await drop(page, "main", "sales_pipeline.csv", lines.join("\n"));
    await page.getByText(says.rows).waitFor();
    await page.getByLabel(says.taken).selectOption({ label: says.added });
    const cell = page.getByRole("textbox", { name: says.cell });
    await cell.waitFor({ timeout: 60_000 });
    await told(page, says.would);
    await cell.fill(cells.at(-1) || "0");
    const moves = page.getByRole("progressbar").waitFor({ state: "attached" }); // of no width at first
    await page.getByRole("button", { name: says.run, exact: true }).click();
    await moves;
    await told(page, says.done);
    await page.getByRole("link", { name: says.show }).last().click();
    await page.locator("[data-row='0']").waitFor();
    assert.equal(await page.evaluate(() => window.clicks), 2);

    const count = async (filter) => (await api("GET", `/records/${object}?count=exact&limit=1&filter=${encodeURIComponent(filter)}`)).total;
    assert.equal(await count("true"), 8800);
    const added = (await api("GET", `/metadata/object/${object}`)).fields.product.options.gtxpro;
    assert.equal(added.label, "GTXPro");
    assert.equal(await count('product == "gtxpro"'), lines.filter((line) => line.split(",")[2] === "GTXPro").length);
    await api("PATCH", "/me", { language: "en" });
    await done(page);
  });

test("an import has no end at 2,000 rows, and no key that nobody chose", async () => {
  const rows = Array.from({ length: 2500 }, (_, i) => `Rival ${i % 2400}`); // some are called alike
  const fields = { name: { type: "text", label: "Name" } };
  await api("POST", "/metadata/apply", { documents: [{ kind: "object", name: "rival", label: "Rival", label_plural: "Rivals", name_field: "name", fields }] });
  const page = await visit(browser, server, admin, desktop, "/o/rival/import");
  const file = (name, rows) => ({ name, mimeType: "text/csv", buffer: Buffer.from(["name", ...rows].join("\n")) });
  await page.getByLabel("Choose a file").setInputFiles(file("rivals.csv", rows));
  const existing = page.getByLabel("Records that are there");
  await existing.waitFor();
  assert.equal(await existing.inputValue(), ""); // every row is a new record unless somebody says otherwise
  await told(page, "2,500 new");
  await page.getByRole("button", { name: "Import", exact: true }).click();
  await told(page, "Imported:");
  await told(page, "2,500 new");
  // By a key that several records have none of them is changed.
  await page.getByRole("button", { name: "Another file" }).click();
  await page.getByLabel("Choose a file").setInputFiles(file("again.csv", ["Rival 7", "Rival 700"]));
  await existing.selectOption("name");
  await told(page, "1 unchanged, 1 refused");
  await done(page);
});

test("a workbook that was exported is corrected and imported again on a phone, in Chinese", async () => {
  await api("POST", "/records/competitor/bulk", { operations: ["甲公司", "乙公司"].map((name) => ({ op: "create", data: { name } })) });
  await api("PATCH", "/me", { language: "zh" });
  const page = await visit(browser, server, admin, phone, "/o/competitor?view=");
  await page.getByRole("button", { name: "导入与导出" }).click();
  const saved = page.waitForEvent("download");
  await page.getByRole("menuitem", { name: "导出为 Excel" }).click();
  const file = await (await saved).path();
  await page.getByRole("button", { name: "导入与导出" }).click();
  await page.getByRole("menuitem", { name: "导入文件…" }).click();
  await page.getByLabel("选择文件").setInputFiles({ name: "competitors.xlsx", mimeType: "application/octet-stream", buffer: readFileSync(file) });
  await page.getByText(/competitors\.xlsx · \d+ 行/).waitFor();
  assert.equal(await page.getByRole("combobox", { name: "“名称”对应的字段" }).inputValue(), "名称 *");
  await page.getByLabel("已有记录").selectOption("name");
  await told(page, /无变化/);
  assert.deepEqual(await axe(page), []);
  await page.getByRole("button", { name: "导入", exact: true }).click();
  await told(page, "已导入：");
  await told(page, /无变化/);
  await done(page);
});

test("a list offers only what its reader may do with files", async () => {
  const page = await visit(browser, server, "sarah@example.com", desktop, "/o/opportunity?view=all_opportunities");
  await page.getByRole("button", { name: "Export", exact: true }).click();
  await page.getByRole("menuitem", { name: "Export as CSV" }).waitFor();
  assert.equal(await page.getByRole("menuitem", { name: "Import a file…" }).count(), 0);
  const saved = page.waitForEvent("download");
  await page.getByRole("menuitem", { name: "Export as CSV" }).click();
  const text = readFileSync(await (await saved).path(), "utf8");
  assert.match(text, /^\uFEFFID,Name,/i);
  await page.goto(`${server.base}/o/opportunity/import`);
  await page.getByRole("alert").getByText("Importing needs the right").waitFor();
  await done(page);
});
