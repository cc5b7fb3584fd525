// Workflows that people set off, with what they fill in, and what others are asked to decide.
import assert from "node:assert/strict";
import { test } from "node:test";
import { begin, done, phone, picture, visit } from "./browser.mjs";
import { password } from "./server.mjs";

const { server, browser } = await begin();

/** An opportunity of Sarah's with a discount above the limit. */
async function deal(name) {
  const [sarah, admin] = [await server.as("sarah@example.com"), await server.as("admin@example.com")];
  const [product] = (await admin("GET", "/records/product?limit=1")).items;
  const { id } = await sarah("POST", "/records/opportunity", { name });
  await sarah("POST", "/records/line_item", { opportunity: id, product: product.id, unit_price: "100", discount: "30" });
  return { id, sarah };
}

const ask = (api, id) => api("POST", `/records/opportunity/${id}/workflows/ask_for_discount`);
/** A deal whose discount Sarah has asked for. */
async function asked(name) {
  const { id, sarah } = await deal(name);
  await ask(sarah, id);
  return { id, name };
}

/** What became of all that was asked about a deal. */
const became = async (id) => (await (await server.as("sarah@example.com"))("GET", `/records/opportunity/${id}/approvals`)).items.map((one) => one.state);

const pending = (page, name = "Approval") => page.getByRole("region", { name });

test("a discount is asked for on the page of the deal, and approved by a key in the inbox", async () => {
  const name = `Discounted ${Date.now()}`;
  const other = await asked(`Other ${name}`);
  const { id, sarah } = await deal(name);
  const page = await visit(browser, server, "sarah@example.com", undefined, `/o/opportunity/${id}`);
  await page.getByRole("heading", { level: 1, name }).waitFor();
  await page.getByRole("button", { name: "Ask for the discount" }).click();
  await pending(page).getByText("Marco Bianchi").waitFor();
  assert.equal(await pending(page).getByRole("button", { name: "Approve" }).count(), 0, "who asked can't answer");
  await pending(page).getByText("The record can't be changed until this is decided.").waitFor();

  const marco = await visit(browser, server, "marco@example.com", undefined, "/inbox");
  const lineOf = (name) => marco.getByRole("main").getByRole("listitem").filter({ hasText: name }).first();
  const [line, waiting] = [lineOf(name), lineOf(other.name)];
  await line.getByText("Sarah Chen asks for your approval").waitFor();
  // What is undecided is not done, by whatever way.
  await line.getByText("Done once you decide.").waitFor();
  assert.equal(await line.getByRole("button", { name: "Done", exact: true }).count(), 0);
  await marco.keyboard.press("d");
  await line.getByText("Done once you decide.").waitFor();
  const beside = marco.getByRole("complementary", { name: "The record" });
  await beside.getByRole("heading", { level: 1, name }).waitFor();
  await pending(beside).getByRole("textbox", { name: "Comment (optional)" }).fill("Once, and never again.");
  await pending(beside).getByText("A discount of").click();
  await marco.keyboard.press("y");
  // It stays where it is, decided, so that a second stroke decides nothing else.
  await line.getByText("Approved", { exact: true }).waitFor();
  await marco.keyboard.press("y");
  await marco.keyboard.press("n");
  await pending(beside).getByText("Approved", { exact: true }).first().waitFor();
  await beside.getByRole("heading", { level: 1, name }).waitFor();
  assert.equal(await pending(beside).getByRole("button", { name: "Approve" }).count(), 0);
  await waiting.waitFor();
  assert.deepEqual(await became(other.id), ["pending"], "the next one is decided too");
  await marco.keyboard.press("j");
  await beside.getByRole("heading", { level: 1, name: other.name }).waitFor();
  await done(marco);

  // The page of who asked tells it by itself.
  await pending(page).waitFor({ state: "detached" });
  await page.getByText("1 earlier approval").click();
  await page.getByText("Once, and never again.").waitFor();
  assert.equal((await sarah("GET", `/records/opportunity/${id}`)).discount_approval, "approved");
  const told = (await sarah("GET", "/me/notifications?kind=told")).items.map((one) => one.text);
  assert.ok(told.includes(`Marco Bianchi approved the discount: ${name} “Once, and never again.”`), told.join("\n"));
  // What was approved is not said of what was raised since.
  const says = page.getByRole("main").getByText("Discount approval", { exact: true });
  await says.first().waitFor();
  const [item] = (await sarah("GET", `/records/line_item?filter=${encodeURIComponent(`opportunity == "${id}"`)}`)).items;
  await sarah("PATCH", `/records/line_item/${item.id}`, { discount: "40" });
  await page.getByRole("button", { name: "Ask for the discount" }).waitFor();
  await page.getByRole("article").first().getByText("40.00 %").first().waitFor();
  await page.waitForFunction(() => ![...document.querySelectorAll("[data-name='discount_approval']")].length);
  await done(page);
});

