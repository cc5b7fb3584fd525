// What people do in a list, against the built program, and what they complain about in the lists of others.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { axe, begin, desktop, done, phone, visit } from "./browser.mjs";

const { server, browser } = await begin();
let api;
before(async () => {
  api = await server.as("admin@example.com");
  await api("POST", "/metadata/apply", {
    documents: [
      {
        kind: "object",
        name: "boat",
        label: "Boat",
        label_plural: "Boats",
        name_field: "name",
        visibility: "write",
        fields: {
          name: { type: "text", label: "Name", required: true, order: 1 },
          length: { type: "number", label: "Length", order: 2 },
          kind: { type: "picklist", label: "Kind", order: 3, options: { sail: { label: "Sailing boat", order: 1 }, motor: { label: "Motor boat", order: 2 } } },
          built: { type: "date", label: "Built", order: 4 },
          account: { type: "lookup", object: "account", label: "Account", order: 5 },
          fast: { type: "checkbox", label: "Fast", order: 6 },
        },
      },
      { kind: "view", name: "fleet", label: "Fleet", object: "boat", columns: ["name", "length", "kind", "built", "account", "fast"], sort: ["name"], show: "table", sum: ["length"], order: 1 },
      { kind: "view", name: "long_boats", label: "Long boats", object: "boat", columns: ["name", "length"], filter: "length > 10", sort: ["name"], show: "table", order: 2 },
    ],
  });
});

/** Boats and no others, by their lengths; what was changed of their views before is forgotten. */
async function fleet(lengths) {
  await api("PATCH", "/me/settings", { "kept.boat": null, "instead.boat": null, "widths.boat": null });
  for (let items = [1]; items.length > 0; ) {
    ({ items } = await api("GET", "/records/boat?limit=500&fields=id"));
    if (items.length > 0) await api("POST", "/records/boat/bulk", { operations: items.map(({ id }) => ({ op: "delete", id, data: {} })) });
  }
  const operations = Object.entries(lengths).map(([name, length]) => ({ op: "create", data: { name, length, kind: length > 10 ? "sail" : "motor" } }));
  const { failed } = await api("POST", "/records/boat/bulk", { operations });
  assert.equal(failed, 0);
}
/** Forgets what somebody changed of the views of opportunities. */
const asOthersHaveIt = async (email) => (await server.as(email))("PATCH", "/me/settings", { "kept.opportunity": null });
const stored = async (fields) => (await api("GET", `/records/boat?sort=name&fields=${fields}`)).items;

/** The list at an address, of somebody who has logged in. */
const open = async (path, email = "admin@example.com", look = desktop) => {
  const page = await visit(browser, server, email, look, path);
  page.setDefaultTimeout(15_000);
  return page;
};
/** What is refused on purpose is told in the console too. */
const refusals = (page) => {
  page.complaints = page.complaints.filter((said) => !/422/.test(said));
};

const cell = (page, row, column) => page.locator(`[data-row="${row}"] [data-column="${column}"]`);
const text = (page, row, column, says) => cell(page, row, column).getByText(says, { exact: true }).waitFor();
/** Something that is sent by what is done is stored. */
async function saved(page, path, act) {
  const answer = page.waitForResponse((r) => r.url().includes(path) && r.request().method() !== "GET" && r.ok());
  await act();
  await answer;
}
const filterBox = (page) => page.getByRole("combobox", { name: "Filter" });
const filterOf = (page) => new URL(page.url()).searchParams.get("filter");
/** Puts a text where ⌘V finds it. */
const paste = (page, block) =>
  page.evaluate((value) => {
    const data = new DataTransfer();
    data.setData("text/plain", value);
    document.activeElement.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  }, block);

