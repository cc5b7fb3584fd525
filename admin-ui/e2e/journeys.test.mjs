// What people do in a browser, against the built program. Every page of every journey keeps to the
// content policy and says nothing in the console.
import assert from "node:assert/strict";
import { test } from "node:test";
import { begin, blank, done, phone, visit } from "./browser.mjs";
import { password } from "./server.mjs";

const { server, browser } = await begin();

const open = (email, look) => visit(browser, server, email, look);

test("a wrong password is answered in words", async () => {
  const page = await blank(browser);
  await page.goto(server.base);
  await page.getByLabel("E-mail").fill("sarah@example.com");
  await page.getByLabel("Password").first().fill("something else");
  await page.keyboard.press("Enter");
  assert.match(await page.getByRole("alert").innerText(), /password/i);
  await page.getByLabel("Password").first().fill(password);
  await page.keyboard.press("Enter");
  await page.getByRole("main").getByRole("heading", { level: 1 }).waitFor();
  await done(page);
});

test("a salesperson makes a deal, changes it where it is shown, and wins it", async () => {
  const api = await server.as("sarah@example.com");
  const page = await open("sarah@example.com");
  await page.getByRole("link", { name: "Opportunities" }).click();
  await page.getByRole("button", { name: "New", exact: true }).click();
  const panel = page.getByRole("dialog");
  await panel.getByRole("button", { name: "Save", exact: true }).click();
  await panel.getByText(/may not be empty|required/i).first().waitFor(); // the name is asked for
  await panel.getByLabel("Name").fill("Winter campaign");
  await panel.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("heading", { name: "Winter campaign" }).waitFor();
  const id = new URL(page.url()).pathname.split("/").at(-1);
  page.complaints = page.complaints.filter((text) => !/422/.test(text)); // the console tells of what was refused

  // A stage that needs an amount asks for it where it was clicked.
  await page.getByRole("button", { name: "Won" }).click();
  await page.getByRole("dialog").getByLabel("Amount").fill("12,500");
  await page.getByRole("dialog").getByLabel("Close date").fill("2026-12-24");
  const stored = page.waitForResponse((answer) => answer.request().method() === "PATCH" && answer.ok());
  await page.getByRole("dialog").getByRole("button", { name: "Save", exact: true }).click();
  await stored;
  await page.locator("[aria-current=step]", { hasText: "Won" }).waitFor();
  const won = await api("GET", `/records/opportunity/${id}`);
  assert.equal(won.stage, "won");
  assert.equal(won.amount, 12500);

  await page.getByRole("button", { name: "Next step" }).click();
  await page.getByLabel("Next step").fill("Send flowers");
  const kept = page.waitForResponse((answer) => answer.request().method() === "PATCH" && answer.ok());
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Next step" }).getByText("Send flowers").waitFor();
  await kept;
  assert.equal((await api("GET", `/records/opportunity/${id}`)).next_step, "Send flowers");
  page.complaints = page.complaints.filter((text) => !/422/.test(text));
  await done(page);
});

test("what is refused stays as it was typed, with the reason, and Escape restores", async () => {
  const page = await open("sarah@example.com");
  await page.goto(`${server.base}/o/lead`);
  await page.locator("[data-row='0'] a").first().click();
  await page.getByRole("button", { name: "E-mail", exact: true }).click();
  const input = page.getByRole("textbox", { name: "E-mail" });
  await input.fill("not an address");
  await page.keyboard.press("Enter");
  await page.locator("article input[aria-invalid=true]").waitFor();
  assert.equal(await input.inputValue(), "not an address");
  await input.press("Escape");
  assert.equal(await page.getByLabel("E-mail").innerText().then((text) => text.includes("not an address")), false);
  // The console tells of the refused request.
  page.complaints = page.complaints.filter((text) => !/422/.test(text));
  await done(page);
});

test("a list is sorted, searched and gone through by keys, and its address says so", async () => {
  const page = await open("diana@example.com");
  await page.goto(`${server.base}/o/opportunity?view=all_opportunities`);
  const sorted = page.waitForResponse((answer) => answer.url().includes("sort=amount")); // until then the rows are those of before
  await page.getByRole("columnheader", { name: "Amount" }).getByRole("button").click();
  await sorted;
  await page.waitForURL(/sort=amount/);
  const cells = page.locator("[data-row] [data-column='3']");
  await page.locator("[role=grid][aria-busy=false]").waitFor();
  const amounts = (await cells.allInnerTexts()).filter(Boolean).map((text) => Number(text.replaceAll(",", "")));
  assert.deepEqual(amounts, amounts.toSorted((a, b) => a - b));
  await page.getByRole("grid").focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  const name = await page.locator("[data-row='2'] [data-column='0']").innerText();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name, exact: true, level: 1 }).waitFor();
  await page.goBack();
  await page.waitForURL(/sort=amount/);
  await page.getByRole("searchbox").fill("zzzz");
  await page.getByText("No records match.").waitFor();
  await done(page);
});

test("Chinese is spoken after a switch without a reload", async () => {
  const page = await open("sarah@example.com");
  await page.getByRole("button", { name: "Sarah Chen" }).click();
  await page.getByRole("menuitem", { name: "中文" }).click();
  await page.getByRole("link", { name: "商机" }).click();
  await page.getByRole("heading", { name: "商机" }).waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.lang), "zh");
  // It stays for the person, so other tests want it back.
  await page.getByRole("button", { name: "Sarah Chen" }).click();
  const saved = page.waitForResponse((answer) => answer.url().endsWith("/api/v1/me") && answer.request().method() === "PATCH");
  await page.getByRole("menuitem", { name: "English" }).click();
  await page.getByRole("heading", { name: "Opportunities" }).waitFor();
  assert.ok((await saved).ok());
  await done(page);
});

test("on a phone a list is cards and a stage is a select", async () => {
  const page = await open("diana@example.com", phone);
  await page.goto(`${server.base}/o/opportunity?view=all_opportunities`);
  await page.getByRole("list", { name: "Opportunities" }).getByRole("button").first().tap();
  await page.getByRole("combobox", { name: "Stage" }).or(page.getByLabel("Stage")).first().waitFor();
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "the page is wider than the screen");
  await done(page);
});

test("an object made a minute ago is there", async () => {
  const api = await server.as("admin@example.com");
  await api("POST", "/metadata/apply", {
    documents: [{ kind: "object", name: "canoe", label: "Canoe", label_plural: "Canoes", name_field: "name", visibility: "write", fields: { name: { type: "text", label: "Name" }, length: { type: "number", label: "Length" } } }],
  });
  await api("POST", "/records/canoe", { name: "<b onmouseover=alert(1)>Ada</b>", length: 12 });
  const page = await open("admin@example.com");
  await page.goto(`${server.base}/o/canoe`);
  await page.getByText("<b onmouseover=alert(1)>Ada</b>").click(); // markup is text
  await page.getByRole("heading", { level: 1 }).waitFor();
  await page.getByRole("button", { name: "Length" }).click();
  await page.getByLabel("Length").fill("14");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Length" }).getByText("14").waitFor();
  await done(page);
});
