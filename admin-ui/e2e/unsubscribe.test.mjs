// What whoever follows the link in an e-mail unsubscribes from: in one click, without having logged in.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axe, begin, blank, desktop, done, phone, sideways } from "./browser.mjs";
import { post } from "../../test/post.mjs";
import { start } from "./server.mjs";

const { server, browser } = await begin(
  start({ own: true, size: 60, more: ["--reach", "127.0.0.1", "--public-url", "https://crm.example.com"] }),
);
const mail = await post();
const admin = await server.as("admin@example.com");
await admin("POST", "/metadata/apply", {
  documents: [
    { kind: "connection", name: "smtp", label: "SMTP", url: mail.address },
    { kind: "mailbox", name: "desk", label: "Desk", sender: "Acme", address: "desk@example.com", send: "smtp" },
    { kind: "template", name: "news", label: "News", object: "account", unsubscribe: true, subject: "News", text: { en: "Dear all", zh: "大家好" } },
    {
      kind: "workflow", name: "tell", label: "Tell", object: "account", trigger: { type: "manual" }, start: "send",
      steps: { send: { type: "email", mailbox: "desk", to: "description", template: "news", language: "website == nil ? 'en' : 'zh'" } },
    },
  ],
});

/** The link in what somebody at an address was sent. */
async function told(address, more = {}) {
  const { id } = await admin("POST", "/records/account", { name: address, description: address, ...more });
  await admin("POST", `/records/account/${id}/workflows/tell`);
  const message = await mail.next();
  const [link] = /https:\/\/crm\.example\.com\/unsubscribe\/[^\s<>]+/.exec(message) ?? [];
  assert.ok(link, `there is no link in ${message}`);
  return link.replace("https://crm.example.com", server.base);
}

const suppressed = async (address) => (await admin("GET", "/records/suppression")).items.filter((one) => one.address === address);

async function open(link, look = desktop) {
  const page = await blank(browser, look);
  await page.goto(link);
  return page;
}

test("it is left in one click, and to open it leaves nothing", async () => {
  const link = await told("ann@example.org");
  const page = await open(link);
  await page.getByRole("heading", { level: 1, name: "Unsubscribe" }).waitFor();
  await page.getByText("No more e-mails like this from Acme to ann@example.org?").waitFor();
  assert.deepEqual(await axe(page), []);
  await page.reload();
  await page.getByRole("button", { name: "Unsubscribe" }).waitFor();
  assert.deepEqual(await suppressed("ann@example.org"), [], "nobody has unsubscribed yet");

  await page.getByRole("button", { name: "Unsubscribe" }).click();
  await page.getByRole("status").waitFor();
  assert.match(await page.getByRole("status").textContent(), /ann@example\.org gets no more .* write to desk@example\.com/);
  assert.equal(await page.getByRole("button").count(), 0);
  assert.deepEqual((await suppressed("ann@example.org")).map((one) => one.reasons), [["unsubscribed"]]);
  assert.deepEqual(await axe(page), []);
  await page.reload();
  await page.getByRole("status").waitFor();

  const stranger = await open(link.replace(/.{4}$/, "AAAA"));
  await stranger.getByRole("alert").waitFor();
  assert.equal(await stranger.getByText("ann@example.org").count(), 0, "who can't prove it learns nothing");
  assert.equal(await stranger.getByRole("button").count(), 0);
  const cut = await open(link.replace(/\?.*/, ""));
  await cut.getByRole("alert").waitFor();
  for (const one of [cut, stranger, page]) await done(one);
});

test("on a phone, in the dark, in the language of the e-mail", async () => {
  const link = await told("wang@example.org", { website: "https://zh.example.com" });
  const page = await open(link, { ...phone, colorScheme: "dark", locale: "en" });
  await page.getByText("不再向 wang@example.org 发送Acme的此类邮件？").waitFor();
  assert.deepEqual([await axe(page), await sideways(page)], [[], []]);

  await page.getByRole("button", { name: "退订" }).tap();
  await page.getByRole("status").waitFor();
  assert.match(await page.getByRole("status").textContent(), /wang@example\.org 将不再收到/);
  assert.deepEqual([await axe(page), await sideways(page)], [[], []]);
  await done(page);
});
