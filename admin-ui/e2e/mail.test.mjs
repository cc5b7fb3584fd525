// E-mails on the page of a record: written from a template or freely, sent, answered, and told of.
import assert from "node:assert/strict";
import { test } from "node:test";
import { post } from "../../test/post.mjs";
import { axe, begin, done, phone, sideways, visit } from "./browser.mjs";
import { start } from "./server.mjs";

const { server, browser } = await begin(start({ own: true, size: 60, more: ["--reach", "127.0.0.1"] }));
const mail = await post();
const admin = await server.as("admin@example.com");
const sarah = await server.as("sarah@example.com");
await admin("POST", "/metadata/apply", {
  documents: [
    { kind: "connection", name: "smtp", label: "SMTP", url: mail.address },
    {
      kind: "template", name: "marked", label: { en: "With markup", zh: "带格式" }, object: "lead",
      subject: { en: "For {{ name }}", zh: "致{{ name }}" }, text: { en: "Dear {{ name }},\nyou are <b>welcome</b>.", zh: "{{ name }}，欢迎" }, html: "<p>{{ name }}</p>",
    },
  ],
});

const beside = (page) => page.getByRole("complementary", { name: "Beside the record" });
const letter = (page) => beside(page).getByRole("form", { name: "Write an e-mail" });

/** Receives a message for the mailbox sales. */
async function receive(raw) {
  const { token } = await (
    await fetch(`${server.base}/api/v1/auth/login`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ email: "admin@example.com", password: "correct horse battery" }),
    })
  ).json();
  const answer = await fetch(`${server.base}/api/v1/mailboxes/sales/messages`, {
    method: "POST",
    headers: { "Content-Type": "message/rfc822", Authorization: `Bearer ${token}` },
    body: raw.join("\r\n"),
  });
  assert.equal(answer.status, 201, await answer.text());
}

test("an e-mail is written from a template, and nothing goes out where the mailbox has no server", async () => {
  const { id } = await sarah("POST", "/records/lead", { name: "Ada Lovelace", email: "ada@engines.example" });
  const page = await visit(browser, server, "sarah@example.com", undefined, `/o/lead/${id}`, /401|422/);
  await beside(page).getByRole("button", { name: "Write an e-mail" }).waitFor();
  assert.equal(await page.getByRole("button", { name: "Write an e-mail" }).count(), 1);
  await beside(page).getByRole("button", { name: "Write an e-mail" }).click();
  const form = letter(page);
  await form.getByText("sales@example.com").waitFor();
  await form.getByText("ada@engines.example").waitFor();
  await form.getByText("This mailbox has no mail server: the e-mail is kept here, and not sent.").waitFor();
  await form.getByRole("button", { name: "Send" }).click();
  await form.getByText("A value is required.").nth(1).waitFor(); // of the subject and of the text
  assert.equal(await form.getByText("A value is required.").count(), 2, "the subject and the text are wanted");
  await form.getByRole("combobox", { name: "Template" }).click();
  await page.getByRole("option", { name: "Answer to a request" }).click();
  await form.getByRole("textbox", { name: "Subject" }).and(page.locator("[value='Your request']")).waitFor();
  await form.getByRole("combobox", { name: "Language" }).click();
  await page.getByRole("option", { name: "Chinese" }).click();
  await form.getByRole("textbox", { name: "Subject" }).and(page.locator("[value='关于您的咨询']")).waitFor();
  assert.equal((await sarah("GET", "/records/email")).items.length, 0, "drafts are not kept there");

  // It is still there after another side was looked at, and after a reload.
  await form.getByRole("textbox", { name: "Subject" }).fill("Mine");
  await beside(page).getByRole("tab", { name: "Files" }).click();
  await beside(page).getByRole("tab", { name: "Activity" }).click();
  assert.equal(await letter(page).getByRole("textbox", { name: "Subject" }).inputValue(), "Mine");
  await page.reload();
  assert.equal(await letter(page).getByRole("textbox", { name: "Subject" }).inputValue(), "Mine");
  assert.deepEqual(await axe(page), []);
  await letter(page).getByRole("textbox", { name: "Text" }).press("Control+Enter");
  const told = beside(page).getByRole("listitem").filter({ hasText: "Mine" });
  await told.getByText("Not sent: no mail server").waitFor();
  await told.getByText("To ada@engines.example").waitFor();
  await letter(page).waitFor({ state: "detached" }); // it may be told of before the answer is here
  await beside(page).getByRole("button", { name: "Write an e-mail" }).click();
  assert.equal(await letter(page).getByRole("textbox", { name: "Subject" }).inputValue(), "", "what was sent is no draft any more");
  await done(page);
});

