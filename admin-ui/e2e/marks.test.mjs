// What somebody marks for themselves: records that they follow, and favourites.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { begin, desktop, done, visit } from "./browser.mjs";

const rep = "sarah@example.com";
const { server, browser } = await begin();
let sarah;
before(async () => {
  sarah = await server.as(rep);
});

const stored = (page, way) => page.waitForResponse((r) => r.url().endsWith(way) && r.request().method() !== "GET");

test("a record is followed and made a favourite at once, on its page and beside a list", async () => {
  const name = `Marked ${Date.now()}`;
  const { id } = await sarah("POST", "/records/account", { name });
  const marks = async () => {
    const { following, favourite } = await sarah("GET", `/records/account/${id}/page`);
    return [following, favourite];
  };
  const page = await visit(browser, server, rep, desktop, `/o/account/${id}`);
  const side = page.getByRole("navigation").getByRole("region", { name: "Favourites" }).getByRole("link", { name });
  const star = page.getByRole("button", { name: "Favourite", exact: true });
  await star.and(page.locator("[aria-pressed=false]")).waitFor();
  let kept = stored(page, `/favourites/account/${id}`);
  await page.keyboard.press("*");
  await side.waitFor();
  await star.and(page.locator("[aria-pressed=true]")).waitFor();
  await kept;
  kept = stored(page, `/account/${id}/follow`);
  await page.getByRole("button", { name: "Follow", exact: true }).click();
  await page.getByRole("button", { name: "Following", exact: true }).waitFor();
  await kept;
  assert.deepEqual(await marks(), [true, true]);

  kept = stored(page, `/account/${id}/follow`);
  await page.keyboard.press("Control+z");
  await page.getByRole("button", { name: "Follow", exact: true }).waitFor();
  await kept;
  await page.goto(`${server.base}/o/account?view=&peek=${id}`);
  const peek = page.getByRole("complementary").filter({ has: page.getByRole("heading", { name }) }).first();
  await peek.getByRole("button", { name: "More actions" }).click();
  kept = stored(page, `/account/${id}/follow`);
  await page.getByRole("menuitem", { name: "Follow", exact: true }).click();
  await kept;
  await peek.getByRole("button", { name: "More actions" }).click();
  await page.getByRole("menuitem", { name: "Stop following" }).waitFor();
  kept = stored(page, `/favourites/account/${id}`);
  await page.getByRole("menuitem", { name: "No longer a favourite" }).click();
  await side.waitFor({ state: "detached" });
  await kept;
  assert.deepEqual(await marks(), [true, false]);
  await done(page);
});

test("a mark that is refused is taken back, with the reason", async () => {
  const { id } = await sarah("POST", "/records/account", { name: `Refused ${Date.now()}` });
  const page = await visit(browser, server, rep, desktop, `/o/account/${id}`, /401|409/);
  await page.route("**/follow", (route) =>
    route.fulfill({
      status: 409,
      contentType: "application/problem+json",
      body: JSON.stringify({ type: "about:blank", title: "Conflict", status: 409, code: "x", detail: "Too many follow it." }),
    }),
  );
  await page.getByRole("button", { name: "Follow", exact: true }).click();
  await page.getByText("Too many follow it.").waitFor();
  await page.getByRole("button", { name: "Follow", exact: true }).waitFor();
  await done(page);
});

test("what was opened last is offered first where a record is chosen, and the help tells of the keys of a list", async () => {
  const stamp = Date.now();
  const ids = [];
  for (const name of ["Alpha", "Beta", "Gamma"]) ids.push((await sarah("POST", "/records/account", { name: `${name} ${stamp}` })).id);
  const { id } = await sarah("POST", "/records/contact", { last_name: `Chooser ${stamp}` });
  await sarah("PUT", `/me/recent/account/${ids[2]}`);
  const page = await visit(browser, server, rep, desktop, `/o/contact/${id}`);
  await page.locator("[data-field=account]").first().click();
  await page.getByRole("option").first().filter({ hasText: `Gamma ${stamp}` }).waitFor();
  await page.goto(`${server.base}/o/account`);
  await page.locator("[data-row='0']").waitFor();
  await page.keyboard.press("?");
  const help = page.getByRole("dialog");
  for (const says of ["Next row", "Choose the row", "Look at it beside the list", "Fill down"]) await help.getByText(says, { exact: true }).waitFor();
  await done(page);
});