test("a filter is typed as an expression, shown as a chip, and held by the address", async () => {
  await fleet({ Ada: 5, Berta: 12, Cora: 20 });
  const page = await open("/o/boat?view=fleet");
  await text(page, 0, 0, "Ada");
  await page.keyboard.press("f");
  await page.keyboard.type("length > 10");
  await page.keyboard.press("Enter");
  await text(page, 0, 0, "Berta");
  assert.equal(filterOf(page), "length > 10");
  await page.getByRole("button", { name: "Length > 10" }).waitFor();

  // In words: the field, the operator, and the value are offered.
  await filterBox(page).fill("ki");
  await page.getByRole("option", { name: "Kind" }).click();
  await page.getByRole("option", { name: "is", exact: true }).click();
  await page.getByRole("option", { name: "Sailing boat" }).click();
  await page.waitForURL(/kind/);
  assert.equal(filterOf(page), 'length > 10 and kind == "sail"');

  // A relative date needs no value, and a misspelt name is told with the right one.
  await filterBox(page).fill("Built is this month");
  await filterBox(page).press("Enter");
  await page.waitForURL(/startOfMonth/);
  await filterBox(page).fill("built < today() or built == nil");
  await filterBox(page).press("Enter");
  await page.getByRole("button", { name: /^Any of: Built is before Today; Built is empty/ }).waitFor();
  await page.getByRole("button", { name: /^Remove Any of: Built/ }).click();
  await filterBox(page).fill("lenght > 5");
  await filterBox(page).press("Enter");
  await page.getByText("Did you mean “length”?").waitFor();
  await page.getByText("No records match.").waitFor();
  await page.getByRole("button", { name: /^Remove Built/ }).click();
  await text(page, 0, 0, "Berta");

  // The same text is the expression; what can't be drawn counts as it is.
  await page.getByRole("button", { name: "Show as expression" }).click();
  const expression = page.getByRole("textbox", { name: "Show as expression" });
  await expression.fill('(length > 10 or name startsWith "A") and not (kind == "motor" or length == nil) and (length ?? 0) > 3');
  await expression.press("Enter");
  await text(page, 0, 0, "Berta");
  await page.getByRole("button", { name: /^Any of: Length > 10; Name starts with A/ }).waitFor();
  await page.getByRole("button", { name: /^None of/ }).waitFor();
  await page.reload();
  await page.getByRole("button", { name: /^Any of/ }).waitFor();
  await done(page);
});

test("a cell is edited where it is; a refusal puts the old value back, with the text and the reason", async () => {
  await fleet({ Ada: 5, Berta: 12 });
  const page = await open("/o/boat?view=fleet");
  await text(page, 0, 1, "5");
  await cell(page, 0, 1).click();
  await page.keyboard.type("7");
  await saved(page, "/records/boat/", () => page.keyboard.press("Tab"));
  await text(page, 0, 1, "7");
  await page.keyboard.type("mo"); // Tab went on to the next cell
  await page.getByRole("option", { name: "Motor boat" }).waitFor();
  await saved(page, "/records/boat/", () => page.keyboard.press("Enter"));
  assert.deepEqual((await stored("name,length,kind"))[0].kind, "motor");
  await page.keyboard.press("Home");
  await page.keyboard.press("Delete"); // the name may not be empty
  await page.locator('[data-row="0"] [aria-invalid]').waitFor();
  await text(page, 0, 0, "Ada");
  await page.getByRole("alert").filter({ hasText: /empty|required/i }).waitFor();

  await cell(page, 1, 1).click();
  await page.keyboard.type("long");
  await page.keyboard.press("Enter");
  await page.getByText("Write a number").waitFor();
  assert.equal(await page.getByRole("textbox", { name: /^Length/ }).inputValue(), "long");
  await page.keyboard.press("Escape");
  await text(page, 1, 1, "12");
  await page.keyboard.press("F2");
  assert.equal(await page.getByRole("textbox", { name: /^Length/ }).inputValue(), "12");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await page.keyboard.press("j"); // a letter is a shortcut again
  refusals(page);
  await done(page);
});