test("what is sent is what is shown; a message that came in is read safely and answered in its thread", async () => {
  await admin("POST", "/metadata/apply", { documents: [{ kind: "mailbox", name: "sales", send: "smtp" }], merge: true });
  const { id } = await sarah("POST", "/records/lead", { name: "Grace <Hopper>", email: "grace@example.org" });
  const page = await visit(browser, server, "sarah@example.com", undefined, `/o/lead/${id}?write=write_to_lead`);
  const choose = async () => {
    await letter(page).getByRole("combobox", { name: "Template" }).click();
    await page.getByRole("option", { name: "With markup" }).click();
    await letter(page).getByText("The formatting of the template is sent along").waitFor();
  };
  await letter(page).getByRole("textbox", { name: "Text" }).fill("My own words");
  await choose();
  await letter(page).getByRole("button", { name: "Back to what I wrote" }).click();
  assert.equal(await letter(page).getByRole("textbox", { name: "Text" }).inputValue(), "My own words");
  await choose();
  await letter(page).getByRole("button", { name: "Send" }).click();
  const first = await mail.next();
  assert.match(first, /<p>Grace &lt;Hopper&gt;<\/p>/);
  await letter(page).waitFor({ state: "detached" });
  await beside(page).getByRole("button", { name: "Write an e-mail" }).click();
  await choose();
  await letter(page).getByRole("textbox", { name: "Text" }).press("End");
  await page.keyboard.type("!");
  await letter(page).getByText("it is sent as plain text").waitFor();
  await letter(page).getByRole("button", { name: "Send" }).click();
  assert.doesNotMatch(await mail.next(), /text\/html/);

  await receive([
    "From: Grace <grace@example.org>", "To: sales@example.com", "Subject: A question", "Message-ID: <q1@example.org>", "MIME-Version: 1.0",
    "Content-Type: multipart/mixed; boundary=b", "", "--b", "Content-Type: text/html", "",
    "<p>Hello <img src=x onerror=ran()><script>ran()</script>there</p>", "--b", 'Content-Type: text/plain; name="plan.txt"', 'Content-Disposition: attachment; filename="plan.txt"', "", "the plan", "--b--",
  ]);
  const came = beside(page).getByRole("listitem").filter({ has: page.getByRole("link", { name: "A question" }) });
  await came.getByText("From grace@example.org To sales@example.com").waitFor();
  assert.equal(await came.getByText(/^(Incoming|Received)$/).count(), 0, "that it came in is said once");
  assert.equal(await came.getByText("there").count(), 0, "its text is folded");
  await came.getByRole("button", { name: "Show text" }).focus();
  await page.keyboard.press("Enter");
  await came.getByText(/Hello\s+there/).waitFor();
  await came.getByRole("link", { name: "plan.txt" }).waitFor();
  assert.deepEqual(await axe(page), []);

  await came.getByRole("button", { name: "Reply" }).click();
  assert.equal(await letter(page).getByRole("textbox", { name: "Subject" }).inputValue(), "Re: A question");
  await letter(page).getByRole("textbox", { name: "Text" }).fill("Here you are");
  await letter(page).getByRole("button", { name: "Send" }).click();
  const reply = await mail.next();
  assert.match(reply, /In-Reply-To: <q1@example\.org>/);
  assert.match(reply, /^To: <grace@example\.org>/m);
  await beside(page).getByRole("link", { name: "Re: A question" }).waitFor();
  await done(page);

  // In Chinese, on a phone, by night.
  await sarah("PATCH", "/me", { language: "zh" });
  const small = await visit(browser, server, "sarah@example.com", { ...phone, locale: "zh-CN", colorScheme: "dark" }, `/o/lead/${id}?side=activity&write=write_to_lead`);
  const chinese = small.getByRole("form", { name: "写邮件" });
  await chinese.getByRole("combobox", { name: "模板" }).tap();
  await small.getByRole("option", { name: "带格式" }).tap();
  await chinese.getByText("只要正文未改动，模板的格式将一并发送。").waitFor();
  assert.deepEqual(await sideways(small), []);
  assert.deepEqual(await axe(small), []);
  await small.getByRole("button", { name: "显示正文" }).first().tap();
  await small.getByRole("button", { name: "收起正文" }).scrollIntoViewIfNeeded();
  assert.deepEqual(await sideways(small), []);
  await sarah("PATCH", "/me", { language: "en" });
  await done(small);
});

test("who may only read the record writes nothing about it", async () => {
  const marco = await server.as("marco@example.com");
  const { id } = await marco("POST", "/records/lead", { name: "Alan Turing", email: "alan@example.org" });
  await admin("POST", "/metadata/apply", { documents: [{ kind: "workflow", name: "write_to_lead", trigger: { permissions: ["sales_manager"] } }], merge: true });
  const { workflows } = await marco("GET", `/records/lead/${id}/page`);
  assert.ok(workflows.some((one) => one.name === "write_to_lead" && one.composes.to === "alan@example.org"));
  const { items } = await sarah("GET", `/records/lead?limit=1`);
  const page = await visit(browser, server, "sarah@example.com", undefined, `/o/lead/${items[0].id}?write=write_to_lead`);
  await beside(page).getByRole("button", { name: "Task" }).waitFor();
  assert.equal(await letter(page).count(), 0);
  assert.equal(await beside(page).getByRole("button", { name: "Write an e-mail" }).count(), 0);
  await done(page);
});
