// What waits for a person, told while it happens.
import { test } from "node:test";
import { begin, done, phone, visit } from "./browser.mjs";

const { server, browser } = await begin();

test("a mention comes by itself, is done by a key, and taken back", async () => {
  const [sarah, diana] = [await server.as("sarah@example.com"), await server.as("diana@example.com")];
  const { user } = await sarah("GET", "/me");
  const name = `Mentioned ${Date.now()}`;
  const { id } = await sarah("POST", "/records/account", { name });
  const page = await visit(browser, server, "sarah@example.com", undefined, "/inbox");
  await page.getByRole("heading", { name: "Inbox" }).waitFor();
  await diana("POST", `/records/account/${id}/comments`, { text: `Please look, @[Sarah](user:${user.id})` });
  const line = page.getByRole("main").getByRole("listitem").filter({ hasText: name });
  await line.waitFor();
  await page.keyboard.press("d");
  await line.waitFor({ state: "detached" });
  await page.keyboard.press("Control+z");
  await line.waitFor();
  await done(page);
});

test("the record is beside the list, and what waits is put off until a time that is chosen", async () => {
  const [sarah, diana] = [await server.as("sarah@example.com"), await server.as("diana@example.com")];
  const { user } = await sarah("GET", "/me");
  const stamp = Date.now();
  for (const name of [`First ${stamp}`, `Second ${stamp}`]) {
    const { id } = await sarah("POST", "/records/account", { name });
    await diana("POST", `/records/account/${id}/comments`, { text: `@[Sarah](user:${user.id})` });
  }
  const page = await visit(browser, server, "sarah@example.com", undefined, "/inbox");
  const line = (name) => page.getByRole("main").getByRole("listitem").filter({ hasText: `${name} ${stamp}` });
  const beside = page.getByRole("complementary", { name: "The record" });
  await line("First").getByRole("button").first().click();
  await beside.getByRole("heading", { level: 1, name: `First ${stamp}` }).waitFor();
  await page.keyboard.press("k");
  await beside.getByRole("heading", { level: 1, name: `Second ${stamp}` }).waitFor();
  await beside.getByRole("tab", { name: "Comments", selected: true }).waitFor(); // where she is mentioned
  await page.keyboard.press("z");
  await page.getByRole("menuitem", { name: "Next week" }).click();
  await line("Second").waitFor({ state: "detached" });
  const { items } = await sarah("GET", "/me/notifications?state=snoozed");
  const days = (new Date(items.find((one) => one.name === `Second ${stamp}`).snoozed_until) - Date.now()) / 86_400_000;
  if (days < 0 || days > 8) throw new Error(`it is put off by ${days} days`);
  await beside.getByRole("heading", { level: 1, name: `First ${stamp}` }).waitFor();
  await page.keyboard.press("z");
  await page.getByRole("menuitem", { name: "On a date" }).click();
  await page.getByLabel("On a date").fill("2099-12-24");
  await page.keyboard.press("Enter");
  await line("First").waitFor({ state: "detached" });
  await done(page);
});

test("on a phone a mention leads to what was said", async () => {
  const [sarah, diana] = [await server.as("sarah@example.com"), await server.as("diana@example.com")];
  const stamp = String(Date.now());
  const [account] = (await sarah("GET", "/records/account?limit=1&fields=id,name")).items;
  const { user } = await sarah("GET", "/me");
  await diana("POST", `/records/account/${account.id}/comments`, { text: `Please call them, @[Sarah](user:${user.id}) ${stamp}` });
  const page = await visit(browser, server, "sarah@example.com", phone, "/inbox");
  await page.getByRole("main").getByRole("listitem").filter({ hasText: `Please call them` }).filter({ hasText: stamp }).getByRole("button").first().tap();
  const said = page.getByRole("main").getByRole("article").getByText(/Please call them/).filter({ hasText: stamp });
  await said.waitFor();
  await page.waitForFunction((text) => [...document.querySelectorAll("article *")].some((one) => {
    const { top, bottom } = one.getBoundingClientRect();
    return one.childElementCount < 3 && one.textContent.includes(text) && top > 0 && bottom < innerHeight;
  }), stamp);
  await done(page);
});
