// Markup, scripts, templates and signs that turn texts around, in every text that people write: each is shown as
// the text that it is, on every screen, and nothing of it runs.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, test } from "node:test";
import { begin, done, phone, visit } from "./browser.mjs";
import { address, at, documents, evil, turned, values } from "./hostile.mjs";
import { still } from "./screens.mjs";
import { password, start } from "./server.mjs";

const { server, browser } = await begin(start({ own: true, size: 20 }));
let api;
let odd;
const mallory = "mallory@example.com";
before(async () => {
  api = await server.as("admin@example.com");
  await api("POST", "/metadata/apply", { documents });
  const { id: user } = await api("POST", "/records/user", { name: at("Mallory"), email: mallory, active: true, permissions: ["admin"] });
  await api("PUT", `/users/${user}/password`, { password });
  const hers = await server.as(mallory);
  odd = (await hers("POST", "/records/odd", values)).id;
  await hers("POST", "/records/odd", { ...values, other: odd, state: "two" });
  await hers("PATCH", `/records/odd/${odd}`, { name: at("Renamed") });
  await hers("PUT", `/records/odd/${odd}/follow`);
  await api("POST", `/records/odd/${odd}/comments`, { text: `${at("Said")} @[${evil}](user:${user}) [link](${address})` });
  await hers("PUT", `/me/favourites/odd/${odd}`);
  await hers("POST", "/views", { object: "odd", label: at("Saved"), shared: "me", show: "table", columns: ["name"] });
});

/** What a page tells people: its title, what stands on it, what is written in its inputs, and names and hints of its controls. */
const tells = (text) => {
  const parts = [document.title, document.body.innerText];
  for (const one of document.querySelectorAll("input, textarea, option, [aria-label], [title], svg title"))
    parts.push(one.value, one.getAttribute("aria-label"), one.getAttribute("title"), one.textContent);
  return parts.some((part) => String(part).includes(text));
};

/** Nothing on the page came of a text, and texts of these places are shown. */
async function texts(page, where, ...places) {
  for (const place of places) await page.waitForFunction(tells, at(place)).catch(() => assert.fail(`${where} does not show the text of ${place}`));
  const made = await page.evaluate(() => {
    const found = [...document.querySelectorAll("img[src='x'], script:not([src]), svg[onload], body [onerror], body iframe")].map((one) => one.outerHTML);
    for (const link of document.querySelectorAll("[href], [action], [formaction], [src]"))
      for (const name of ["href", "action", "formaction", "src"]) {
        const to = link.getAttribute(name);
        if (to && !["http:", "https:", "mailto:", "tel:", "blob:"].includes(new URL(to, document.baseURI).protocol)) found.push(link.outerHTML);
      }
    return found;
  });
  assert.deepEqual(made, [], where);
  assert.equal((await page.evaluate(() => document.body.innerText)).includes(">2$t("), false, where); // {{1+1}}
}

const show = async (page, path) => {
  await page.goto(server.base + path);
  await page.getByRole("main").waitFor();
  await still(page);
};

