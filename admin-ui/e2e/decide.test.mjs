// What somebody is asked who follows a link in their mail: they decide once, without having logged in.
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
    { kind: "mailbox", name: "desk", label: "Desk", address: "desk@example.com", send: "smtp" },
    {
      kind: "workflow", name: "check", label: { en: "Check the customer", zh: "审核客户" }, object: "account", trigger: { type: "manual" }, start: "ask",
      steps: { ask: { type: "approval", among: "email == 'marco@example.com'", text: "'Is ' + name + ' a customer that we want?'", mail: { mailbox: "desk" }, approved: "yes" }, yes: { type: "set", values: { website: "steps.ask.comment" } } },
    },
  ],
});

/** An account about which Marco is asked, and the link that he was sent. */
async function asked(name) {
  const sarah = await server.as("sarah@example.com");
  const { id } = await sarah("POST", "/records/account", { name });
  await sarah("POST", `/records/account/${id}/workflows/check`);
  const message = await mail.next();
  const [link] = /https:\/\/crm\.example\.com\/decide#\S+/.exec(message) ?? [];
  assert.ok(link, `there is no link in ${message}`);
  return { sarah, id, link: link.replace("https://crm.example.com", server.base) };
}

async function open(link, look = desktop) {
  const page = await blank(browser, look);
  await page.goto(link);
  return page;
}

test("it is decided by a link, once, and to open it decides nothing", async () => {
  const { sarah, id, link } = await asked("Linked Ltd");
  const page = await open(link);
  await page.getByRole("heading", { level: 1, name: "Check the customer" }).waitFor();
  await page.getByText("Is Linked Ltd a customer that we want?").waitFor();
  await page.getByText(/^Account: Linked Ltd/).waitFor();

  assert.deepEqual(await axe(page), []);
  await page.reload();
  await page.getByRole("textbox", { name: "Comment (optional)" }).fill("https://linked.example.com");
  assert.equal((await sarah("GET", `/records/account/${id}`)).website, null, "nothing is decided yet");
  await page.getByRole("button", { name: "Approve" }).click();
  await page.getByRole("status").waitFor();
  assert.equal(await page.getByRole("button").count(), 0);
  const until = Date.now() + 10_000;
  while ((await sarah("GET", `/records/account/${id}`)).website !== "https://linked.example.com") {
    assert.ok(Date.now() < until, "it is not approved");
    await new Promise((wait) => setTimeout(wait, 50));
  }
  await page.reload();
  await page.getByRole("alert").waitFor();
  assert.equal(await page.getByText("Linked Ltd").count(), 0, "nothing is told any more");
  const stranger = await open(link.replace(/.{4}$/, "AAAA"));
  await stranger.getByRole("alert").waitFor();
  assert.equal(await stranger.getByRole("alert").textContent(), await page.getByRole("alert").textContent(), "who can't prove it learns nothing");
  await done(stranger);
  await done(page);
});

test("on a phone, in the dark, in the language of who is asked", async () => {
  const marco = await server.as("marco@example.com");
  await marco("PATCH", "/me", { language: "zh" });
  const { link } = await asked("链接公司");
  const page = await open(link, { ...phone, colorScheme: "dark", locale: "en" });
  await page.getByRole("heading", { level: 1, name: "审核客户" }).waitFor();
  assert.deepEqual([await axe(page), await sideways(page)], [[], []]);

  await page.getByRole("button", { name: "驳回" }).tap();
  await page.getByRole("status").waitFor();
  assert.match(await page.getByRole("status").textContent(), /驳回/);
  await done(page);
});
