// What people do often costs few clicks: every press of a pointer is counted in the page. Typing is free.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { begin, desktop, done, visit } from "./browser.mjs";
import { labelled, pointers } from "./hands.mjs";
import { admin } from "./server.mjs";

const seller = "sarah@example.com";
const mark = Date.now().toString(36);
const { server, browser } = await begin();
let api;
before(async () => {
  api = await server.as(seller);
});

const open = (path, email = seller) => visit(browser, server, email, desktop, path, /status of (401|422)/);
const answered = (page, method, path) => page.waitForResponse((r) => r.request().method() === method && r.url().includes(path) && r.ok());
const called = (page, name) => page.getByRole("heading", { level: 1, name, exact: true }).waitFor();

/** Does something on a page and holds how many clicks it took. */
async function costs(clicks, page, act) {
  const counted = await pointers(page);
  await act();
  assert.equal(await counted(), clicks);
  await done(page);
}

test("a record is found by its name and opened by no click", async () => {
  const name = `Observatory ${mark}`;
  await api("POST", "/records/account", { name });
  const page = await open("/o/opportunity?view=all_opportunities");
  await page.getByRole("grid").waitFor();
  await costs(0, page, async () => {
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox", { name: "Search and commands" }).and(page.locator(":focus")).waitFor();
    await page.keyboard.type(name);
    await page.keyboard.press("Enter"); // before anything was found
    await called(page, name);
  });
});

test("a field is changed by one click, and the next stage is entered by one", async () => {
  const { id } = await api("POST", "/records/opportunity", { name: `Dinghy ${mark}` });
  const page = await open(`/o/opportunity/${id}`);
  await costs(2, page, async () => {
    await page.locator("article [data-field=next_step]").click();
    await page.keyboard.type("Ring back");
    const changed = answered(page, "PATCH", id);
    await page.keyboard.press("Enter");
    await changed;
    const entered = answered(page, "PATCH", id);
    await page.getByRole("list", { name: "Stage" }).getByRole("button", { name: "Qualification" }).click();
    await page.locator("[aria-current=step]", { hasText: "Qualification" }).waitFor();
    await entered;
  });
  const { next_step, stage } = await api("GET", `/records/opportunity/${id}`);
  assert.deepEqual([next_step, stage], ["Ring back", "qualification"]);
});

test("a stage that needs something costs no more clicks than any", async () => {
  const { id } = await api("POST", "/records/opportunity", { name: `Sloop ${mark}` });
  const page = await open(`/o/opportunity/${id}`);
  await costs(1, page, async () => {
    await page.getByRole("list", { name: "Stage" }).getByRole("button", { name: "Proposal" }).click();
    await page.getByRole("dialog").getByLabel("Amount").and(page.locator(":focus")).waitFor();
    await page.keyboard.type("500");
    const entered = answered(page, "PATCH", id);
    await page.keyboard.press("Enter");
    await page.locator("[aria-current=step]", { hasText: "Proposal" }).waitFor();
    await entered;
  });
  assert.equal((await api("GET", `/records/opportunity/${id}`)).amount, 500);
});

test("a deal is added to an account by one click", async () => {
  const { id } = await api("POST", "/records/account", { name: `Yard ${mark}` });
  const page = await open(`/o/account/${id}`);
  const deals = page.getByRole("region", { name: "Opportunities" });
  await costs(1, page, async () => {
    await deals.getByRole("button", { name: "New Opportunity" }).click();
    await labelled(page.getByRole("dialog"), "Name").and(page.locator(":focus")).waitFor();
    await page.getByRole("dialog").locator(`input[value="Yard ${mark}"]`).waitFor(); // the account that it is added to
    await page.keyboard.type(`Keel ${mark}`);
    const day = labelled(page.getByRole("dialog"), "Close date");
    for (let i = 0; i < 9 && !(await day.evaluate((it) => it === document.activeElement)); i++) await page.keyboard.press("Tab");
    await page.keyboard.type("+30d");
    await page.keyboard.press("Enter");
    await deals.getByRole("link", { name: `Keel ${mark}` }).waitFor();
  });
  const { items } = await api("GET", `/records/opportunity?filter=${encodeURIComponent(`name == "Keel ${mark}"`)}`);
  const month = 30 * 86_400_000;
  const off = Date.parse(items[0].close_date) - Math.floor((Date.now() + month) / 86_400_000) * 86_400_000;
  assert.ok(Math.abs(off) <= 86_400_000, `${items[0].close_date} is 30 days from today, in some time zone`);
  assert.deepEqual([items[0].account, items[0].stage], [id, "prospecting"]);
});

