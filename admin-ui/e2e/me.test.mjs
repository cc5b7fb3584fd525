// One's own settings: each is used at once, and everywhere.
import assert from "node:assert/strict";
import { test } from "node:test";
import { begin, done, visit } from "./browser.mjs";
import { admin, password } from "./server.mjs";

const { server, browser } = await begin();

/** Somebody whom no other test knows. */
async function person(name) {
  const api = await server.as(admin);
  const email = `${name}-${Date.now()}@example.com`;
  const { id } = await api("POST", "/records/user", { name, email, active: true, permissions: ["sales_user"] });
  await api("PUT", `/users/${id}/password`, { password });
  return { email, id };
}

const choose = async (page, label, option) => {
  await page.getByRole("textbox", { name: label, exact: true }).or(page.getByRole("combobox", { name: label, exact: true })).first().click();
  await page.getByRole("option", { name: option, exact: true }).click();
};

test("language, zone and formats are used without a reload, and after one", async () => {
  const { email } = await person("Ada");
  const page = await visit(browser, server, email, undefined, "/me");
  const region = page.getByRole("region", { name: "Language and region" });
  await choose(page, "Numbers and dates as in", "German (Germany)");
  await region.getByText("1.234.567,50", { exact: false }).first().waitFor();
  await choose(page, "Dates", "2026-03-31");
  await choose(page, "Time zone", "Asia/Shanghai");
  await region.getByText("2026-03-31 21:05", { exact: false }).first().waitFor();
  const stored = page.waitForResponse((answer) => answer.request().method() === "PATCH" && answer.ok());
  await choose(page, "Language", "中文");
  await page.getByRole("heading", { level: 1, name: "我的设置" }).waitFor();
  await stored;
  await page.reload();
  await page.getByRole("heading", { level: 1, name: "我的设置" }).waitFor();
  assert.match(await page.getByRole("region", { name: "语言和地区" }).innerText(), /1\.234\.567,50 · 2026-03-31 21:05/);
  await done(page);
});

test("the theme follows the system unless one is chosen, and letters can be switched off", async () => {
  const { email } = await person("Grace");
  const page = await visit(browser, server, email, { viewport: { width: 1280, height: 800 }, colorScheme: "dark", locale: "en-US" }, "/me");
  const scheme = () => page.evaluate(() => document.documentElement.dataset.mantineColorScheme);
  await page.waitForFunction(() => document.documentElement.dataset.mantineColorScheme === "dark");
  await page.emulateMedia({ colorScheme: "light" });
  await page.waitForFunction(() => document.documentElement.dataset.mantineColorScheme === "light");
  await page.getByText("Dark", { exact: true }).click();
  await page.waitForFunction(() => document.documentElement.dataset.mantineColorScheme === "dark");
  await page.reload();
  await page.getByRole("heading", { level: 1 }).waitFor();
  assert.equal(await scheme(), "dark");

  await page.getByRole("switch", { name: "Shortcuts of one letter" }).click();
  await page.getByRole("heading", { level: 1 }).click();
  await page.keyboard.press("?");
  await page.keyboard.press("Control+k"); // still works, and would come second
  await page.getByRole("dialog", { name: "Search and commands" }).waitFor();
  assert.equal(await page.getByRole("dialog").count(), 1);
  await done(page);
});

test("a password is changed by who knows the old one, and other sessions end", async () => {
  const { email } = await person("Alan");
  const other = await server.as(email);
  const page = await visit(browser, server, email, undefined, "/me");
  const part = page.getByRole("region", { name: "Password" });
  await part.getByLabel("Current password").fill("something else");
  await part.getByLabel("New password").fill("another horse entirely");
  await part.getByRole("button", { name: "Change password" }).click();
  await part.getByText(/password/i).filter({ hasText: /not|wrong/i }).first().waitFor();
  page.complaints = page.complaints.filter((text) => !/40[0-9]|422/.test(text)); // the console tells of what was refused
  await part.getByLabel("Current password").fill(password);
  await part.getByRole("button", { name: "Change password" }).click();
  await page.getByRole("status").getByText("Your password was changed.").waitFor();
  await assert.rejects(other("GET", "/me"), /401/);
  await done(page);
});