test("a cell is edited with the mouse, and once more clicked is still the one that is typed in", async () => {
  await fleet({ Ada: 5, Berta: 12 });
  const page = await open("/o/boat?view=fleet");
  await text(page, 0, 1, "5");
  await cell(page, 0, 1).dblclick();
  await page.keyboard.press("Backspace");
  await page.keyboard.type("1.5万"); // as people write fifteen thousand in Chinese
  await saved(page, "/records/boat/", () => page.keyboard.press("Enter"));
  await text(page, 0, 1, "15,000");
  await cell(page, 1, 1).click();
  await cell(page, 1, 1).click({ delay: 600 });
  await page.keyboard.type("9");
  await saved(page, "/records/boat/", () => page.keyboard.press("Enter"));
  await text(page, 1, 1, "9");
  assert.deepEqual((await stored("name,length")).map(({ length }) => length), [15_000, 9]);
  assert.equal(new URL(page.url()).searchParams.get("as"), null, "nothing typed was a shortcut");

  // Back closes the panel of a new record, and the list stays.
  await page.getByRole("button", { name: "New", exact: true }).click();
  await page.getByRole("dialog", { name: /^New/ }).waitFor();
  await page.goBack();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await text(page, 0, 0, "Ada");
  await done(page);
});

test("the first letter of an input method is not lost", async () => {
  await fleet({ Ada: 5 });
  const page = await open("/o/boat?view=fleet");
  await text(page, 0, 0, "Ada");
  await page.getByRole("grid").focus();
  await page.keyboard.press("ArrowRight");
  const ime = await page.context().newCDPSession(page);
  await ime.send("Input.imeSetComposition", { text: "n", selectionStart: 1, selectionEnd: 1 });
  await ime.send("Input.imeSetComposition", { text: "ni", selectionStart: 2, selectionEnd: 2 });
  await ime.send("Input.insertText", { text: "你" });
  await page.keyboard.insertText("好");
  await saved(page, "/records/boat/", () => page.keyboard.press("Enter"));
  assert.equal((await stored("name"))[0].name, "你好");
  await done(page);
});

test("a row that no longer fits stays, marked, until it is left; undo takes the change back", async () => {
  await fleet({ Berta: 12, Cora: 20, Dora: 30 });
  const page = await open("/o/boat?view=long_boats");
  await text(page, 0, 0, "Berta");
  await cell(page, 0, 1).click();
  await page.keyboard.type("3");
  await saved(page, "/records/boat/", () => page.keyboard.press("Enter"));
  await page.getByText("No longer fits").waitFor();
  await text(page, 0, 0, "Berta");
  // Somebody else's change does not move the row under the hands either.
  await api("POST", "/records/boat", { name: "Aal", length: 40 });
  await page.evaluate(() => window.dispatchEvent(new Event("visibilitychange")));
  await text(page, 0, 0, "Berta");
  await page.keyboard.press("ArrowDown");
  await text(page, 0, 0, "Aal");
  assert.equal(await page.getByText("Berta").count(), 0);
  await saved(page, "/records/boat/", () => page.keyboard.press("ControlOrMeta+z"));
  assert.equal((await stored("name,length")).find((b) => b.name === "Berta").length, 12);
  await done(page);
});

test("a block from a spreadsheet is pasted, and makes new rows below the last one", async () => {
  await fleet({ Ada: 5, Berta: 12 });
  const page = await open("/o/boat?view=fleet");
  await text(page, 1, 0, "Berta");
  await cell(page, 1, 0).click();
  await saved(page, "/bulk", () => paste(page, "Bert\t13\tMotor boat\t2026-03-31\nCora\t14\tsail\t\nDora\tmany\t\t\n"));
  await text(page, 2, 0, "Cora");
  await text(page, 3, 0, "Dora");
  await cell(page, 3, 1).and(page.locator("[aria-invalid]")).waitFor(); // “many” is kept as what could not be read
  assert.deepEqual(
    (await stored("name,length,kind,built")).map(({ name, length, kind, built }) => [name, length, kind, built]),
    [["Ada", 5, "motor", null], ["Bert", 13, "motor", "2026-03-31"], ["Cora", 14, "sail", null], ["Dora", null, null, null]],
  );
  await cell(page, 0, 1).click();
  await page.keyboard.press("Shift+ArrowDown");
  await saved(page, "/records/boat/", () => page.keyboard.press("ControlOrMeta+d")); // fills down
  await text(page, 1, 1, "5");
  await done(page);
});

