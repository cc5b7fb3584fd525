// What people complain about in the interfaces of others. Each complaint is a test here, or names the one that holds
// against it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, test } from "node:test";
import { begin, desktop, done, phone, visit } from "./browser.mjs";
import { still } from "./screens.mjs";

const { server, browser } = await begin();
let api;
before(async () => {
  api = await server.as("admin@example.com");
  const fields = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`f${i}`, { type: "text", label: `Field ${i}`, order: i + 1 }]));
  const section = (label, from, to, order) => ({ label, order, fields: Object.fromEntries(Object.keys(fields).slice(from, to).map((name, order) => [name, { order }])) });
  await api("POST", "/metadata/apply", {
    documents: [
      {
        kind: "object",
        name: "barge",
        label: "Barge",
        label_plural: "Barges",
        name_field: "name",
        visibility: "write",
        fields: {
          name: { type: "text", label: "Name", required: true, order: 0 },
          state: { type: "picklist", label: "State", options: { afloat: { label: "Afloat", order: 1 }, aground: { label: "Aground", order: 2 } } },
          towed: { type: "lookup", object: "barge", label: "Towed by" },
          ...fields,
        },
      },
      { kind: "view", name: "barges", label: "Barges", object: "barge", columns: ["name", "state"], sort: ["name"], show: "table", order: 1 },
      { kind: "view", name: "barge_board", label: "Where", object: "barge", columns: ["name", "f0", "f1", "f2"], group: "state", show: "kanban", order: 2 },
      {
        kind: "layout",
        name: "barge",
        label: "Barge",
        object: "barge",
        highlights: ["state"],
        tabs: {
          hull: { label: "Hull", order: 1, sections: { first: section("First", 0, 10, 1), second: section("Second", 10, 20, 2) } },
          crew: { label: "Crew", order: 2, sections: { crew: section("Crew", 20, 40, 1) } },
          tows: { label: "Tows", order: 3, sections: { none: { fields: {} } } },
        },
        related: { towing: { label: "Towing", object: "barge", lookup: "towed", columns: ["name", "state"], tab: "tows" } },
      },
    ],
  });
});

const make = async (data) => (await api("POST", "/records/barge", data)).id;
const open = (path, look = desktop) => visit(browser, server, "admin@example.com", look, path);
const heading = (page, name) => page.getByRole("heading", { level: 1, name, exact: true });
const field = (page, n) => page.getByRole("article").getByRole("button", { name: `Field ${n}`, exact: true });

/** Complaints that a test of another file holds against, by its name. */
const elsewhere = {
  "pasting can't add rows": ["list", "a block from a spreadsheet is pasted, and makes new rows below the last one"],
  "a row vanishes in mid-edit when it no longer matches": ["list", "a row that no longer fits stays, marked, until it is left; undo takes the change back"],
  "the first letter of an input method is lost in a grid": ["list", "the first letter of an input method is not lost"],
  "the list stutters from a few hundred rows": ["list", "far rows are reached, and few are kept"],
  "somebody changes everybody's filters": ["list", "what somebody changes of a shared view is kept for them and changes nothing for others"],
  "no next and previous on a record": ["record", "J and K go through the list that a record was opened from"],
  "imports guess keys wrongly": ["import", "an import has no end at 2,000 rows, and no key that nobody chose"],
  "charts can't be clicked": ["ways", "a chart is what its list tells, and a part of it leads to its records"],
};

test("every complaint has a test that holds against it", () => {
  for (const [complaint, [file, name]] of Object.entries(elsewhere))
    assert.ok(readFileSync(new URL(`${file}.test.mjs`, import.meta.url), "utf8").includes(`test("${name}"`), complaint);
});

