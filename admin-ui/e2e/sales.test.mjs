// A salesperson's way from somebody who may buy to a deal that is won: by mouse in Chinese, by keys alone in English.
import assert from "node:assert/strict";
import { test } from "node:test";
import { begin, blank, desktop, done } from "./browser.mjs";
import { keys, labelled, mouse, pointers } from "./hands.mjs";
import { password } from "./server.mjs";
import { wordsOf } from "./words.mjs";

const { server, browser } = await begin();

const refused = /status of (401|412|422)/; // the console tells of what is refused on purpose, or merged
const day = (ahead) => new Date(Date.now() + ahead * 86_400_000).toISOString().slice(0, 10);

async function sale({ email, language, locale, by }) {
  const api = await server.as(email);
  const words = await wordsOf(api, language);
  const { t, object, field, option } = words;
  const mark = Date.now().toString(36);
  const firm = `Heron ${mark}`;
  const mail = `ada.${mark}@example.com`;
  await api("POST", "/records/lead", { name: `Known ${mark}`, company: "Elsewhere", email: mail });
  const product = await productOf(api);

  const page = await blank(browser, { ...desktop, locale }, refused);
  const hands = by(page, words);
  const panel = page.getByRole("dialog");
  const beside = page.getByRole("complementary", { name: t("record.side.label") });
  const heading = (name) => page.getByRole("heading", { level: 1, name }).waitFor();
  const save = (of = panel) => hands.submit(of.getByRole("button", { name: t("record.save"), exact: true }));
  const made = async (of, fields) => {
    const form = page.getByRole("dialog", { name: t("record.new", { object: object(of) }) });
    await form.waitFor();
    for (const [name, value] of Object.entries(fields)) await hands.enter(labelled(form, field(of, name)), value);
    return form;
  };
  const stored = async (of, id) => api("GET", `/records/${of}/${id}`);
  const here = () => new URL(page.url()).pathname.split("/").at(-1);

  await page.goto(server.base);
  const touched = await pointers(page);
  await hands.enter(page.getByLabel(t("login.email")), email);
  await hands.enter(page.getByLabel(t("login.password")).first(), password);
  await hands.submit(page.getByRole("button", { name: t("login.go") }));
  await page.getByRole("navigation", { name: t("app.menu") }).waitFor();
  await page.getByRole("main").getByRole("heading", { level: 1 }).waitFor();

  // Somebody new, who is perhaps known already.
  await hands.press(page.getByRole("navigation", { name: t("app.menu") }).getByRole("link", { name: words.item("sales", "leads"), exact: true }), "g 1");
  await page.getByRole("grid").waitFor();
  await hands.press(page.getByRole("main").getByRole("button", { name: t("list.new"), exact: true }), "c");
  const form = await made("lead", { name: `Ada ${mark}` });
  await hands.press(form.getByRole("button", { name: t("record.more") }));
  await hands.enter(labelled(form, field("lead", "email")), mail);
  await form.getByRole("status").getByRole("link", { name: `Known ${mark}` }).waitFor();
  await save(form);
  await heading(`Ada ${mark}`);
  const lead = here();

  // A call that was, and a task to come.
  await hands.press(beside.getByRole("button", { name: object("call") }));
  const call = beside.getByRole("form", { name: t("record.new", { object: object("call") }) });
  await hands.enter(labelled(call, field("call", "subject")), `Talk ${mark}`);
  await hands.choose(labelled(call, field("call", "outcome")), option("call", "outcome", "reached"));
  await hands.enter(labelled(call, field("call", "subject")), `Talked ${mark}`);
  await save(call);
  await beside.getByRole("link", { name: `Talked ${mark}` }).waitFor();
  await hands.press(beside.getByRole("button", { name: object("task") }), "l");
  const task = beside.getByRole("form", { name: t("record.new", { object: object("task") }) });
  await hands.day(labelled(task, field("task", "due")), day(7));
  await hands.enter(labelled(task, field("task", "subject")), `Offer ${mark}`);
  await save(task);
  await beside.getByRole("link", { name: `Offer ${mark}` }).waitFor();
  await beside.getByRole("heading", { name: t("record.activity.ahead") }).waitFor();
  const { items } = await api("GET", `/records/task?filter=${encodeURIComponent(`subject == "Offer ${mark}"`)}`);
  assert.deepEqual([items[0].due, items[0].about], [day(7), { object: "lead", id: lead }]);

  // A stage asks for what it needs where it was entered.
  const stage = (of, name) => page.getByRole("list", { name: t("record.stage") }).getByRole("button", { name: option(of, of === "lead" ? "status" : "stage", name), exact: true });
  const enter = async (of, name, fill) => {
    await hands.near("s");
    await hands.press(stage(of, name));
    await fill?.();
    await panel.waitFor({ state: "detached" });
    await stage(of, name).and(page.locator("[aria-current=step]")).waitFor();
  };
  await enter("lead", "qualified", async () => {
    await hands.enter(labelled(panel, field("lead", "company")), firm);
    await save();
  });

  // What becomes of the lead: an account, a person there, a deal.
  await hands.make("account");
  await made("account", { name: firm });
  await save();
  await heading(firm);
  const account = here();
  const add = (of) => hands.press(page.getByRole("button", { name: t("record.new", { object: object(of) }), exact: true }).and(page.locator("main section button")));
  await add("contact");
  await made("contact", { last_name: `Ada ${mark}` });
  await save();
  const list = (layout, name) => page.getByRole("region", { name: words.related(layout, name) });
  await list("account", "contacts").getByRole("link", { name: `Ada ${mark}` }).waitFor();
  await add("opportunity");
  await made("opportunity", { name: `Deal ${mark}` });
  await save();
  await hands.press(list("account", "opportunities").getByRole("link", { name: `Deal ${mark}` }));
  await heading(`Deal ${mark}`);
  const deal = here();
  assert.deepEqual([(await stored("opportunity", deal)).account, (await stored("opportunity", deal)).stage], [account, "prospecting"]);

  // What is sold, with its total, which the deal adds up.
  await add("line_item");
  const item = await made("line_item", {});
  await hands.choose(labelled(item, field("line_item", "product")), product);
  await hands.enter(labelled(item, field("line_item", "quantity")), "3");
  await hands.enter(labelled(item, field("line_item", "unit_price")), "250");
  await save(item);
  const amount = new Intl.NumberFormat(language, { minimumFractionDigits: 2 }).format(750);
  await list("opportunity", "items").getByRole("cell", { name: amount }).waitFor();
  await page.locator("[data-name=items_total]").getByText(amount).waitFor();

  // Stage by stage.
  await enter("opportunity", "qualification");
  await enter("opportunity", "proposal", async () => {
    await hands.enter(labelled(panel, field("opportunity", "amount")), "750");
    await save();
  });
  await enter("opportunity", "negotiation");
  await enter("opportunity", "won", async () => {
    await hands.day(labelled(panel, field("opportunity", "close_date")), day(0));
    await save();
  });
  const won = await stored("opportunity", deal);
  assert.deepEqual([won.stage, won.amount, won.probability, won.close_date, won.items_total], ["won", 750, 100, day(0), 750]);

  // The lead tells what became of it.
  await hands.open(`Ada ${mark}`);
  await heading(`Ada ${mark}`);
  await enter("lead", "converted");
  const became = page.getByRole("region", { name: words.section("lead", "details", "conversion") });
  await hands.press(became.getByRole("button", { name: field("lead", "converted_account") }));
  const kept = page.waitForResponse((answer) => answer.request().method() === "PATCH" && answer.url().includes(lead) && answer.ok());
  await hands.choose(became.getByRole("textbox", { name: field("lead", "converted_account") }), firm);
  await became.getByRole("link", { name: firm }).waitFor();
  await kept; // it is shown before
  const converted = await stored("lead", lead);
  assert.deepEqual([converted.status, converted.converted_account, converted.company], ["converted", account, firm]);
  if (by === keys) assert.equal(await touched(), 0);
  await done(page);
}

/** The name of a product that no other is named like. */
async function productOf(api) {
  const { items } = await api("GET", "/records/product?limit=1&fields=id,name");
  return items[0].name;
}

test("a lead becomes a deal that is won, by mouse in Chinese", () =>
  sale({ email: "liming@example.com", language: "zh", locale: "zh-CN", by: mouse }));

test("a lead becomes a deal that is won, by keys alone in English", () =>
  sale({ email: "sarah@example.com", language: "en", locale: "en-US", by: keys }));