test("it is passed on, rejected on a phone in Chinese, and what was asked is taken back", async () => {
  const name = `Passed on ${Date.now()}`;
  const { id, sarah } = await deal(name);
  await ask(sarah, id);
  const marco = await visit(browser, server, "marco@example.com", undefined, `/o/opportunity/${id}`);
  await pending(marco).getByRole("button", { name: "Pass on" }).click();
  // Neither who asks nor who was asked is offered; and nothing is passed on before that is confirmed.
  const instead = marco.getByRole("textbox", { name: "Who decides instead?" });
  for (const name of ["Sarah", "Marco"]) {
    await instead.fill(name);
    await marco.getByText("Nothing found").waitFor();
  }
  await instead.fill("Diana");
  await marco.getByRole("option", { name: "Diana Ross" }).click();
  await picture(marco, "passing-on");
  assert.deepEqual(await became(id), ["pending"]);
  await pending(marco).getByRole("button", { name: "Pass on to Diana Ross" }).click();
  await pending(marco).getByText("in the place of Marco Bianchi").waitFor();
  assert.equal(await pending(marco).getByRole("button", { name: "Approve" }).count(), 0, "who passed it on can't answer");
  await done(marco);

  const diana = await server.as("diana@example.com");
  await diana("PATCH", "/me", { language: "zh" });
  const page = await visit(browser, server, "diana@example.com", phone, `/o/opportunity/${id}`);
  await pending(page, "审批").getByText("折扣 30").waitFor(); // as Marco was asked in English
  await pending(page, "审批").getByRole("button", { name: "驳回" }).tap();
  await pending(page, "审批").getByText("已驳回").first().waitFor();
  await diana("PATCH", "/me", { language: "en" });
  await done(page);
  const until = Date.now() + 10_000;
  while ((await sarah("GET", `/records/opportunity/${id}`)).discount_approval !== "rejected") {
    assert.ok(Date.now() < until, "it is not rejected");
    await new Promise((wait) => setTimeout(wait, 50));
  }

  await ask(sarah, id);
  const own = await visit(browser, server, "sarah@example.com", undefined, `/o/opportunity/${id}`);
  await pending(own).getByRole("button", { name: "Take back" }).click();
  await own.getByText("2 earlier approvals").waitFor();
  assert.deepEqual((await (await server.as("marco@example.com"))("GET", "/me/approvals")).items.filter((one) => one.record === id), []);
  await done(own);
});

test("what waits for a decision stands first on the home page, and is decided there, one at a time", async () => {
  const stamp = Date.now();
  const [below, above] = [await asked(`Below ${stamp}`), await asked(`Above ${stamp}`)];
  const page = await visit(browser, server, "marco@example.com", phone);
  const waits = page.getByRole("region", { name: "Waiting for my decision" });
  const of = ({ name }) => waits.getByRole("listitem").filter({ has: page.getByRole("link", { name }) });
  await of(above).getByRole("textbox", { name: "Comment (optional)" }).fill("Fine with me.");
  const place = await of(above).getByRole("button", { name: "Approve" }).boundingBox();
  const [x, y] = [place.x + place.width / 2, place.y + place.height / 2];
  const before = await of(below).boundingBox();
  await page.touchscreen.tap(x, y);
  await of(above).getByText("Approved", { exact: true }).first().waitFor();
  await page.touchscreen.tap(x, y);
  assert.deepEqual(await of(below).boundingBox(), before, "what is below slides up");
  assert.equal(await of(above).getByRole("button", { name: "Approve" }).count(), 0);
  assert.deepEqual(await became(below.id), ["pending"]);
  await page.reload();
  await of(below).waitFor();
  assert.equal(await of(above).count(), 0, "what is decided is there until the person comes back");
  await done(page);
  // Who has nothing to decide is shown nothing of it.
  const other = await visit(browser, server, "sarah@example.com");
  await other.getByRole("region", { name: "My pipeline", exact: true }).waitFor();
  assert.equal(await other.getByRole("region", { name: "Waiting for my decision" }).count(), 0);
  await done(other);
});

