// What waits for a person, told while it happens.
import { after, before, test } from "node:test";
import { done, launch, visit } from "./browser.mjs";
import { start } from "./server.mjs";

let server;
let browser;
before(async () => {
  server = await start();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

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
