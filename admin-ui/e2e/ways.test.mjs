// The ways of showing a list besides the table, and the page that a day begins with.
import assert from "node:assert/strict";
import { test } from "node:test";
import { begin, done as ended, phone, visit } from "./browser.mjs";

const { server, browser } = await begin();

const open = (path, { email = "sarah@example.com", options } = {}) => visit(browser, server, email, options, path);

/** Ends a page; what the server refused, the console has told of too. */
async function done(page) {
  page.complaints = page.complaints.filter((text) => !/422/.test(text));
  await ended(page);
}

/**
 * Takes an element to another by the pointer; `halfway` is called with the pointer there and still pressed. The board
 * scrolls while the pointer is at its edge, so that the pointer follows where it is to go.
 */
async function drag(page, from, to, halfway) {
  await from.scrollIntoViewIfNeeded();
  const a = await from.boundingBox();
  await page.mouse.move(a.x + 12, a.y + a.height - 6);
  await page.mouse.down();
  let was;
  for (let place = await to.boundingBox(); JSON.stringify(place) !== was; place = await to.boundingBox()) {
    was = JSON.stringify(place);
    await page.mouse.move(place.x + place.width / 2, place.y + Math.min(place.height / 2, 90), { steps: 5 });
  }
  await halfway?.();
  await page.mouse.up();
}

const changed = (page) => page.waitForResponse((answer) => answer.request().method() === "PATCH" && answer.ok());

test("a card is dragged to another column, asked for what is missing, and refused where it may not go", async () => {
  const api = await server.as("sarah@example.com");
  const { id } = await api("POST", "/records/opportunity", { name: "Zeppelin charter" });
  const page = await open("/o/opportunity?view=pipeline&q=Zeppelin");
  const column = (name) => page.getByRole("region", { name, exact: true });
  const card = page.locator(`[data-card="${id}"]`);
  await column("Prospecting").locator(card).waitFor();

  await drag(page, card, column("Proposal"));
  await page.getByRole("dialog").getByLabel("Amount").fill("700"); // the stage asks for it; the card is where it was
  await column("Prospecting").locator(card).waitFor();
  const stored = changed(page);
  await page.getByRole("dialog").getByRole("button", { name: "Save", exact: true }).click();
  await stored;
  await column("Proposal").locator(card).waitFor();
  await column("Proposal").getByText("700.00").first().waitFor();
  assert.equal((await api("GET", `/records/opportunity/${id}`)).stage, "proposal");

  // Taken back with what was filled in for it.
  const undone = changed(page);
  await page.getByRole("button", { name: "Undo" }).click();
  await undone;
  await column("Prospecting").locator(card).waitFor();
  const { stage, amount } = await api("GET", `/records/opportunity/${id}`);
  assert.deepEqual({ stage, amount }, { stage: "prospecting", amount: null });

  // The same by keys: the menu says which columns can be entered.
  await api("PATCH", `/records/opportunity/${id}`, { stage: "proposal", amount: "700", close_date: "2026-12-24" });
  await page.reload();
  await column("Proposal").locator(card).waitFor();
  const won = changed(page);
  await drag(page, card, column("Won"));
  await won;
  await page.getByText("Zeppelin charter is now in Won.").first().waitFor();
  assert.equal(await page.getByRole("button", { name: "Undo" }).count(), 0, "there is no way back from Won");
  await column("Won").locator(card).waitFor();
  await drag(page, card, column("Proposal"), () => column("Proposal").getByText("Not from here").waitFor());
  await column("Won").locator(card).waitFor();
  await card.getByRole("button", { name: "Move Zeppelin charter to…" }).focus();
  await page.keyboard.press("Enter");
  assert.equal(await page.getByRole("menuitem", { name: "Proposal" }).isDisabled(), true);
  const back = changed(page);
  await page.getByRole("menuitem", { name: "Negotiation" }).press("Enter");
  await back;
  await column("Negotiation").locator(card).waitFor();
  assert.equal((await api("GET", `/records/opportunity/${id}`)).stage, "negotiation");

  await card.getByRole("link", { name: "Zeppelin charter" }).click();
  await page.getByRole("heading", { name: "Zeppelin charter", level: 1 }).waitFor();
  await done(page);
});

test("a column goes on where it is scrolled, and on a phone there is one at a time", async () => {
  const api = await server.as("sarah@example.com");
  const operations = Array.from({ length: 60 }, (_, i) => ({ op: "create", data: { subject: `Galleon ${i}`, status: "waiting" } }));
  await api("POST", "/records/task/bulk", { operations });
  const page = await open("/o/task?view=tasks_by_status&q=Galleon", { options: phone });
  await page.getByRole("combobox", { name: "Status" }).or(page.getByLabel("Status")).first().tap();
  await page.getByRole("option", { name: /Waiting/ }).tap();
  const cards = page.locator("[data-card]");
  await cards.first().waitFor();
  await page.waitForFunction(() => {
    const seen = document.querySelectorAll("[data-card]");
    seen[seen.length - 1]?.scrollIntoView();
    return seen.length === 60;
  });
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "the page is wider than the screen");
  await done(page);
});

