// The workspace as a draft of the configuration would make it, as oneself and with other rights.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axe, begin, done, phone, picture, sideways, visit } from "./browser.mjs";
import { start } from "./server.mjs";

const { server, browser } = await begin(start({ own: true, size: 60 }));
const admin = await server.as("admin@example.com");
const { id: draft } = await admin("POST", "/drafts", { label: "Rooms" });
await admin("PATCH", `/drafts/${draft}/documents/object/lead`, {
  label: { en: "Enquiry", zh: "询问" }, label_plural: { en: "Enquiries", zh: "询问" },
  fields: { rooms: { type: "number", label: { en: "Rooms", zh: "房间数" } } },
});
await admin("PUT", `/drafts/${draft}/documents/view/roomy`, {
  object: "lead", show: "table", label: { en: "Roomy", zh: "多房间" }, columns: ["name", "rooms", "company"], sort: ["-rooms"], order: -1,
});
const { id } = await admin("POST", "/records/lead", { name: "Ada Lovelace", company: "Engines" });

test("a draft is looked at, and nothing is saved", async () => {
  const page = await visit(browser, server, "admin@example.com", undefined, `/o/lead?view=roomy&look=${draft}`, /403/);
  const strip = page.getByRole("region", { name: "Preview" });
  await strip.getByText("Preview of the draft “Rooms”").waitFor();
  await page.getByRole("columnheader", { name: "Rooms" }).waitFor();
  await page.getByRole("navigation", { name: "Where this is" }).getByText("Enquiries").waitFor();
  assert.equal(new URL(page.url()).searchParams.get("look"), null, "what is looked at is of the tab, and not of the address");
  assert.deepEqual(await axe(page), []);
  await picture(page, "looking-list");

  // It stays so while the tab is open; what is entered is refused and put back.
  await page.goto(`${server.base}/o/lead/${id}`);
  await strip.waitFor();
  await page.locator('button[data-field="company"]').click();
  await page.keyboard.type("Other");
  await page.keyboard.press("Enter");
  await page.getByText("This is a preview of a draft: nothing is saved.").first().waitFor();
  assert.equal((await admin("GET", `/records/lead/${id}`)).company, "Engines");
  await picture(page, "looking-record");

  await strip.getByRole("button", { name: "End the preview" }).click();
  await strip.waitFor({ state: "detached" });
  await page.goto(`${server.base}/o/lead`);
  await page.getByRole("navigation", { name: "Menu" }).getByRole("link", { name: "Leads" }).waitFor();
  await done(page);
});

test("with other rights, in Chinese, on a phone, by night", async () => {
  await admin("PATCH", "/me", { language: "zh" });
  const small = await visit(browser, server, "admin@example.com", { ...phone, locale: "zh-CN", colorScheme: "dark" }, `/o/lead?view=roomy&look=${draft}&look_as=sales_user`);
  const strip = small.getByRole("region", { name: "预览" });
  await strip.getByText("草稿“Rooms”预览").waitFor();
  await strip.getByText("身份：sales_user").waitFor();
  await small.getByRole("button", { name: "多房间" }).or(small.getByText("多房间")).first().waitFor();
  assert.deepEqual(await sideways(small), []);
  assert.deepEqual(await axe(small), []);
  await picture(small, "looking-phone");
  await done(small);
  await admin("PATCH", "/me", { language: "en" });
});

test("a draft with problems says which, and lets nobody be caught in it", async () => {
  const { id: wrong } = await admin("POST", "/drafts", { label: "Wrong" });
  await admin("PATCH", `/drafts/${wrong}/documents/view/roomy`, { object: "lead", show: "table", columns: ["rooms"], label: "Roomy" });
  const page = await visit(browser, server, "admin@example.com", undefined, `/o/lead?look=${wrong}`, /422/);
  await page.getByText("The draft can't be looked at as long as it has problems.").waitFor();
  await page.getByText("view/roomy").waitFor();
  await page.getByRole("button", { name: "End the preview" }).click();
  await page.getByRole("navigation", { name: "Menu" }).waitFor();
  await done(page);
});
