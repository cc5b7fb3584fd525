// The recycle bin of an object: deleted records are found, restored, and that is taken back.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axe, begin, done, phone, visit } from "./browser.mjs";

const { server, browser } = await begin();

/** Accounts that were made and deleted, with a word of their own in their names. */
async function deleted(asked, word, ...names) {
  for (const name of names) {
    const { id } = await asked("POST", "/records/account", { name: `${word} ${name}` });
    await asked("DELETE", `/records/account/${id}`);
  }
}

test("deleted records are found by words, and many are restored at once", async () => {
  const sarah = await server.as("sarah@example.com");
  const word = `Binned${Date.now()}`;
  await deleted(sarah, word, "Alder", "Birch", "Cedar");
  const page = await visit(browser, server, "sarah@example.com", undefined, "/o/account?view=all_accounts&sort=-name");
  await page.getByRole("link", { name: "Recycle bin" }).click();
  await page.getByRole("searchbox", { name: "Search the bin" }).fill(word);
  const lines = page.getByRole("main").getByRole("listitem");
  await page.waitForURL(/\/o\/account\/bin\?q=/);
  await page.locator("main ul[data-stale=false]").waitFor();
  await lines.filter({ hasText: "Cedar" }).waitFor();
  await lines.nth(2).waitFor();
  assert.equal(await lines.count(), 3);
  assert.match(await lines.first().innerText(), /Cedar[\s\S]*Deleted by Sarah/);
  assert.deepEqual(await axe(page), []);

  await page.getByRole("checkbox", { name: `Choose ${word} Alder` }).check();
  await page.getByRole("checkbox", { name: `Choose ${word} Birch` }).check();
  await page.getByRole("button", { name: "Restore", exact: true }).first().click();
  await page.getByText("2 records restored").waitFor();
  await lines.filter({ hasText: "Alder" }).waitFor({ state: "detached" });
  const live = () => sarah("GET", `/records/account?q=${word}`).then((found) => found.items.map((one) => one.name).sort());
  assert.deepEqual(await live(), [`${word} Alder`, `${word} Birch`]);

  await page.getByRole("button", { name: "Undo" }).click();
  await lines.filter({ hasText: "Alder" }).waitFor();
  assert.deepEqual(await live(), []);
  await page.getByRole("button", { name: `Restore ${word} Cedar` }).click();
  await lines.filter({ hasText: "Cedar" }).waitFor({ state: "detached" });
  assert.deepEqual(await live(), [`${word} Cedar`]);
  await page.getByRole("link", { name: "Back to the list" }).click();
  await page.waitForURL("**/o/account?view=all_accounts&sort=-name"); // as it was left
  await done(page);
});

test("the bin fits a phone, and says where nothing fits", async () => {
  const sarah = await server.as("sarah@example.com");
  const word = `Small${Date.now()}`;
  await deleted(sarah, word, "Elm");
  const page = await visit(browser, server, "sarah@example.com", phone, `/o/account/bin?q=${word}`);
  const restore = page.getByRole("button", { name: `Restore ${word} Elm` });
  assert.ok((await restore.boundingBox()).height >= 44);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
  await page.getByRole("searchbox", { name: "Search the bin" }).fill("nothingofthekind");
  await page.getByText("Nothing in the bin fits.").waitFor();
  await done(page);
});