test("a board asks one question, and finds words for who may not read all that they are sought in", async () => {
  const admin = await server.as("admin@example.com");
  await admin("POST", "/metadata/apply", {
    documents: [
      {
        kind: "object", name: "parcel", label: "Parcel", name_field: "name", visibility: "write",
        fields: { name: { type: "text", label: "Name" }, worth: { type: "text", label: "Worth" }, weight: { type: "number", label: "Weight" },
          state: { type: "picklist", label: "State", options: { packed: { label: "Packed", order: 1 }, sent: { label: "Sent", order: 2 } } } },
      },
      { kind: "view", name: "parcels", label: "Parcels", object: "parcel", columns: ["name", "weight"], show: "kanban", group: "state",
        sum: ["weight", { op: "max", field: "weight", as: "heaviest" }] },
      { kind: "view", name: "parcels_of", label: "Parcels by person", object: "parcel", columns: ["name", "weight"], show: "kanban", group: "owner", sum: ["weight"] },
      { kind: "permission", name: "carrier", label: "Carrier", objects: { parcel: { read: true, update: true, fields: { "*": "edit", worth: "none" } } } },
    ],
  });
  const { user } = await (await server.as("sarah@example.com"))("GET", "/me");
  const { permissions } = await admin("GET", `/records/user/${user.id}`);
  await admin("PATCH", `/records/user/${user.id}`, { permissions: [...permissions, "carrier"] });
  for (const [name, state, weight] of [["Crate of figs", "packed", 3], ["Crate of nuts", "sent", 5], ["Crate of dates", null, 2], ["Box", "sent", 1]])
    await admin("POST", "/records/parcel", { name, state, weight, worth: "crate" });
  const asked = [];
  const page = await open("/inbox");
  page.on("request", (r) => r.url().includes("/records/parcel") && asked.push(r.url().replace(/.*parcel/, "")));
  await page.goto(`${server.base}/o/parcel?view=parcels&q=crate`);
  const column = (name) => page.getByRole("region", { name, exact: true });
  await column("Sent").getByText("Crate of nuts").waitFor();
  await column("Packed").getByText("Crate of figs").waitFor();
  await column("Empty").getByText("Crate of dates").waitFor();
  assert.equal(await column("Sent").locator("[data-card]").count(), 1); // not what only the field has that he may not read
  await column("Sent").getByTitle("heaviest").getByText("5").waitFor();
  assert.deepEqual(asked.filter((one) => /board|^\?/.test(one)), ["/board"]);
  asked.length = 0;
  await page.goto(`${server.base}/o/parcel?view=parcels_of`);
  await column("Administrator").getByText("Crate of nuts").waitFor();
  assert.deepEqual(asked, ["/board"]); // what it refers to has not to be asked for before
  await done(page);
});

test("a day begins with what is mine, every number leads to its records, and an admin changes what is there", async () => {
  const api = await server.as("sarah@example.com");
  const today = new Date().toISOString().slice(0, 10);
  await api("POST", "/records/task", { subject: "Ring the harbour", due: today, priority: "high" });
  const { rows } = await api("POST", "/records/opportunity/aggregate", { filter: "owner == user.id and not closed", group: [{ field: "stage" }], measures: [{ op: "count" }, { op: "sum", field: "amount" }] });
  const page = await open("/");
  const part = (name) => page.getByRole("region", { name, exact: true });
  await part("My tasks, due or overdue").getByRole("link", { name: "Ring the harbour" }).waitFor();
  const sum = rows.reduce((all, row) => all + Number(row.sum_amount), 0);
  await part("My pipeline").getByText(new Intl.NumberFormat("en", { minimumFractionDigits: 2 }).format(sum)).waitFor();

  // A bar leads to the records that it stands for.
  const bar = part("My pipeline by stage").getByRole("link", { name: /^Prospecting/ });
  await bar.click();
  await page.getByRole("heading", { name: "Opportunities", level: 1 }).waitFor();
  const filter = new URL(page.url()).searchParams.get("filter");
  const { total } = await api("GET", `/records/opportunity?count=exact&limit=1&filter=${encodeURIComponent(filter)}`);
  assert.equal(total, rows.find((row) => row.stage === "prospecting").count);
  await page.locator("[data-row='0']").waitFor();

  const admin = await server.as("admin@example.com");
  const apply = (filter) => admin("POST", "/metadata/apply", { documents: [{ kind: "dashboard", name: "mine", label: "Harbour", order: 1, widgets: { boats: { type: "number", label: "Boats", object: "task", filter } } }] });
  await assert.rejects(apply("owner =="), /422/);
  await apply('subject contains "harbour"');
  await page.goto(server.base);
  await page.getByRole("heading", { name: "Harbour" }).waitFor();
  await part("Boats").getByText("1", { exact: true }).waitFor();
  await admin("POST", "/metadata/apply", { delete: [{ kind: "dashboard", name: "mine" }] });
  await done(page);
});

