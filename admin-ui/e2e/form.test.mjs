// A form that people without an account fill in: from nothing but its address, once, while robots make nothing.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, test } from "node:test";
import { axe, begin, blank, desktop, done, phone, picture, sideways } from "./browser.mjs";
import { start } from "./server.mjs";

const { server, browser } = await begin(start({ own: true, size: 60 }));

/** A site of somebody else, whose page shows a form within it and has its height as its title. */
async function site() {
  const pages = createServer((_, answer) => {
    answer.setHeader("Content-Type", "text/html");
    answer.end(`<!doctype html><script>addEventListener("message", (e) => { if (e.data.formwork) document.title = e.data.formwork.height })</script>
      <iframe src="${server.base}/f/main/stepwise" style="width:100%;height:600px;border:0"></iframe>`);
  });
  await new Promise((listening) => pages.listen(0, "127.0.0.1", listening));
  after(() => pages.close());
  return `http://127.0.0.1:${pages.address().port}`;
}

/** A form with a field that is called as a member of addresses is, whose consent is kept as it was read. */
const spoken = (text) => ({
  kind: "form", name: "spoken", label: { en: "Join us", zh: "加入我们" }, object: "lead",
  fields: [{ field: "name" }, { field: "company" }, { field: "language" }],
  consent: { text, field: "agreed", wording: "agreed_to" },
});
const [friend, stranger] = [await site(), await site()];
const admin = await server.as("admin@example.com");
await admin("POST", "/metadata/apply", {
  documents: [
    { kind: "object", name: "lead", fields: {
      agreed: { type: "datetime", label: { en: "Agreed at", zh: "同意时间" } },
      agreed_to: { type: "long_text", label: { en: "Agreed to", zh: "同意内容" } },
      language: { type: "text", label: { en: "Language", zh: "语言" } },
    } },
    spoken("You may write to me."),
    {
      kind: "form", name: "contact", label: { en: "Talk to us", zh: "联系我们" }, object: "lead",
      text: { en: "We call you back within a day.", zh: "我们将在一天内与您联系。" },
      fields: [
        { field: "name", label: { en: "Your name", zh: "姓名" } },
        { field: "company", label: { en: "Company", zh: "公司" }, required: true },
        { field: "email", help: { en: "We write to nobody else.", zh: "我们不会透露给他人。" } },
        { field: "employees" },
        { field: "industry" },
        { field: "description", label: { en: "What is it about?", zh: "您想咨询什么？" } },
      ],
      values: { source: "website" },
      consent: { text: { en: "You may keep this to answer me.", zh: "我同意保存以上信息以便回复。" }, field: "agreed" },
      thanks: { en: "Thank you. We will be in touch.", zh: "谢谢，我们会尽快与您联系。" },
    },
    {
      kind: "form", name: "stepwise", label: { en: "Plan a visit", zh: "预约来访" }, object: "lead", theme: { accent: "#ffd000", scheme: "light" },
      embed: [friend],
      steps: [
        { name: "you", label: { en: "About you", zh: "关于您" } },
        { name: "firm", label: { en: "Your company", zh: "贵公司" }, visible_when: "rating == 'hot'" },
        { name: "what", label: { en: "What it is about", zh: "来访目的" } },
      ],
      fields: [
        { field: "name", step: "you", label: { en: "Your name", zh: "姓名" } },
        { field: "rating", step: "you", label: { en: "How urgent?", zh: "紧急程度" } },
        { field: "company", step: "you", required: true },
        { field: "employees", step: "firm", required: true },
        { field: "email", step: "firm", visible_when: "employees > 100" },
        { field: "description", step: "what", label: { en: "What is it about?", zh: "您想咨询什么？" } },
      ],
    },
    {
      kind: "workflow", name: "welcome", object: "lead", trigger: { type: "form", form: "contact" }, start: "set",
      steps: { set: { type: "set", values: { title: "concat('From the form: ', text(company))" } } },
    },
  ],
});

async function open(address, look = desktop) {
  const page = await blank(browser, look, /\b(404|409|422|412)\b/); // what is missing is told by the server
  await page.goto(`${server.base}${address}`);
  return page;
}

/** The leads of a company, once the workflow has run on each. */
async function leads(company, count) {
  for (const until = Date.now() + 10_000; ; ) {
    const { items } = await admin("GET", `/records/lead?filter=${encodeURIComponent(`company == "${company}"`)}`);
    if (items.length === count && items.every((one) => one.title === `From the form: ${company}`)) return items;
    assert.ok(Date.now() < until, `there are ${items.length} leads of ${company}: ${JSON.stringify(items)}`);
    await new Promise((wait) => setTimeout(wait, 50));
  }
}

