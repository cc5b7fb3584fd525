// What workflows did with a record, on its page; and workflows that are set off on several records of a list.
import assert from "node:assert/strict";
import { test } from "node:test";
import { begin, done, phone, picture, visit } from "./browser.mjs";

const { server, browser } = await begin();

const beside = (page) => page.getByRole("complementary", { name: "Beside the record" });

test("the page of a record tells what workflows did with it, and those who may have them go on", async () => {
  const [sarah, admin] = [await server.as("sarah@example.com"), await server.as("admin@example.com")];
  const [product] = (await admin("GET", "/records/product?limit=1")).items;
  const { id } = await sarah("POST", "/records/opportunity", { name: `Runs ${Date.now()}` });
  const page = await visit(browser, server, "sarah@example.com", undefined, `/o/opportunity/${id}`);
  await beside(page).getByRole("tab", { name: "Changes" }).waitFor();
  assert.equal(await beside(page).getByRole("tab", { name: "Workflows" }).count(), 0, "nothing ran");
  await sarah("POST", "/records/line_item", { opportunity: id, product: product.id, unit_price: "100", discount: "30" });
  await sarah("POST", `/records/opportunity/${id}/workflows/ask_for_discount`);
  const tab = beside(page).getByRole("tab", { name: "Workflows" });
  await tab.focus(); // it comes by itself
  await page.keyboard.press("Enter");
  const run = beside(page).getByRole("button", { name: /^Ask for the discount/ });
  await run.getByText("Waiting").waitFor();
  await run.getByText(/^until .* · set off by Sarah Chen$/).waitFor();
  await run.focus();
  await page.keyboard.press("Enter");
  await beside(page).getByText("Asked Marco Bianchi").waitFor();
  await beside(page).getByText("Discount approval").waitFor();
  assert.equal(await beside(page).getByRole("button", { name: "End it" }).count(), 0, "it is not hers to end");

  // Who may change the configuration ends it, and has it go on.
  const other = await visit(browser, server, "admin@example.com", undefined, `/o/opportunity/${id}?side=runs`);
  const same = beside(other).getByRole("button", { name: /^Ask for the discount/ });
  await same.click();
  // It is asked first, with what will happen.
  const ends = beside(other).getByRole("region", { name: "End “Ask for the discount”?" });
  await beside(other).getByRole("button", { name: "End it" }).click();
  await ends.getByText("What it did is undone, the last first.").waitFor();
  await ends.getByText("What it waits for is called off").waitFor();
  await picture(other, "ending");
  await ends.getByRole("button", { name: "Let it go on" }).click();
  await ends.waitFor({ state: "detached" });
  await same.getByText("Waiting").waitFor();
  await beside(other).getByRole("button", { name: "End it" }).click();
  await ends.getByRole("button", { name: "End it" }).click();
  await same.getByText("Cancelled").waitFor();
  await beside(other).getByRole("tab", { name: "Changes" }).click();
  await beside(other).getByText("The workflow “Ask for the discount” changed").first().waitFor();
  await beside(other).getByRole("tab", { name: "Workflows" }).click();
  await same.click();
  await beside(other).getByText("Told Sarah Chen").waitFor();
  await picture(other, "undone");
  assert.equal(await beside(other).getByRole("button", { name: "Try again" }).count(), 0, "what was undone goes on no more");

  // One that undoes nothing goes on where it was ended.
  await admin("POST", "/metadata/apply", {
    documents: [{
      kind: "workflow", name: "agree", label: "Agree", object: "opportunity", trigger: { type: "manual" }, start: "a",
      steps: {
        a: { type: "set", values: { description: "'To be agreed'" }, next: "b" },
        b: { type: "approval", among: "email == 'marco@example.com'", text: "name" },
      },
    }],
  });
  await sarah("POST", `/records/opportunity/${id}/workflows/agree`);
  const agrees = beside(other).getByRole("button", { name: /^Agree/ });
  await agrees.click();
  await beside(other).getByRole("button", { name: "End it" }).click();
  const stays = beside(other).getByRole("region", { name: "End “Agree”?" });
  await stays.getByText("What it did stays.").waitFor();
  await stays.getByRole("button", { name: "End it" }).click();
  await agrees.getByText("Cancelled").waitFor();
  await beside(other).getByRole("button", { name: "Try again" }).click();
  await agrees.getByText("Waiting").waitFor();
  await done(other);
  await done(page);

  // A step that the workflow does not name is called as its type, in the language of the reader.
  await admin("POST", "/metadata/apply", {
    documents: [{
      kind: "workflow", name: "plain", label: { en: "Plain", zh: "简单" }, object: "opportunity", trigger: { type: "manual" }, start: "a",
      steps: { a: { type: "notify", to: "owner", text: "'About ' + name", next: "b" }, b: { type: "refuse", message: { en: "Too late.", zh: "太晚了。" } } },
    }],
  });
  await sarah("PATCH", "/me", { language: "zh" });
  await sarah("POST", `/records/opportunity/${id}/workflows/plain`);
  const small = await visit(browser, server, "sarah@example.com", phone, `/o/opportunity/${id}?side=runs`);
  const failed = small.getByRole("button", { name: /^简单/ });
  await failed.getByText("太晚了。").waitFor();
  await failed.tap();
  await small.getByText("通知了 Sarah Chen").waitFor();
  await small.getByText("通知", { exact: true }).waitFor();
  await sarah("PATCH", "/me", { language: "en" });
  await admin("POST", "/metadata/apply", { delete: [{ kind: "workflow", name: "plain" }, { kind: "workflow", name: "agree" }] });
  await done(small);
});