for (const [look, options] of Object.entries({ desktop: { colorScheme: "light" }, phone }))
  test(`what people write is text on every screen: ${look}`, async () => {
    const page = await visit(browser, server, mallory, { ...options, locale: "en-US" }, "/", /status of (401|422)/);
    const wide = look === "desktop";
    await still(page);
    await texts(page, "home", "Dashboard", "Widget", "Drawn", "Renamed", ...(wide ? ["App", "Item", "Mallory"] : []));
    for (const [view, ...places] of [
      ["table", "Odds", "Renamed", "One", ...(wide ? ["table", "State", "Mark", "Story"] : [])],
      ["kanban", "One", ...(wide ? ["Two"] : []), "Renamed"],
      ...(wide ? [["gallery", "Renamed"], ["chart", "Renamed", "Sum"]] : []),
    ]) {
      await show(page, `/o/odd?view=odd_${view}`);
      await texts(page, view, ...places);
    }
    if (wide) {
      for (const view of ["calendar", "timeline"]) {
        await show(page, `/o/odd?view=odd_${view}&day=2027-03-10`);
        await page.locator("[data-entry]").first().waitFor();
        await texts(page, view, "Renamed");
      }
      await page.locator("[data-entry]").first().hover();
      await texts(page, "timeline, pointed at", "Renamed");
      await show(page, "/o/odd?view=odd_chart");
      await page.getByRole("figure").getByRole("link").first().hover();
      await texts(page, "chart, pointed at", "Sum");
      await show(page, `/o/odd?view=odd_table&filter=${encodeURIComponent('state == "one" and other == nil')}&group=state&peek=${odd}`);
      await texts(page, "filter, groups and the record beside", "State", "One", "Renamed");
      await page.getByRole("button", { name: "Columns" }).click();
      await texts(page, "the menu of columns", "Tags");
    }
    await show(page, `/o/odd/${odd}`);
    await page.getByRole("heading", { level: 1 }).getByText("Renamed").waitFor();
    await texts(page, "record", "Tab", "Second", "Section", "Others", "Called", "State", "Story", "Raw");
    assert.ok((await page.title()).startsWith(at("Renamed")));
    await page.getByRole("tab", { name: /^Second/ }).click();
    await texts(page, "second tab", "Rest", "What");
    if (!wide) return done(page);
    await show(page, `/o/odd/${odd}?merge=`);
    await page.getByRole("dialog").waitFor();
    await texts(page, "merge", "Called");
    await show(page, "/o/odd?view=odd_table&new=");
    await page.getByRole("dialog").getByLabel(/^Name/).fill(at("Typed"));
    await page.getByRole("dialog").getByRole("button", { name: "More fields" }).click();
    await page.getByRole("dialog").getByLabel(/^Size/).fill("1000");
    await page.getByRole("dialog").getByRole("button", { name: "Save", exact: true }).click();
    await texts(page, "new record, refused by a rule", "Rule", "Odd");
    for (const [path, place] of [["/inbox", "Renamed"], ["/recent", "Renamed"], ["/favourites", "Renamed"]]) {
      await show(page, path);
      await texts(page, path, place);
    }
    await done(page);
  });