test("a stranger sends it, filled in by the address in part, and it makes a lead that a workflow goes on with", async () => {
  const page = await open("/f/main/contact?company=Acme%20Ltd&industry=Nowhere&nothing=x");
  await page.getByRole("heading", { level: 1, name: "Talk to us" }).waitFor();
  assert.equal(await page.getByRole("textbox", { name: "Company" }).inputValue(), "Acme Ltd");
  assert.deepEqual(await axe(page), []);
  await picture(page, "form-desktop", { fullPage: true });
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByText("Without your consent this can't be sent.").waitFor();
  await page.getByRole("alert").filter({ hasText: "see above" }).waitFor();
  assert.equal(await page.getByRole("textbox", { name: "Your name" }).getAttribute("aria-invalid"), "true");
  await picture(page, "form-missing", { fullPage: true });
  assert.deepEqual(await axe(page), []);
  await page.getByRole("textbox", { name: "Your name" }).fill("Pat <b>Stranger</b>");
  await page.getByRole("textbox", { name: "E-mail" }).fill("nobody");
  await page.getByRole("textbox", { name: "What is it about?" }).fill("<script>alert(1)</script>");
  await page.getByRole("checkbox", { name: "You may keep this" }).check();
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByRole("alert").filter({ hasText: "see above" }).waitFor();
  assert.equal((await admin("GET", "/records/lead?filter=" + encodeURIComponent('company == "Acme Ltd"'))).items.length, 0);
  await page.getByRole("textbox", { name: "E-mail" }).fill("pat@example.org");
  await page.getByRole("button", { name: "Send" }).dblclick();
  await page.getByRole("status").waitFor();
  assert.equal(await page.getByRole("status").textContent(), "Thank you. We will be in touch.");
  assert.equal(await page.getByRole("button").count(), 0);
  const [lead] = await leads("Acme Ltd", 1);
  assert.deepEqual([lead.name, lead.email, lead.source, lead.industry, lead.description], ["Pat <b>Stranger</b>", "pat@example.org", "website", null, "<script>alert(1)</script>"]);
  assert.ok(lead.agreed);
  await done(page);
});

test("on a phone, in the dark, in Chinese", async () => {
  const page = await open("/f/main/contact", { ...phone, colorScheme: "dark", locale: "zh-CN" });
  await page.getByRole("heading", { level: 1, name: "联系我们" }).waitFor();
  await page.getByRole("textbox", { name: "姓名" }).fill("王小明");
  await page.getByRole("textbox", { name: "公司" }).fill("海风贸易");
  await page.getByText("我同意保存").tap();
  assert.ok(await page.getByRole("checkbox").isChecked());
  assert.deepEqual([await axe(page), await sideways(page)], [[], []]);
  await picture(page, "form-phone", { fullPage: true });
  await page.getByRole("button", { name: "提交" }).tap();
  await page.getByRole("status").waitFor();
  assert.equal(await page.getByRole("status").textContent(), "谢谢，我们会尽快与您联系。");
  await leads("海风贸易", 1);
  await done(page);
});

test("the address says the language, and one that is none says so", async () => {
  const page = await open("/f/main/contact?language=zh");
  await page.getByRole("heading", { level: 1, name: "联系我们" }).waitFor();
  await done(page);
  for (const address of ["/f/main/nothing", "/f/nobody/contact"]) {
    const none = await open(address);
    await none.getByRole("alert").waitFor();
    assert.equal(await none.getByRole("alert").textContent(), "There is no such form, or it is closed.");
    await done(none);
  }
});

test("whoever fills in what nobody sees makes nothing", async () => {
  const page = await open("/f/main/contact");
  await page.getByRole("textbox", { name: "Your name" }).fill("Robot");
  await page.getByRole("textbox", { name: "Company" }).fill("Robots Ltd");
  await page.getByRole("checkbox").check();
  await page.getByText("Website").locator("input").fill("https://example.com", { force: true });
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByRole("alert").waitFor();
  assert.equal((await admin("GET", "/records/lead?filter=" + encodeURIComponent('company == "Robots Ltd"'))).items.length, 0);
  await done(page);
});

