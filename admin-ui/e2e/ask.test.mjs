// What somebody outside is asked who follows a link in their mail: they answer once, and have no account.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axe, begin, blank, desktop, done, phone, picture, sideways } from "./browser.mjs";
import { post } from "../../test/post.mjs";
import { start } from "./server.mjs";

const { server, browser } = await begin(
  start({ own: true, size: 60, more: ["--reach", "127.0.0.1", "--public-url", "https://crm.example.com"] }),
);
const mail = await post();
const admin = await server.as("admin@example.com");
const options = {
  poor: { label: { en: "1 – Poor", zh: "1 – 很差" }, order: 1 },
  fair: { label: { en: "2 – Fair", zh: "2 – 较差" }, order: 2 },
  good: { label: { en: "3 – Good", zh: "3 – 一般" }, order: 3 },
  better: { label: { en: "4 – Very good", zh: "4 – 满意" }, order: 4 },
  best: { label: { en: "5 – Excellent", zh: "5 – 很满意" }, order: 5 },
};
await admin("POST", "/metadata/apply", {
  documents: [
    { kind: "connection", name: "smtp", label: "SMTP", url: mail.address },
    { kind: "mailbox", name: "desk", label: "Desk", address: "desk@example.com", send: "smtp" },
    {
      kind: "workflow", name: "survey", label: "Survey", object: "account", trigger: { type: "manual", inputs: { language: { type: "text", label: "Language" } } }, start: "ask",
      steps: {
        ask: {
          type: "ask", mailbox: "desk", to: "'pat@example.org'", subject: "'How did we do?'", text: "'Tell us.'", language: "input.language",
          page: { title: { en: "How did we do?", zh: "您对我们的服务满意吗？" }, text: { en: "About {{ name }}", zh: "关于{{ name }}" }, thanks: { en: "Thank you very much.", zh: "非常感谢。" } },
          inputs: {
            rating: { type: "picklist", label: { en: "How satisfied are you?", zh: "您是否满意？" }, required: true, options, order: 1 },
            comment: { type: "long_text", label: { en: "What should we know?", zh: "您还想告诉我们什么？" }, order: 2 },
            call: { type: "checkbox", label: { en: "Please call me", zh: "请给我打电话" }, order: 3 },
            on: { type: "date", label: { en: "On which day?", zh: "哪一天？" }, order: 4 },
          },
          next: "keep",
        },
        keep: { type: "set", values: { website: "concat('https://example.com/', text(steps.ask.rating), '/', text(steps.ask.call ?? false))" } },
      },
    },
  ],
});

/** An account about which somebody outside is asked, and the link that they were sent. */
async function asked(name, language) {
  const sarah = await server.as("sarah@example.com");
  const { id } = await sarah("POST", "/records/account", { name });
  await sarah("POST", `/records/account/${id}/workflows/survey`, { inputs: { language } });
  const message = await mail.next();
  const [link] = /https:\/\/crm\.example\.com\/ask#\S+/.exec(message) ?? [];
  assert.ok(link, `there is no link in ${message}`);
  return { sarah, id, link: link.replace("https://crm.example.com", server.base) };
}

async function open(link, look = desktop) {
  const page = await blank(browser, look, /\b(401|422)\b/); // what is missing is told by the server
  await page.goto(link);
  return page;
}

async function kept(sarah, id, website) {
  const until = Date.now() + 10_000;
  while ((await sarah("GET", `/records/account/${id}`)).website !== website) {
    assert.ok(Date.now() < until, "the answer is not kept");
    await new Promise((wait) => setTimeout(wait, 50));
  }
}

test("it is answered by a link, once, and to open it answers nothing", async () => {
  const { sarah, id, link } = await asked("Surveyed Ltd", "en");
  const page = await open(link);
  await page.getByRole("heading", { level: 1, name: "How did we do?" }).waitFor();
  await page.getByText("About Surveyed Ltd").waitFor();
  assert.deepEqual(await axe(page), []);
  await page.reload();
  await page.getByRole("textbox", { name: "What should we know?" }).fill("<b>All fine</b>");
  await page.getByRole("button", { name: "Send the answer" }).click();
  await page.getByRole("group", { name: "How satisfied are you?" }).getByText("A value is required.").waitFor();
  assert.deepEqual(await axe(page), []);
  await picture(page, "ask-missing");
  assert.equal((await sarah("GET", `/records/account/${id}`)).website, null, "nothing is answered yet");
  await page.getByRole("radio", { name: "4" }).focus();
  await page.keyboard.press("Space");
  await page.keyboard.press("ArrowRight");
  assert.ok(await page.getByRole("radio", { name: "5" }).isChecked());
  await page.getByRole("checkbox", { name: "Please call me" }).check();
  await picture(page, "ask-desktop");
  await page.getByRole("button", { name: "Send the answer" }).click();
  await page.getByRole("status").waitFor();
  assert.equal(await page.getByRole("status").textContent(), "Thank you very much.");
  assert.equal(await page.getByRole("button").count(), 0);
  await kept(sarah, id, "https://example.com/best/true");
  await page.reload();
  await page.getByRole("alert").waitFor();
  assert.equal(await page.getByText("Surveyed Ltd").count(), 0, "nothing is told any more");
  const stranger = await open(link.replace(/.{4}$/, "AAAA"));
  await stranger.getByRole("alert").waitFor();
  assert.equal(await stranger.getByRole("alert").textContent(), await page.getByRole("alert").textContent(), "who can't prove it learns nothing");
  await done(stranger);
  await done(page);
});

test("on a phone, in the dark, in the language in which they are asked", async () => {
  const { sarah, id, link } = await asked("调查公司", "zh");
  const page = await open(link, { ...phone, colorScheme: "dark", locale: "en" });
  await page.getByRole("heading", { level: 1, name: "您对我们的服务满意吗？" }).waitFor();
  await page.getByRole("button", { name: "提交回答" }).tap();
  await page.getByText("必须填写。").waitFor();
  await page.getByRole("radio", { name: "2" }).tap();
  assert.deepEqual([await axe(page), await sideways(page)], [[], []]);
  for (const one of await page.getByRole("radio").all()) {
    const { width, height } = await one.boundingBox();
    assert.ok(width >= 44 && height >= 44, `a thumb misses ${width} × ${height}`);
  }
  await picture(page, "ask-phone");
  await page.getByRole("button", { name: "提交回答" }).tap();
  await page.getByRole("status").waitFor();
  assert.equal(await page.getByRole("status").textContent(), "非常感谢。");
  await kept(sarah, id, "https://example.com/fair/false");
  await done(page);
});
