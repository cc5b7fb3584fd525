// Every type of field, on the page of a record and in a list: it is entered, it is shown, and records are found by it.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { begin, desktop, done, visit } from "./browser.mjs";
import { still } from "./screens.mjs";
import { admin, start } from "./server.mjs";

const { server, browser } = await begin(start({ own: true })); // with an object of its own
const pixel = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");
const options = { small: { label: "Small", order: 1 }, large: { label: "Large", order: 2 } };

/** Types a text into the field, where it stands. */
const typed = (text) => async (page, button) => {
  await button.click();
  await page.locator("input:focus, textarea:focus").fill(text);
  await page.keyboard.press("Enter");
};
/** Types what one of the offers is called by, and takes that. */
const chosen = (name, closes = false) => async (page, button) => {
  await button.click();
  await page.locator("input:focus").fill(name);
  await page.getByRole("option", { name, exact: true }).first().click();
  if (closes) await leave(page);
};
/** Fills the parts of the field, which are called so, and leaves it. */
const parts = (values) => async (page, button, label) => {
  await button.click();
  for (const [name, value] of Object.entries(values)) await page.getByRole("group", { name: label }).getByLabel(name).fill(value);
  await leave(page);
};
/** Chooses a file for the field. */
const uploaded = (name, mimeType, buffer) => (page, _, label) =>
  page.getByRole("group", { name: label }).locator("input[type=file]").setInputFiles({ name, mimeType, buffer });
/** Leaves the field. */
const leave = (page) => page.getByRole("heading", { level: 1 }).click();

/**
 * By type: what is entered and how; the text that then stands there and in the list; an operator
 * and a value by which the record is found, maybe of a part of the field. What can't be asked but for whether it is there has no operator.
 */