test("many rows are chosen, changed and deleted at once, and all of it is undone", async () => {
  await fleet(Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`Boat ${String(i).padStart(2, "0")}`, i + 1])));
  const page = await open("/o/boat?view=fleet");
  await text(page, 0, 0, "Boat 00");
  await page.getByRole("grid").focus();
  await page.keyboard.press("x");
  await page.keyboard.press("Shift+ArrowDown");
  await page.getByText("2 chosen").waitFor();
  await page.keyboard.press("ControlOrMeta+a");
  await page.getByText("60 chosen").waitFor();
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  const panel = page.getByRole("dialog");
  await panel.getByLabel("Field").selectOption("length");
  await panel.getByLabel("Length").fill("99");
  await saved(page, "/bulk", () => panel.getByRole("button", { name: "Set" }).click());
  await text(page, 0, 1, "99");
  await page.getByText("60 records changed").waitFor();
  await saved(page, "/bulk", () => page.getByRole("button", { name: "Undo" }).click());
  await text(page, 5, 1, "6");
  await saved(page, "/bulk", () => page.getByRole("button", { name: "Delete" }).click());
  await page.getByText("There is no Boat yet.").waitFor();
  await page.getByRole("button", { name: "Undo" }).last().click();
  await text(page, 0, 0, "Boat 00");
  await done(page);
});

test("columns are chosen, moved and resized; groups have counts and close; a sum row adds up what is asked for", async () => {
  await fleet({ Ada: 5, Berta: 12, Cora: 20 });
  const page = await open("/o/boat?view=fleet");
  await page.getByRole("row", { name: "Sum", exact: true }).getByText("37").waitFor();
  await page.getByRole("button", { name: "Columns" }).click();
  await page.getByRole("button", { name: "Move Length forward" }).click();
  await page.getByRole("switch", { name: "Built" }).click();
  await page.keyboard.press("Escape");
  await page.waitForURL(({ searchParams }) => searchParams.get("columns") === "length,name,kind,account,fast");
  const edge = page.locator('[data-key="length"] [title="Change the width"]');
  const box = await edge.boundingBox();
  await page.mouse.move(box.x + 4, box.y + 10);
  await page.mouse.down();
  await page.mouse.move(box.x + 64, box.y + 10);
  await page.mouse.up();
  const width = () => page.locator('[data-key="length"]').evaluate((e) => e.offsetWidth);
  const wide = await width();
  await page.getByRole("button", { name: "Group", exact: true }).click();
  await page.getByRole("menuitem", { name: "Kind" }).click();
  const head = page.getByRole("row").filter({ hasText: "Sailing boat" }).first();
  await head.locator("[aria-expanded=true]").waitFor();
  await head.getByText("2", { exact: true }).waitFor();
  await text(page, 1, 1, "Berta");
  await head.click();
  await head.locator("[aria-expanded=false]").waitFor();
  assert.equal(await page.getByText("Berta").count(), 0);
  await page.reload();
  await page.getByRole("row").filter({ hasText: "Motor boat" }).first().waitFor();
  assert.equal(await width(), wide);
  await done(page);
});

test("what somebody changes of a shared view is kept for them and changes nothing for others", async () => {
  await fleet({ Ada: 5, Berta: 12, Cora: 20 });
  const page = await open("/o/boat?view=long_boats");
  await filterBox(page).fill("length > 15");
  await filterBox(page).press("Enter");
  await text(page, 0, 0, "Cora");
  await page.getByRole("img", { name: "Changed, for you alone" }).waitFor();
  await page.getByRole("button", { name: "Fleet" }).click();
  await text(page, 0, 0, "Ada");
  await page.getByRole("button", { name: /^Long boats/ }).click();
  await text(page, 0, 0, "Cora"); // as it was left
  await page.goto(`${server.base}/o/boat?view=long_boats`);
  await text(page, 0, 0, "Cora"); // and by the name of the view alone

  for (const one of ["sarah@example.com", "diana@example.com"]) await asOthersHaveIt(one);
  const mine = await open("/o/opportunity?view=all_opportunities", "sarah@example.com");
  await filterBox(mine).fill("amount > 1000000000");
  await filterBox(mine).press("Enter");
  await mine.getByText("No records match.").waitFor();
  const other = await open("/o/opportunity?view=all_opportunities", "diana@example.com");
  await other.locator("[data-row='0'] a").waitFor();
  assert.equal(await other.getByRole("img", { name: "Changed, for you alone" }).count(), 0);
  await done(other);
  await done(mine);
  await asOthersHaveIt("sarah@example.com"); // with whose list other tests begin

  await page.getByRole("button", { name: "View", exact: true }).click();
  await page.getByRole("menuitem", { name: "Save as new" }).click();
  await page.getByLabel("Name of the view").fill("Very long");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: /^Very long/ }).waitFor();
  await text(page, 0, 0, "Cora");
  assert.equal(filterOf(page), null); // what was changed is the view now, and no longer a change of the other
  await page.getByRole("button", { name: /^Long boats/ }).click();
  await text(page, 0, 0, "Berta");
  assert.equal(filterOf(page), null);
  assert.equal(await page.getByRole("img", { name: "Changed, for you alone" }).count(), 0);
  await filterBox(page).fill("length > 15");
  await filterBox(page).press("Enter");
  await text(page, 0, 0, "Cora");
  await page.getByRole("button", { name: "View", exact: true }).click();
  await page.getByRole("menuitem", { name: "Discard changes" }).click();
  await text(page, 0, 0, "Berta");
  assert.equal(filterOf(page), null);
  await done(page);
});