test("a lead is converted, with what is filled in", async () => {
  const sarah = await server.as("sarah@example.com");
  const stamp = Date.now();
  const { id } = await sarah("POST", "/records/lead", { name: "Grace Hopper", company: `Compilers ${stamp}`, email: `grace${stamp}@example.com` });
  const page = await visit(browser, server, "sarah@example.com", undefined, `/o/lead/${id}`);
  await page.getByRole("button", { name: "Convert", exact: true }).click();
  const panel = page.getByRole("dialog", { name: "Convert" });
  assert.equal(await panel.getByRole("textbox", { name: "Opportunity" }).inputValue(), `Compilers ${stamp}`, "it begins with the company");
  await panel.getByText("What it is called. Without a name none is made.").waitFor();
  await panel.getByRole("textbox", { name: "Amount" }).fill("1,250.50");
  // What was filled in stays where the server is not reached, and where the page is loaded anew.
  await page.route("**/workflows/convert_lead", (route) => route.abort(), { times: 1 });
  await panel.getByRole("button", { name: "Convert" }).click();
  await page.getByText("The server can't be reached at the moment.").first().waitFor();
  assert.equal(await panel.getByRole("textbox", { name: "Amount" }).inputValue(), "1,250.50");
  page.complaints = page.complaints.filter((text) => !/ERR_FAILED/.test(text));
  await page.reload();
  assert.equal(await panel.getByRole("textbox", { name: "Amount" }).inputValue(), "1,250.50");
  await panel.getByRole("button", { name: "Convert" }).click();
  await panel.waitFor({ state: "detached" });
  await page.getByText("“Convert” is done.").waitFor();
  const lead = await sarah("GET", `/records/lead/${id}`);
  const deal = await sarah("GET", `/records/opportunity/${lead.converted_opportunity}`);
  assert.deepEqual([lead.status, deal.name, Number(deal.amount)], ["converted", `Compilers ${stamp}`, 1250.5]);
  await page.getByRole("link", { name: "Grace Hopper" }).first().waitFor(); // the contact that it became
  assert.equal(new URL(page.url()).searchParams.has("run"), false);
  await done(page);

  // What is missing is told at its place, and nothing is done; on a phone, in Chinese.
  const admin = await server.as("admin@example.com");
  await admin("POST", "/metadata/apply", {
    documents: [{
      kind: "workflow", name: "give_reason", label: { en: "Give a reason", zh: "说明原因" }, object: "account", trigger: { type: "manual", inputs: {
        why: { type: "long_text", label: { en: "Why", zh: "原因" }, required: true }, who: { type: "user", label: { en: "Who", zh: "谁" } } } },
      start: "a", steps: { a: { type: "set", values: { description: "input.why", owner: "input.who ?? owner" } } },
    }],
  });
  const wang = await server.as("wangfang@example.com");
  const account = await wang("POST", "/records/account", { name: `客户 ${stamp}` });
  const small = await visit(browser, server, "wangfang@example.com", phone, `/o/account/${account.id}?run=give_reason`);
  const asks = small.getByRole("dialog", { name: "说明原因" });
  await asks.getByRole("button", { name: "说明原因" }).tap();
  await asks.getByText("必须填写。").waitFor();
  await asks.getByRole("textbox", { name: "原因" }).fill("因为");
  await asks.getByRole("button", { name: "说明原因" }).tap();
  await asks.waitFor({ state: "detached" });
  assert.equal((await wang("GET", `/records/account/${account.id}`)).description, "因为");
  small.complaints = small.complaints.filter((text) => !/422/.test(text)); // what was refused
  await admin("POST", "/metadata/apply", { delete: [{ kind: "workflow", name: "give_reason" }] });
  await done(small);
});