test("a workflow runs on the chosen records of a list, and what it can't do is told", async () => {
  const admin = await server.as("admin@example.com");
  const stamp = Date.now();
  await admin("POST", "/metadata/apply", {
    documents: [{
      kind: "workflow", name: "praise", label: { en: "Praise", zh: "表扬" }, object: "account", when: "website == nil", trigger: { type: "manual", inputs: {
        why: { type: "text", label: { en: "Why", zh: "原因" }, required: true, order: 1 }, who: { type: "text", label: { en: "Who", zh: "谁" }, default_expr: "name", order: 2 } } },
      start: "a", steps: { a: { type: "set", values: { description: "input.why + ': ' + input.who" } } },
    }],
  });
  const sarah = await server.as("sarah@example.com");
  const ids = [];
  for (const data of [{ name: `One ${stamp}` }, { name: `Two ${stamp}`, website: "https://example.com" }, { name: `Three ${stamp}` }])
    ids.push((await sarah("POST", "/records/account", data)).id);
  const filter = encodeURIComponent(`name contains "${stamp}"`);
  const page = await visit(browser, server, "sarah@example.com", undefined, `/o/account?filter=${filter}`);
  await page.getByRole("grid").getByText(`Three ${stamp}`).waitFor();
  await page.keyboard.press("Control+a");
  const bar = page.getByRole("region", { name: "Chosen records" });
  await bar.getByRole("button", { name: "Workflows" }).click();
  await page.getByRole("menuitem", { name: "Praise" }).click();
  const panel = page.getByRole("dialog", { name: "Praise" });
  await panel.getByText("It runs on 3 records, one after the other.").waitFor();
  await panel.getByText("What each record begins with, unless it is filled in here.").waitFor();
  await panel.getByRole("button", { name: "Praise" }).click();
  await panel.getByText("A value is required.").waitFor(); // asked once, and nothing is done
  await panel.getByRole("textbox", { name: "Why" }).fill("Well done");
  await page.keyboard.press("Enter");
  await panel.getByText("2 done · 1 not possible").waitFor();
  await panel.getByRole("link", { name: `Two ${stamp}` }).waitFor();
  await panel.getByRole("button", { name: "Close" }).last().click();
  await panel.waitFor({ state: "detached" });
  const says = await Promise.all(ids.map(async (id) => (await sarah("GET", `/records/account/${id}`)).description ?? null));
  assert.deepEqual(says, [`Well done: One ${stamp}`, null, `Well done: Three ${stamp}`]);
  await admin("POST", "/metadata/apply", { delete: [{ kind: "workflow", name: "praise" }] });
  await done(page);
});