test("fields do not vanish from a card while it is dragged, nor from where it is dropped", async () => {
  const id = await make({ name: "Carried", state: "afloat", f0: "timber", f1: "oak", f2: "pine" });
  const page = await open("/o/barge?view=barge_board&q=Carried");
  const card = page.locator(`[data-card="${id}"]`);
  await card.waitFor();
  const whole = (await card.innerText()).split("\n").filter(Boolean);
  for (const value of ["Carried", "timber", "oak", "pine"]) assert.ok(whole.includes(value), whole.join());
  const [from, to] = [await card.boundingBox(), await page.getByRole("region", { name: "Aground", exact: true }).boundingBox()];
  await page.mouse.move(from.x + 12, from.y + from.height - 6);
  await page.mouse.down();
  await page.mouse.move(to.x + to.width / 2, to.y + 60, { steps: 4 });
  // What follows the pointer tells all that the card tells.
  await page.waitForFunction(
    (words) => [...document.querySelectorAll("body *")].some((one) => getComputedStyle(one).position === "fixed" && words.every((word) => one.textContent.includes(word))),
    whole,
  );
  const stored = page.waitForResponse((answer) => answer.request().method() === "PATCH" && answer.ok());
  await page.mouse.up();
  await stored;
  const dropped = page.getByRole("region", { name: "Aground", exact: true }).locator(card);
  for (const value of whole) await dropped.getByText(value, { exact: true }).first().waitFor();
  await done(page);
});

test("the page of a record is not one wall of fields", async () => {
  const id = await make({ name: "Walled" });
  const page = await open(`/o/barge/${id}`);
  await field(page, 0).waitFor();
  await still(page);
  assert.equal(await field(page, 20).count(), 0); // of another tab
  for (const name of ["First", "Second"]) await page.getByRole("region", { name }).getByRole("heading", { name }).waitFor();
  await page.getByRole("tab", { name: "Crew" }).click();
  await field(page, 20).waitFor();
  assert.equal(await field(page, 0).count(), 0);
  await done(page);

  // On a phone sections are folded, but for the first.
  const small = await open(`/o/barge/${id}`, phone);
  await field(small, 0).waitFor();
  assert.equal(await field(small, 10).isVisible(), false);
  await small.locator("summary", { hasText: "Second" }).tap();
  await field(small, 10).waitFor();
  await done(small);
});

test("a related list stands in a tab", async () => {
  const id = await make({ name: "Tug" });
  await make({ name: "Lighter", towed: id, state: "afloat" });
  const page = await open(`/o/barge/${id}`);
  await field(page, 0).waitFor();
  await still(page);
  assert.equal(await page.getByRole("region", { name: "Towing" }).count(), 0);
  await page.getByRole("tab", { name: "Tows" }).click();
  await page.getByRole("region", { name: "Towing" }).getByRole("link", { name: "Lighter" }).waitFor();
  await done(page);
});

test("the layout is as it was left when a record is opened again", async () => {
  const [first, second] = [await make({ name: "Opened one" }), await make({ name: "Opened two" })];
  const page = await open("/o/barge?view=barges&q=Opened");
  await page.locator("[data-row='0'] a[data-open]").click();
  await heading(page, "Opened one").waitFor();
  await page.getByRole("tab", { name: "Crew" }).click();
  await page.getByRole("complementary", { name: "Beside the record" }).getByRole("tab", { name: "Changes" }).click();
  await field(page, 20).waitFor();
  const asLeft = async (id) => {
    await field(page, 20).waitFor();
    assert.equal(new URL(page.url()).pathname, `/o/barge/${id}`);
    for (const name of ["Crew", "Changes"]) assert.equal(await page.getByRole("tab", { name }).getAttribute("aria-selected"), "true", name);
  };
  await asLeft(first);
  await page.keyboard.press("j"); // and on the next one
  await heading(page, "Opened two").waitFor();
  await asLeft(second);
  await page.reload();
  await asLeft(second);
  await done(page);
});

test("no page is written a second time for the phone: an address shows the same on both", async () => {
  const id = await make({ name: "Amphibious", state: "afloat", f20: "seven" });
  const wide = await open("/");
  const small = await open("/", phone);
  for (const [path, ...seen] of [
    ["/o/barge?view=barges&q=Amphibious&filter=state == \"afloat\"", "Amphibious"],
    ["/o/barge?view=barge_board&q=Amphibious", "Amphibious"],
    [`/o/barge/${id}?tab=crew`, "Amphibious", "seven"],
    ["/o/barge?view=barges&new=", "New Barge"],
    ["/me", "Language and region"],
    ["/inbox", "Inbox"],
  ])
    for (const page of [wide, small]) {
      await page.goto(server.base + path);
      for (const text of seen) await page.getByText(text).locator("visible=true").first().waitFor();
      const at = new URL(page.url());
      assert.equal(decodeURIComponent(at.pathname + at.search).replaceAll("+", " "), path); // nobody was sent elsewhere
    }
  await done(wide);
  await done(small);
});