test("a day tells what others changed of what I follow, and what I opened last", async () => {
  const [sarah, admin] = [await server.as("sarah@example.com"), await server.as("admin@example.com")];
  await admin("POST", "/metadata/apply", { documents: [{ kind: "dashboard", name: "followed", label: "Followed", order: 1, widgets: {
    changed: { type: "changes", label: "Changes", order: 1 }, recent: { type: "recent", label: "Opened", order: 2, limit: 3 } } }] });
  const name = `Followed ${Date.now()}`;
  const { id } = await sarah("POST", "/records/account", { name });
  await sarah("PUT", `/records/account/${id}/follow`);
  await sarah("PUT", `/me/recent/account/${id}`);
  const page = await open("/");
  const part = (label) => page.getByRole("region", { name: label, exact: true });
  await part("Opened").getByRole("link", { name }).waitFor();
  await admin("PATCH", `/records/account/${id}`, { website: "followed.example.com" });
  await part("Changes").getByRole("listitem").filter({ hasText: name }).filter({ hasText: "Website" }).waitFor(); // while the page is open
  await done(page);
  await admin("POST", "/metadata/apply", { delete: [{ kind: "dashboard", name: "followed" }] });
});

test("an event is dragged to another day, moved by keys, and made on the day that is clicked", async () => {
  const api = await server.as("sarah@example.com");
  const { id } = await api("POST", "/records/event", { subject: "Launching", start: "2027-03-10T09:30:00Z", end: "2027-03-10T11:00:00Z" });
  await api("POST", "/records/event", { subject: "Elsewhere", start: "2027-05-10T09:30:00Z", end: "2027-05-10T11:00:00Z" });
  const page = await open("/o/event?view=calendar&day=2027-03-01");
  const entry = page.locator(`[data-entry="${id}"]`);
  const on = (day) => page.locator(`[data-drop="${day}"]`);
  await on("2027-03-10").locator(entry).waitFor();
  const dropped = changed(page);
  await drag(page, entry, on("2027-03-18"));
  await on("2027-03-18").locator(entry).waitFor();
  await dropped;
  const times = async () => {
    const { start, end } = await api("GET", `/records/event/${id}`);
    return [start, end].map((at) => new Date(at).toISOString().slice(0, 16));
  };
  assert.deepEqual(await times(), ["2027-03-18T09:30", "2027-03-18T11:00"]);

  await entry.getByRole("button", { name: "Move Launching to…" }).focus();
  await page.keyboard.press("Enter");
  const panel = page.getByRole("dialog");
  await panel.getByLabel("Day").fill("2027-03-02");
  await panel.getByLabel("Time").fill("14:00");
  const moved = changed(page);
  await page.keyboard.press("Enter");
  await on("2027-03-02").locator(entry).waitFor();
  await moved;
  assert.deepEqual(await times(), ["2027-03-02T14:00", "2027-03-02T15:30"]);

  // In the week it stands at its time, and only that week was asked for.
  const asked = page.waitForRequest((request) => new URL(request.url()).searchParams.get("filter")?.includes("date(start) < date(2027, 3, 8)") ?? false);
  await page.getByText("Week", { exact: true }).click();
  await asked;
  await page.getByText("Month", { exact: true }).click();

  await on("2027-03-24").click({ position: { x: 60, y: 70 } });
  await page.getByRole("dialog").getByLabel("Subject").fill("Painting");
  await page.getByRole("dialog").getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("heading", { name: "Painting", level: 1 }).waitFor();
  const { items } = await api("GET", `/records/event?filter=${encodeURIComponent('subject == "Painting"')}`);
  assert.match(items[0].start, /^2027-03-24T09:00/);
  await done(page);
});

test("a deal without a start and an end is on the day of its close date", async () => {
  const api = await server.as("sarah@example.com");
  const { id } = await api("POST", "/records/opportunity", { name: "Catamaran", close_date: "2027-08-05" });
  const page = await open("/o/opportunity?view=closing_calendar&day=2027-08-20");
  const stored = changed(page);
  await drag(page, page.locator(`[data-entry="${id}"]`), page.locator('[data-drop="2027-08-31"]'));
  await stored;
  assert.equal((await api("GET", `/records/opportunity/${id}`)).close_date, "2027-08-31");
  await done(page);
});