test("one press is one run, however fast somebody clicks and whatever becomes of the answer", async () => {
  const [sarah, admin] = [await server.as("sarah@example.com"), await server.as("admin@example.com")];
  await admin("POST", "/metadata/apply", {
    documents: [{
      kind: "workflow", name: "count", label: { en: "Count", zh: "计数" }, object: "account", trigger: { type: "manual" }, start: "a",
      steps: { a: { type: "set", values: { description: "(description ?? '') + 'x'" } } },
    }],
  });
  const { id } = await sarah("POST", "/records/account", { name: `Counted ${Date.now()}` });
  const counted = async () => (await sarah("GET", `/records/account/${id}`)).description;
  const page = await visit(browser, server, "sarah@example.com", undefined, `/o/account/${id}`);
  const button = page.getByRole("main").getByRole("button", { name: "Count", exact: true });
  const said = page.getByRole("status").getByText("“Count” is done.");
  const free = () => button.and(page.locator("[aria-busy=false]")).waitFor(); // the page shows what became of it
  await button.dblclick();
  await said.waitFor();
  await page.getByRole("button", { name: "Close" }).first().click();
  await said.waitFor({ state: "detached" });
  await free();
  assert.equal(await counted(), "x", "a double click is one");
  // Keys press while it is under way.
  const held = [];
  await page.route("**/workflows/count", async (route) => {
    held.push(route.request().headers()["idempotency-key"]);
    await new Promise((later) => setTimeout(later, 200));
    await route.continue();
  });
  await button.focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Enter");
  await said.waitFor();
  assert.equal(held.length, 1, "it is pressed while it is under way");
  await page.unroute("**/workflows/count");
  await free();
  assert.equal(await counted(), "xx");
  // The server takes it, and the answer is lost: pressing again is the same press.
  await page.route("**/workflows/count", async (route) => {
    await route.fetch();
    await route.abort();
  }, { times: 1 });
  await button.click();
  await page.getByRole("alert").getByText("The server can't be reached").waitFor();
  await free();
  await button.click();
  await page.getByRole("status").getByText("“Count” is done.").nth(1).waitFor();
  assert.equal(await counted(), "xxx", "it is taken twice");
  page.complaints = page.complaints.filter((text) => !/ERR_FAILED/.test(text));
  await admin("POST", "/metadata/apply", { delete: [{ kind: "workflow", name: "count" }] });
  await done(page);
});

test("a session that has ended leads to the login and back, with what was written", async () => {
  const name = `Interrupted ${Date.now()}`;
  const { id } = await asked(name);
  const path = `/o/opportunity/${id}`;
  const page = await visit(browser, server, "marco@example.com", undefined, path);
  const comment = pending(page).getByRole("textbox", { name: "Comment (optional)" });
  await comment.fill("Only this once.");
  await page.context().clearCookies();
  await pending(page).getByRole("button", { name: "Approve" }).click();
  await page.getByText("Your session has ended.").waitFor();
  await picture(page, "session-ended");
  assert.equal(await page.getByText(name).count(), 0, "the page is to be seen without a session");
  await page.keyboard.press("y"); // is written, and decides nothing
  assert.equal(await page.getByRole("textbox", { name: "E-mail" }).inputValue(), "marco@example.com");
  await page.getByLabel("Password").first().fill(password);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name }).waitFor();
  assert.equal(new URL(page.url()).pathname, path);
  assert.equal(await comment.inputValue(), "Only this once.");
  assert.equal(await page.getByRole("alert").filter({ hasText: /\S/ }).count(), 0, "what failed is told once more");
  assert.deepEqual(await became(id), ["pending"]);
  await pending(page).getByRole("button", { name: "Approve" }).click();
  await pending(page).getByText("“Only this once.”").or(pending(page).getByText("Only this once.")).first().waitFor();
  await done(page);

  // Another one who logs in there begins anew.
  const other = await visit(browser, server, "marco@example.com", undefined, "/inbox");
  await other.getByRole("heading", { name: "Inbox" }).waitFor();
  await other.context().clearCookies();
  await other.evaluate(() => document.querySelector("a[href='/']")?.click()); // unless it is found out by then
  await other.getByText("Your session has ended.").waitFor();
  await other.getByRole("textbox", { name: "E-mail" }).fill("sarah@example.com");
  await other.getByLabel("Password").first().fill(password);
  await other.keyboard.press("Enter");
  await other.getByRole("button", { name: /Sarah Chen/ }).first().waitFor();
  await done(other);
});

test("what failed is told on its page, and a comment that is too long is not cut", async () => {
  const { id } = await asked(`Too long ${Date.now()}`);
  const page = await visit(browser, server, "marco@example.com", undefined, `/o/opportunity/${id}`, /401|422/);
  const long = "Too long. ".repeat(201);
  const comment = pending(page).getByRole("textbox", { name: "Comment (optional)" });
  await comment.fill(long);
  assert.equal(await comment.inputValue(), long);
  await pending(page).getByText("2,010 of at most 2,000 characters").waitFor();
  await pending(page).getByRole("button", { name: "Reject" }).click();
  const failed = page.getByRole("alert").getByText("A comment has at most 2000 characters.");
  await failed.waitFor();
  await picture(page, "too-long");
  assert.deepEqual(await became(id), ["pending"]);
  await page.getByRole("navigation", { name: "Menu" }).getByRole("link", { name: "Accounts" }).first().click();
  await page.getByRole("heading", { level: 1 }).filter({ hasText: /./ }).first().waitFor();
  await failed.waitFor({ state: "detached" });
  await done(page);
});
