// Workflows that people set off, with what they fill in, and what others are asked to decide.
import assert from "node:assert/strict";
import { test } from "node:test";
import { begin, done, phone, visit } from "./browser.mjs";

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
const pending = (page, name = "Approval") => page.getByRole("region", { name });

test("a discount is asked for on the page of the deal, and approved by a key in the inbox", async () => {
  const name = `Discounted ${Date.now()}`;
  const { id, sarah } = await deal(name);
  const page = await visit(browser, server, "sarah@example.com", undefined, `/o/opportunity/${id}`);
  await page.getByRole("heading", { level: 1, name }).waitFor();
  await page.getByRole("button", { name: "Ask for the discount" }).click();
  await pending(page).getByText("Marco Bianchi").waitFor();
  assert.equal(await pending(page).getByRole("button", { name: "Approve" }).count(), 0, "who asked can't answer");
  await pending(page).getByText("The record can't be changed until this is decided.").waitFor();

  const marco = await visit(browser, server, "marco@example.com", undefined, "/inbox");
  const line = marco.getByRole("main").getByRole("listitem").filter({ hasText: name }).first();
  await line.getByText("Sarah Chen asks for your approval").waitFor();
  const beside = marco.getByRole("complementary", { name: "The record" });
  await beside.getByRole("heading", { level: 1, name }).waitFor();
  await pending(beside).getByRole("textbox", { name: "Comment (optional)" }).fill("Once, and never again.");
  await pending(beside).getByText("A discount of").click();
  await marco.keyboard.press("y");
  await line.waitFor({ state: "detached" });
  await done(marco);

  // The page of who asked tells it by itself.
  await pending(page).waitFor({ state: "detached" });
  await page.getByText("1 earlier approval").click();
  await page.getByText("Once, and never again.").waitFor();
  assert.equal((await sarah("GET", `/records/opportunity/${id}`)).discount_approval, "approved");
  await done(page);
});

test("it is passed on, rejected on a phone in Chinese, and what was asked is taken back", async () => {
  const name = `Passed on ${Date.now()}`;
  const { id, sarah } = await deal(name);
  await ask(sarah, id);
  const marco = await visit(browser, server, "marco@example.com", undefined, `/o/opportunity/${id}`);
  await pending(marco).getByRole("button", { name: "Pass on" }).click();
  await marco.getByRole("textbox", { name: "Who decides instead?" }).fill("Diana");
  await marco.getByRole("option", { name: "Diana Ross" }).click();
  await pending(marco).getByText("in the place of Marco Bianchi").waitFor();
  assert.equal(await pending(marco).getByRole("button", { name: "Approve" }).count(), 0, "who passed it on can't answer");
  await done(marco);

  const diana = await server.as("diana@example.com");
  await diana("PATCH", "/me", { language: "zh" });
  const page = await visit(browser, server, "diana@example.com", phone, `/o/opportunity/${id}`);
  await pending(page, "审批").getByText("折扣 30").waitFor(); // as Marco was asked in English
  await pending(page, "审批").getByRole("button", { name: "驳回" }).tap();
  await page.getByText("1 条审批记录").waitFor();
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

test("what waits for a decision stands first on the home page, and is decided there", async () => {
  const name = `From home ${Date.now()}`;
  const { id, sarah } = await deal(name);
  await ask(sarah, id);
  const page = await visit(browser, server, "marco@example.com");
  const waits = page.getByRole("region", { name: "Waiting for my decision" });
  const one = waits.getByRole("listitem").filter({ has: page.getByRole("link", { name }) });
  await one.getByRole("textbox", { name: "Comment (optional)" }).fill("Fine with me.");
  await one.getByRole("button", { name: "Approve" }).focus();
  await page.keyboard.press("Enter");
  await one.waitFor({ state: "detached" });
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
  // What was filled in stays where the server is not reached.
  await page.route("**/workflows/convert_lead", (route) => route.abort(), { times: 1 });
  await panel.getByRole("button", { name: "Convert" }).click();
  await page.getByText("The server can't be reached at the moment.").first().waitFor();
  assert.equal(await panel.getByRole("textbox", { name: "Amount" }).inputValue(), "1,250.50");
  page.complaints = page.complaints.filter((text) => !/ERR_FAILED/.test(text));
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