test("a period is read to its end, page after page", async () => {
  const api = await server.as("sarah@example.com");
  for (const n of [400, 110]) {
    const operations = Array.from({ length: n }, (_, i) => ({ op: "create", data: { subject: `Sloop ${n} ${i}`, due: "2031-05-14" } }));
    const { failed } = await api("POST", "/records/task/bulk", { operations });
    assert.equal(failed, 0);
  }
  const page = await open("/o/task?view=&as=calendar&columns=subject,due&q=Sloop&day=2031-05-14");
  await page.getByText("507 more").waitFor();
  await done(page);
});

test("a chart is what its list tells, and a part of it leads to its records", async () => {
  const api = await server.as("sarah@example.com");
  const { rows } = await api("POST", "/records/opportunity/aggregate", { filter: 'stage == "won"', group: [{ field: "close_date", by: "month", as: "month" }], measures: [{ op: "sum", field: "amount" }, { op: "count" }] });
  const last = rows.at(-1);
  const page = await open("/o/opportunity?view=won_by_month");
  const table = page.getByRole("figure", { name: "Won by month" }).getByRole("table"); // for who can't see the drawing
  const name = new Intl.DateTimeFormat("en", { year: "numeric", month: "short", timeZone: "UTC" }).format(new Date(`${last.month}-01`));
  const amount = new Intl.NumberFormat("en", { minimumFractionDigits: 2 }).format(last.sum_amount);
  assert.equal(await table.getByRole("row", { name }).getByRole("cell").first().innerText(), amount);
  await page.getByRole("combobox", { name: "What is charted" }).selectOption("Opportunities");
  await page.getByRole("link", { name: `${name}: ${last.count} · Amount: ${amount}` }).waitFor();
  assert.equal(new URL(page.url()).searchParams.get("measure"), "count");
  await page.getByRole("combobox", { name: "What is charted" }).selectOption("Amount");
  await page.getByRole("link", { name: `${name}: ${amount}` }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("grid").waitFor();
  const filter = new URL(page.url()).searchParams.get("filter");
  const { total } = await api("GET", `/records/opportunity?count=exact&limit=1&filter=${encodeURIComponent(filter)}`);
  assert.equal(total, last.count);
  await page.goto(`${server.base}/o/lead?view=leads_by_source`);
  await page.getByRole("figure", { name: "Leads by source" }).getByRole("link").first().waitFor();
  await done(page);
});

test("a bar of the timeline is dragged by days, and only rows in sight are drawn", async () => {
  const api = await server.as("sarah@example.com");
  const operations = Array.from({ length: 200 }, (_, i) => ({ op: "create", data: { subject: `Leg ${i}`, start: "2027-10-04T08:00:00Z", end: "2027-10-06T08:00:00Z" } }));
  await api("POST", "/records/event/bulk", { operations });
  const { id } = await api("POST", "/records/event", { subject: "Passage", start: "2027-10-02T08:00:00Z", end: "2027-10-04T12:00:00Z" });
  const page = await open("/o/event?view=event_timeline&day=2027-10-10");
  const bar = page.locator(`[data-entry="${id}"]`);
  await bar.waitFor();
  assert.ok((await page.locator("[data-entry]").count()) < 60);
  const box = await bar.boundingBox();
  const day = box.width / 3;
  const stored = changed(page);
  await page.mouse.move(box.x + day / 2, box.y + 8);
  await page.mouse.down();
  await page.mouse.move(box.x + day * 5.5, box.y + 8, { steps: 4 });
  await page.mouse.up();
  await stored;
  const { start, end } = await api("GET", `/records/event/${id}`);
  assert.deepEqual([start, end].map((at) => new Date(at).toISOString().slice(0, 16)), ["2027-10-07T08:00", "2027-10-09T12:00"]);
  await done(page);
});

test("a gallery shows pictures", async () => {
  const admin = await server.as("admin@example.com");
  const pixel = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");
  const page = await open("/", { email: "admin@example.com" });
  const sent = await page.request.post(`${server.base}/api/v1/files?name=sail.png`, { headers: { "Content-Type": "application/octet-stream" }, data: pixel });
  assert.ok(sent.ok(), await sent.text());
  const { id } = await admin("POST", "/records/product", { name: "Mainsail", active: true, picture: [{ id: (await sent.json()).id }] });
  await page.goto(`${server.base}/o/product?view=product_gallery&q=Mainsail`);
  const card = page.locator(`[data-card="${id}"]`);
  await card.waitFor();
  await page.waitForFunction((of) => document.querySelector(`[data-card="${of}"] img`)?.naturalWidth > 0, id);
  await card.click();
  await page.getByRole("heading", { name: "Mainsail", level: 1 }).waitFor();
  await done(page);
});