const types = {
  address: { enter: parts({ Street: "Main St 1", City: "Springfield" }), shows: /Springfield/, part: "City", by: ["starts with", "Spring"] },
  any_lookup: {
    more: { objects: ["account"] },
    enter: async (page, button, label) => {
      await button.click();
      await page.getByRole("combobox", { name: "Kind of record" }).click();
      await page.getByRole("option", { name: "Account" }).click();
      await page.getByRole("group", { name: label }).getByPlaceholder("Choose").fill("Acme of fields");
      await page.getByRole("option", { name: "Acme of fields", exact: true }).click();
    },
    shows: /Acme of fields/,
  },
  checkbox: {
    enter: async (page, button, label) => {
      await button.click();
      await page.getByRole("checkbox", { name: label }).click();
    },
    shows: /Yes/,
    by: ["is ticked"],
    others: ["is not ticked"],
  },
  children: {
    more: { fields: { what: { type: "text", label: "What" } } },
    enter: async (page) => {
      const table = page.locator('[data-name="of_children"]');
      await table.getByRole("button", { name: "Add row" }).click();
      await table.locator("input:focus").fill("Bolts");
      await leave(page);
    },
    shows: /Bolts|^1/, // the rows of the table, and how many there are
  },
  currency: { more: { currency: "USD" }, enter: typed("1234.5"), shows: /\$1,234\.50/, by: [">", "1000"] },
  date: { enter: typed("2026-03-14"), shows: /Mar 14, 2026/, by: ["is before", "3/15/2026"] },
  datetime: { enter: typed("2026-03-14T09:30"), shows: /Mar 14, 2026.*9:30/, by: ["is on", "3/14/2026"] },
  duration: { enter: typed("1:30"), shows: /1:30|1 h/, by: [">", "1:00"] },
  email: { enter: typed("ada@example.com"), shows: /ada@example\.com/, by: ["contains", "ada@"] },
  file: { enter: uploaded("plan.txt", "text/plain", Buffer.from("A plan.")), shows: /plan\.txt/ },
  image: { enter: uploaded("dot.png", "image/png", pixel), shows: /dot\.png|\/files\// },
  json: {
    enter: async (page, button) => {
      await button.click();
      await page.locator("textarea:focus").fill('{"a": [1]}');
      await leave(page);
    },
    shows: /"a"/,
  },
  link: { enter: parts({ Address: "https://example.com/x", Text: "The plan" }), shows: /The plan/ },
  location: { enter: parts({ Latitude: "52.52", Longitude: "13.405" }), shows: /52\.52/, part: "Latitude", by: [">", "52"] },
  long_text: {
    enter: async (page, button) => {
      await button.click();
      await page.locator("textarea:focus").fill("One line\nand another");
      await leave(page);
    },
    shows: /One line/,
    by: ["contains", "another"],
  },
  lookup: { more: { object: "account" }, enter: chosen("Acme of fields"), shows: /Acme of fields/, by: ["is", "Acme of fields"] },
  multi_picklist: { more: { options }, enter: chosen("Large", true), shows: /Large/, by: ["has", "Large"] },
  number: { enter: typed("42"), shows: /42/, by: ["≥", "42"] },
  percent: { enter: typed("12.5"), shows: /12\.50 %/, by: ["<", "13"] },
  phone: { enter: typed("+49 30 1234567"), shows: /\+49/, by: ["contains", "1234567"] },
  picklist: { more: { options }, enter: chosen("Small"), shows: /Small/, by: ["is", "Small"] },
  rich_text: {
    enter: async (page, button) => {
      await button.click();
      await page.locator("[contenteditable]").fill("Written bold");
      await leave(page);
    },
    shows: /Written bold/,
    by: ["contains", "bold"],
  },
  secret: { enter: typed("hunter2"), shows: /^(?![\s\S]*hunter2)[\s\S]*•/ },
  tags: {
    enter: async (page, button) => {
      await button.click();
      await page.keyboard.type("urgent");
      await page.keyboard.press("Enter");
      await leave(page);
    },
    shows: /urgent/,
    by: ["has", "urgent"],
  },
  text: { enter: typed("Plain text"), shows: /Plain text/, by: ["starts with", "Plain"] },
  time: { enter: typed("09:30"), shows: /9:30/, by: ["<", "10:00 AM"] },
  url: { enter: typed("https://example.com/"), shows: /example\.com/, by: ["contains", "example"] },
  user: { enter: chosen("Diana Ross"), shows: /Diana Ross/, by: ["is", "Diana Ross"] },
};
/** Nobody enters these. */
const given = {
  auto_number: { more: { pattern: "P-{0000}" } },
};

let api, one, page;
before(async () => {
  api = await server.as(admin);
  await api("POST", "/records/account", { name: "Acme of fields" });
  const fields = Object.fromEntries(
    Object.entries({ ...types, ...given }).map(([type, { more }], i) => [`of_${type}`, { type, label: `Of ${type}`, order: i + 2, ...more }]),
  );
  await api("POST", "/metadata/apply", {
    documents: [{ kind: "object", name: "sample", label: "Sample", label_plural: "Samples", name_field: "name", visibility: "write", fields: { name: { type: "text", label: "Name", required: true, order: 1 }, ...fields } }],
  });
  for (const name of ["Filled", "Empty"]) {
    const { id } = await api("POST", "/records/sample", { name });
    one ??= id;
  }
  page = await visit(browser, server, admin, desktop, "/me");
});

test("every type of field that there is is tried", async () => {
  const { items } = await api("GET", "/schemas/field-types");
  const computed = ["formula", "rollup"]; // shown and asked as the type that they result in
  assert.deepEqual(items.map((it) => it.type).filter((type) => !computed.includes(type)).sort(), [...Object.keys(types), ...Object.keys(given)].sort());
});

/** What stands in a column of the list by now, row by row; of a picture where it is from. */
const listed = (page, column) =>
  page.locator("[role=grid] [data-row]").evaluateAll((rows, column) => rows.map((row) => {
    const cell = row.querySelector(`[data-column="${column}"]`);
    return (cell?.textContent ?? "") + [...(cell?.querySelectorAll("img") ?? [])].map((one) => one.getAttribute("src")).join(" ");
  }), column);

/** Takes what stands in the box of filters away, and puts together another out of what is offered. */
async function filter(page, label, [operator, value], offered = false) {
  for (const chip of await page.getByRole("button", { name: /^Remove/ }).all()) await chip.click();
  const box = page.getByRole("combobox", { name: "Filter" });
  await box.fill(label);
  await page.getByRole("option", { name: label, exact: true }).click();
  await page.getByRole("option", { name: operator, exact: true }).click();
  if (value === undefined) return;
  await page.keyboard.type(value);
  const offer = page.getByRole("listbox", { name: "Filter" }).getByRole("option", { name: value, exact: true });
  if (offered) await offer.click();
  else await page.keyboard.press("Enter");
}
const finds = (page, ...names) =>
  page.waitForFunction(
    (names) =>
      !document.querySelector("[role=grid]")?.dataset.dim?.includes("true") &&
      [...document.querySelectorAll("[role=grid] [data-row]")].map((row) => row.querySelector("[data-column='0']")?.textContent).join() === names,
    names.join(),
  );

/** Goes to another page without a load. */
const go = (path) =>
  page.evaluate((path) => {
    history.pushState(null, "", path);
    dispatchEvent(new PopStateEvent("popstate"));
  }, path);

for (const [type, { enter, shows, part, by, others = ["is empty"] }] of Object.entries(types))
  test(`${type}: entered on the page of a record, shown there and in a list, and found`, async () => {
    const label = `Of ${type}`;
    const place = page.locator(`[data-name="of_${type}"]`);
    await go(`/o/sample/${one}`);
    await page.getByRole("button", { name: "Follow" }).waitFor();
    await still(page);
    const stored = page.waitForResponse((r) => r.request().method() === "PATCH" && r.url().includes("/records/sample/") && r.ok());
    await enter(page, page.locator(`button[data-field="of_${type}"]`), label);
    await stored;
    await still(page);
    const inputs = await place.locator("input:not([type=file])").evaluateAll((all) => all.map((input) => input.value));
    assert.match([await place.innerText(), ...inputs].join(" "), shows);

    await go(`/o/sample?view=&columns=name,of_${type}&sort=-name`);
    await finds(page, "Filled", "Empty");
    await still(page);
    const [filled, empty] = await listed(page, 1);
    assert.match(filled, shows);
    assert.equal(empty, "");
    if (by) {
      await filter(page, part ? `${label} · ${part}` : label, by, ["lookup", "user", "picklist", "multi_picklist"].includes(type));
      await finds(page, "Filled");
    }
    await filter(page, label, others);
    await finds(page, "Empty");
    await page.getByRole("button", { name: `${label} ${others}` }).waitFor();
    assert.deepEqual(page.complaints, []);
  });

test("a part of a field is a column, by which a list is sorted and grouped", async () => {
  await go("/o/sample?view=&columns=name&sort=-name");
  await finds(page, "Filled", "Empty");
  await page.getByRole("button", { name: "Columns" }).click();
  await page.getByRole("switch", { name: "Of address · City" }).press("Space");
  await page.keyboard.press("Escape");
  await page.getByRole("columnheader", { name: "Of address · City" }).click();
  await page.waitForURL(/sort=of_address\.city/);
  await finds(page, "Empty", "Filled");
  assert.deepEqual(await listed(page, 1), ["", "Springfield"]);
  await page.getByRole("button", { name: "Group", exact: true }).click();
  await page.getByRole("menuitem", { name: "Of address · City" }).click();
  await page.getByRole("gridcell").filter({ hasText: /^▸Springfield1$/ }).waitFor();
  assert.deepEqual(page.complaints, []);
});

test("auto_number: given, shown and found", async () => {
  await go("/o/sample?view=&columns=name,of_auto_number&sort=-name");
  await finds(page, "Filled", "Empty");
  const [number] = await listed(page, 1);
  assert.match(number, /^P-\d{4}$/);
  await filter(page, "Of auto_number", ["is", number]);
  await finds(page, "Filled");
  await go(`/o/sample/${one}`);
  await page.locator('[data-name="of_auto_number"]').getByText(number).waitFor();
  assert.equal(await page.locator('button[data-field="of_auto_number"]').count(), 0, "nobody enters it");
  await done(page);
});

test("an address may ask for days and times that are none", async () => {
  const odd = await visit(browser, server, admin, desktop, "/me", /status of 422/);
  const filter = encodeURIComponent('of_date == "soon" and of_time > "noon" and date(of_datetime) <= "2026-99-99"');
  await odd.goto(`${server.base}/o/sample?view=&columns=name&filter=${filter}`);
  await odd.getByRole("button", { name: "Of date is on soon" }).waitFor();
  await odd.getByRole("button", { name: "Of datetime is not after 2026-99-99" }).waitFor();
  await odd.getByRole("main").getByRole("alert").first().waitFor();
  await done(odd);
});