test("a filter of two conditions is typed without a click, or put together by three", async () => {
  const page = await open("/o/opportunity?view=all_opportunities", "diana@example.com");
  const counted = await pointers(page);
  const filter = () => new URL(page.url()).searchParams.get("filter");
  await page.getByRole("grid").waitFor();
  await page.keyboard.press("f");
  await page.keyboard.type("amount > 10000 and not closed");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Amount > 10,000" }).waitFor();
  assert.match(filter(), /amount > 10000 and /);
  assert.equal(await counted(), 0);
  await page.getByRole("button", { name: "Remove" }).first().click();
  await page.getByRole("button", { name: "Amount > 10,000" }).waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Remove" }).click();
  await page.waitForURL((url) => !url.searchParams.get("filter"));
  const before = await counted();
  const box = page.getByRole("combobox", { name: "Filter" });
  await box.click();
  await page.keyboard.type("amo");
  await page.getByRole("option", { name: "Amount", exact: true }).click();
  await page.getByRole("option", { name: ">", exact: true }).click();
  await page.keyboard.type("10000");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Amount > 10,000" }).waitFor();
  assert.equal((await counted()) - before, 3);
  await done(page);
  await (await server.as("diana@example.com"))("PATCH", "/me/settings", { "kept.opportunity": null });
});

test("fifty records are given to somebody by three clicks", async () => {
  const operations = Array.from({ length: 50 }, (_, i) => ({ op: "create", data: { subject: `Rope ${mark} ${i}` } }));
  const manager = "marco@example.com";
  await (await server.as(manager))("POST", "/records/task/bulk", { operations });
  const page = await open(`/o/task?view=all_tasks&q=${mark}`, manager);
  await page.getByRole("grid").getByRole("link").first().waitFor();
  await costs(3, page, async () => {
    await page.getByRole("button", { name: "Choose all" }).click();
    await page.getByText("50 chosen").waitFor();
    await page.getByRole("region", { name: "Chosen records" }).getByRole("button", { name: "Owner" }).click();
    await page.getByRole("option", { name: "Sarah Chen" }).click();
    await page.getByText("50 records changed").waitFor();
  });
  const { user } = await api("GET", "/me");
  const { total } = await api("GET", `/records/task?count=exact&limit=1&q=${mark}&filter=${encodeURIComponent(`owner == "${user.id}"`)}`);
  assert.equal(total, 50);
});

test("thirty leads are gone through without a click, with the tab and the place on the page", async () => {
  const operations = Array.from({ length: 31 }, (_, i) => ({ op: "create", data: { name: `Crew ${mark} ${String(i).padStart(2, "0")}`, company: "Harbour" } }));
  await api("POST", "/records/lead/bulk", { operations });
  const page = await open(`/o/lead?view=all_leads&sort=name&q=${mark}`);
  await page.setViewportSize({ width: 1280, height: 480 }); // on which a lead has to be scrolled
  await page.getByRole("grid").getByRole("link", { name: /00$/ }).waitFor();
  await page.keyboard.press("Enter");
  await called(page, `Crew ${mark} 00`);
  await page.getByRole("tab", { name: "Changes" }).click();
  const article = page.getByRole("article");
  await page.getByText("made this").waitFor();
  await article.hover();
  await page.mouse.wheel(0, 120);
  await page.waitForFunction(() => document.querySelector("article").scrollTop === 120);
  await costs(0, page, async () => {
    for (let i = 1; i <= 30; i++) {
      await page.keyboard.press("j");
      await called(page, `Crew ${mark} ${String(i).padStart(2, "0")}`);
    }
    await page.keyboard.press("k");
    await called(page, `Crew ${mark} 29`);
    await page.getByRole("tab", { name: "Changes", selected: true }).waitFor();
    await page.waitForFunction(() => document.querySelector("article").scrollTop === 120);
  });
});

test("a file is imported by dropping it and one click", async () => {
  const page = await open("/o/competitor?view=", admin);
  await page.getByRole("grid").or(page.getByText("There is no")).first().waitFor();
  await costs(1, page, async () => {
    const file = await page.evaluateHandle((name) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([`Name\n${name}\n`], "competitors.csv", { type: "text/csv" }));
      return transfer;
    }, `Rival ${mark}`);
    await page.dispatchEvent("main", "dragover", { dataTransfer: file });
    await page.dispatchEvent("main", "drop", { dataTransfer: file }); // the other one of two
    await page.getByRole("status").getByText("1 new").waitFor();
    await page.getByRole("button", { name: "Import", exact: true }).click();
    await page.getByRole("status").getByText("Imported:").waitFor();
  });
});

test("who presses slowly loses no choice", async () => {
  const name = `Slow ${mark}`;
  await api("POST", "/records/opportunity", { name, account: (await api("GET", "/records/account?limit=1&fields=id")).items[0].id });
  const asked = `name == "${name}" and stage != "won" and owner != nil`;
  const page = await open(`/o/opportunity?view=all_opportunities&filter=${encodeURIComponent(asked)}`, admin);
  const slowly = (option) => page.getByRole("option", { name: option, exact: true }).click({ delay: 400 });
  const filter = () => new URL(page.url()).searchParams.get("filter");
  await page.getByRole("grid").getByRole("link", { name }).waitFor();
  await page.getByRole("button", { name: "Choose all" }).click();
  await page.getByRole("region", { name: "Chosen records" }).getByRole("button", { name: "Owner" }).click();
  const given = page.waitForResponse((answer) => answer.url().includes("/bulk") && answer.ok());
  await slowly("Tom Baker");
  await given;
  await page.getByRole("button", { name: /^Stage is not/ }).click();
  await page.getByRole("combobox", { name: "Stage" }).click();
  await slowly("Proposal");
  await page.waitForURL(() => filter().includes('stage != "proposal"'));
  await done(page);
});