test("step by step: what is shown depends on what was filled in, back keeps it, and a sender lands where something is wrong", async () => {
  const page = await open("/f/main/stepwise");
  const next = () => page.getByRole("button", { name: "Next" }).click();
  await page.getByRole("heading", { level: 2, name: "About you" }).waitFor();
  await page.getByText("Step 1 of 2").waitFor();
  await next();
  assert.equal(await page.getByText("This has to be filled in.").count(), 2);
  await page.getByRole("textbox", { name: "Your name" }).fill("Sam Steps");
  await page.getByRole("textbox", { name: "Company" }).fill("Stairs Ltd");
  await page.getByRole("combobox", { name: "How urgent?" }).click();
  await page.getByRole("option", { name: "Hot" }).click();
  await page.getByText("Step 1 of 3").waitFor();
  assert.deepEqual(await axe(page), []);
  await picture(page, "form-step", { fullPage: true });
  await next();
  await page.getByRole("heading", { level: 2, name: "Your company" }).waitFor();
  assert.equal(await page.getByRole("textbox", { name: "E-mail" }).count(), 0);
  await page.getByRole("textbox", { name: "Employees" }).fill("250");
  await page.getByRole("textbox", { name: "E-mail" }).fill("nobody");
  await next();
  await page.getByRole("heading", { level: 2, name: "What it is about" }).waitFor();
  await page.getByRole("textbox", { name: "What is it about?" }).fill("A visit");
  await page.getByRole("button", { name: "Back" }).click();
  assert.equal(await page.getByRole("textbox", { name: "Employees" }).inputValue(), "250");
  await next();
  await page.getByRole("button", { name: "Send" }).click();
  // The address is wrong on a step before, which is opened.
  await page.getByRole("heading", { level: 2, name: "Your company" }).waitFor();
  await page.getByRole("textbox", { name: "E-mail" }).and(page.locator("[aria-invalid=true]")).waitFor();
  await page.getByRole("textbox", { name: "Employees" }).fill("20");
  await page.getByRole("textbox", { name: "E-mail" }).waitFor({ state: "detached" });
  await next();
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByRole("status").waitFor();
  const filter = encodeURIComponent('company == "Stairs Ltd"');
  const [lead] = (await admin("GET", `/records/lead?filter=${filter}`)).items;
  assert.deepEqual([lead.name, lead.rating, lead.employees, lead.email, lead.description], ["Sam Steps", "hot", 20, null, "A visit"]);
  await done(page);
});

test("a site that the form names shows it in its page, as tall as it is; another site does not", async () => {
  for (const site of [friend, stranger]) {
    const page = await blank(browser, { ...phone, locale: "zh-CN" }, /frame|violates|postMessage/i);
    await page.goto(site);
    const frame = page.frameLocator("iframe");
    if (site === friend) {
      await frame.getByRole("heading", { level: 1, name: "预约来访" }).waitFor();
      await page.waitForFunction(() => Number(document.title) > 200);
      await picture(page, "form-embedded");
    } else {
      await page.waitForLoadState("networkidle");
      assert.equal(await frame.getByRole("heading").count(), 0);
      assert.equal(await page.title(), "");
    }
    await page.context().close();
  }
});

test("a field may be called language, and what was agreed to is what was read", async () => {
  const field = (page) => page.getByRole("textbox", { name: /Language|语言/ });
  const chinese = await open("/f/main/spoken?_language=zh&language=fr");
  await chinese.getByRole("heading", { level: 1, name: "加入我们" }).waitFor();
  assert.equal(await field(chinese).inputValue(), "fr");
  await done(chinese);
  const page = await open("/f/main/spoken?language=zh&company=Late%20Ltd");
  await page.getByRole("heading", { level: 1, name: "Join us" }).waitFor();
  assert.equal(await field(page).inputValue(), "zh");
  await page.getByRole("textbox", { name: "Name" }).fill("Lou Late");
  await page.getByRole("checkbox", { name: "You may write to me." }).check();
  await admin("POST", "/metadata/apply", { documents: [spoken("You may write to me and call me.")] });
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByText("What you agree to has changed meanwhile.").waitFor();
  const next = page.getByRole("checkbox", { name: "You may write to me and call me." });
  assert.equal(await next.isChecked(), false);
  await next.check();
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByRole("status").waitFor();
  const [lead] = (await admin("GET", `/records/lead?filter=${encodeURIComponent('company == "Late Ltd"')}`)).items;
  assert.match(lead.agreed_to, /^[0-9a-f]{12}, \d{4}-.*Z\nYou may write to me and call me\.$/);
  assert.equal(lead.language, "zh");
  await done(page);
});