/** Does what the menu of the view that is shown offers, which stores something. */
async function inViewMenu(page, path, name) {
  await page.getByRole("button", { name: "View", exact: true }).click();
  await saved(page, path, () => page.getByRole("menuitem", { name }).click());
}

test("what is saved of a shared view is seen by others only where it is saved for everyone", async () => {
  await fleet({ Ada: 5, Berta: 12, Cora: 20 });
  const diana = await server.as("diana@example.com"); // may share views, and change nothing of the configuration
  const shared = await diana("POST", "/views", { object: "account", label: "Names", columns: ["name"], sort: ["name"], show: "table", shared: "everyone" });
  const hers = await open(`/o/account?view=${shared.id}`, "diana@example.com");
  const his = await open(`/o/account?view=${shared.id}&columns=name,industry`, "sarah@example.com");
  const heads = (page) => page.getByRole("columnheader").filter({ hasText: /./ });
  await heads(his).nth(1).filter({ hasText: "Industry" }).waitFor();
  await his.getByRole("img", { name: "Changed, for you alone" }).waitFor();
  await his.getByRole("button", { name: "View", exact: true }).click();
  await his.getByRole("menuitem", { name: "Needs the right to share views." }).first().waitFor();
  await his.keyboard.press("Escape");
  await inViewMenu(his, "/views", "Save for me");
  await his.getByRole("img", { name: "Changed, for you alone" }).waitFor({ state: "detached" });
  await his.goto(`${server.base}/o/account?view=${shared.id}`);
  await heads(his).nth(1).filter({ hasText: "Industry" }).waitFor();
  assert.equal(await his.getByRole("button", { name: /^Names/ }).count(), 1); // and no second tab

  await hers.reload();
  await heads(hers).first().waitFor();
  assert.equal(await hers.getByRole("columnheader", { name: "Industry" }).count(), 0);
  await hers.goto(`${server.base}/o/account?view=${shared.id}&columns=name,website`);
  await heads(hers).nth(1).filter({ hasText: "Website" }).waitFor();
  await inViewMenu(hers, "/views/", "Update for everyone");
  await hers.getByRole("img", { name: "Changed, for you alone" }).waitFor({ state: "detached" });

  await his.reload();
  await heads(his).nth(1).filter({ hasText: "Industry" }).waitFor(); // his own stays
  await inViewMenu(his, "/views/", "Back to the view of everyone");
  await heads(his).nth(1).filter({ hasText: "Website" }).waitFor();
  await inViewMenu(hers, "/views/", "Delete for everyone");
  await hers.getByRole("button", { name: /^Names/ }).waitFor({ state: "detached" });
  await done(his);
  await done(hers);
});