test("what people write is text in the palette, in changes, in notices and in exported files", async () => {
  const page = await visit(browser, server, mallory, undefined, "/o/odd?view=odd_table", /status of 404/);
  await still(page);
  await page.keyboard.press("Control+k");
  const palette = page.getByRole("dialog");
  await palette.getByRole("combobox").fill("renamed");
  await palette.getByRole("option", { name: /Renamed/ }).first().waitFor();
  await texts(page, "palette", "Renamed", "Odd");
  await palette.getByRole("combobox").fill("@mallory");
  await palette.getByRole("option", { name: /Mallory/ }).first().waitFor();
  await palette.getByRole("combobox").fill("> new odd");
  await palette.getByRole("option", { name: /Odd/ }).first().waitFor();
  await page.keyboard.press("Escape");

  await show(page, `/o/odd/${odd}`);
  const beside = page.getByRole("complementary", { name: "Beside the record" });
  await beside.getByRole("tab", { name: "Changes" }).click();
  await beside.getByText("Renamed").first().waitFor();
  await texts(page, "changes", "Renamed", "Called", "Mallory");
  await beside.getByRole("tab", { name: "Comments" }).click();
  await beside.getByText("Said").waitFor();
  await texts(page, "comments", "Said");
  const { id } = await api("POST", "/records/odd", { name: at("Brief") });
  await show(page, `/o/odd/${id}`);
  await page.getByRole("button", { name: "More actions" }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await page.getByRole("status").getByText(`${at("Brief")} was deleted.`).waitFor();

  // A spreadsheet runs nothing of a file either.
  await api("POST", "/records/odd", { name: "=HYPERLINK(\"https://evil.example\")" });
  await show(page, "/o/odd?view=odd_table");
  await page.getByRole("button", { name: "Import and export" }).click();
  const saved = page.waitForEvent("download");
  await page.getByRole("menuitem", { name: "Export as CSV" }).click();
  const text = readFileSync(await (await saved).path(), "utf8");
  assert.ok(text.includes(at("Renamed").replaceAll('"', '""')));
  assert.match(text, /'=HYPERLINK/);
  await done(page);
});

test("headings, cells and names of files are texts", async () => {
  const page = await visit(browser, server, mallory, undefined, "/o/odd/import", /status of 422/);
  const cell = (text) => `"${text.replaceAll('"', '""')}"`;
  const csv = [["name", at("Heading"), "state"], [at("Cell"), at("Value"), at("Unknown")]].map((row) => row.map(cell).join(",")).join("\n");
  await page.getByLabel("Choose a file").setInputFiles({ name: `${at("file").replaceAll("/", "")}.csv`, mimeType: "text/csv", buffer: Buffer.from(csv) });
  await page.getByRole("combobox", { name: `Field for ${at("Heading")}` }).waitFor();
  await page.getByRole("combobox", { name: "Field for state" }).click();
  await page.getByRole("option").filter({ hasText: at("State") }).click();
  await page.getByLabel(`What ${at("Unknown")} is taken for`).waitFor();
  await page.getByRole("textbox", { name: /^state of row/ }).waitFor(); // it is refused
  await texts(page, "import", "Heading", "Cell", "Value", "Unknown", "Name");

  await show(page, `/o/odd/${odd}`);
  const name = `${evil}.html`.replaceAll("/", "");
  const beside = page.getByRole("complementary", { name: "Beside the record" });
  await beside.getByRole("tab", { name: "Files" }).click();
  await beside.locator("input[type=file]").setInputFiles({ name: `${turned}.html`, mimeType: "text/html", buffer: Buffer.from("a") });
  await beside.getByRole("alert").getByText("A file has a name").waitFor(); // a name that hides its ending is none
  await beside.locator("input[type=file]").setInputFiles({ name, mimeType: "text/html", buffer: Buffer.from("<script>ran()</script>") });
  const link = beside.getByRole("link", { name: /onerror/ });
  await link.waitFor();
  await texts(page, "files");
  const taken = page.waitForEvent("download"); // and is not shown
  await link.click();
  await taken;
  await done(page);
});

test("a sign that turns a text around turns nothing but that text", async () => {
  const { id } = await api("POST", "/records/odd", { name: `${turned}abc`, tags: [`${turned}abc`, "plain"] });
  const page = await visit(browser, server, mallory, undefined, `/o/odd/${id}`, /status of 404/);
  await page.getByText("plain").first().waitFor();
  // The letters of what stands beside go on from left to right.
  const straight = () =>
    page.evaluate(() => {
      const places = [];
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      while (walker.nextNode()) {
        const { data } = walker.currentNode;
        const from = data.lastIndexOf("plain") >= 0 ? data.lastIndexOf("plain") : data.lastIndexOf(" was deleted.");
        if (from < 0 || !walker.currentNode.parentElement.offsetParent) continue;
        const range = document.createRange();
        const x = (at) => (range.setStart(walker.currentNode, at), range.setEnd(walker.currentNode, at + 1), range.getBoundingClientRect().x);
        places.push([data, x(from) < x(from + 3)]);
      }
      return places;
    });
  const tags = await straight();
  assert.ok(tags.length > 0 && tags.every(([, right]) => right), JSON.stringify(tags));
  await page.getByRole("button", { name: "More actions" }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await page.getByRole("status").getByText("was deleted.").waitFor();
  const said = await straight();
  assert.ok(said.length > 0 && said.every(([, right]) => right), JSON.stringify(said));
  await done(page);
});