test("a record is looked at beside the list, and gone through by keys", async () => {
  await fleet({ Ada: 5, Berta: 12, Cora: 20 });
  const page = await open("/o/boat?view=fleet");
  await text(page, 0, 0, "Ada");
  await page.getByRole("grid").focus();
  await page.keyboard.press("Space");
  const panel = page.getByRole("complementary", { name: "Boat beside the list" });
  await panel.getByRole("heading", { name: "Ada" }).waitFor();
  await page.keyboard.press("j");
  await panel.getByRole("heading", { name: "Berta" }).waitFor();
  const id = new URL(page.url()).searchParams.get("peek");
  await page.reload();
  await panel.getByRole("heading", { name: "Berta" }).waitFor();
  assert.equal(new URL(page.url()).searchParams.get("peek"), id);
  await panel.getByRole("button", { name: "Next" }).click();
  await panel.getByRole("heading", { name: "Cora" }).waitFor();
  await panel.getByRole("button", { name: "Close" }).click();
  await panel.waitFor({ state: "hidden" });
  await done(page);
});

test("far rows are reached, and few are kept", async () => {
  for (let from = 0; from < 3000; from += 1000) {
    const operations = Array.from({ length: 1000 }, (_, i) => ({ op: "create", data: { name: `Far ${String(from + i).padStart(4, "0")}`, length: 1 } }));
    await api("POST", "/records/boat/bulk", { operations });
  }
  const page = await open("/o/boat?view=fleet&filter=name startsWith \"Far\"");
  await text(page, 0, 0, "Far 0000");
  await page.getByRole("button", { name: /^Fleet 3,?000/ }).waitFor(); // where the end is
  let asked = 0;
  page.on("request", (request) => {
    if (request.url().includes("/records/boat?")) asked++;
  });
  await page.getByRole("grid").focus();
  await page.keyboard.press("End");
  await page.getByText("Far 2999").waitFor();
  assert.ok(asked <= 2, `${asked} pages were read on the way`);
  const drawn = await page.locator("[data-row]").count();
  assert.ok(drawn < 120, `${drawn} rows are drawn`);
  await page.keyboard.press("Home");
  await text(page, 0, 0, "Far 0000");
  await done(page);
});

test("a list that is longer than it is counted is gone to its end by one key", async () => {
  const page = await open("/o/boat?view=&columns=name");
  // Lists are counted up to a number, which is made smaller here.
  await page.route(/\/records\/boat\?.*count=true/, async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: { ...(await answer.json()), total: 2000, total_more: true } });
  });
  await page.goto(`${server.base}/o/boat?view=fleet&filter=name startsWith "Far"`);
  const grid = page.getByRole("grid");
  await page.getByRole("button", { name: /^Fleet 2,?000\+/ }).waitFor();
  await grid.focus();
  await page.keyboard.press("End");
  await page.locator("[role=grid][aria-rowcount='3001']").waitFor(); // it is counted to its end; a row is the head
  await page.getByText("Far 2999").waitFor();
  await done(page);
});

test("on a phone filter and sort are a sheet", async () => {
  await fleet({ Ada: 5, Berta: 12 });
  const page = await open("/o/boat?view=fleet", "admin@example.com", phone);
  await page.getByRole("button", { name: /^Ada/ }).waitFor();
  await page.getByRole("button", { name: "Filter and sort" }).tap();
  const sheet = page.getByRole("dialog");
  await sheet.getByRole("button", { name: "Condition" }).tap();
  await sheet.getByLabel("Field").first().selectOption("length");
  await sheet.getByLabel("Operator").selectOption("gt");
  await sheet.getByLabel("Length").fill("10");
  for (let i = 0; i < 5; i++) await sheet.getByRole("button", { name: "Condition" }).tap(); // they count once they have values
  const foot = await sheet.getByRole("button", { name: "Show the list" }).boundingBox();
  assert.ok(foot.y + foot.height <= phone.viewport.height, "the way back to the list is in sight");
  await sheet.getByRole("button", { name: "Show the list" }).tap();
  await page.getByRole("button", { name: /^Ada/ }).waitFor({ state: "detached" });
  await page.getByRole("button", { name: /^Berta/ }).waitFor();
  assert.equal(filterOf(page), "length > 10");
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "the page is wider than the screen");
  await done(page);
});

test("the list is usable by everybody", async () => {
  await fleet({ Ada: 5, Berta: 12 });
  const page = await open("/o/boat?view=fleet&filter=length > 1&group=kind");
  await page.getByText("Berta").first().waitFor();
  await page.locator("[role=grid][aria-busy=false]").waitFor();
  assert.deepEqual(await axe(page), []);
  await done(page);
});
