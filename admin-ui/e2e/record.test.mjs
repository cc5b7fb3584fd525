// What people do with one record: entering every type of field, working on it side by side, adding to it, undoing.
import assert from "node:assert/strict";
import { readdirSync, existsSync, readFileSync } from "node:fs";
import { before, test } from "node:test";
import { begin, desktop, done, phone, visit } from "./browser.mjs";
import { still } from "./screens.mjs";
import { admin, start } from "./server.mjs";

const { server, browser } = await begin(start({ own: true })); // with an object of its own
let api;
const evil = "<img src=x onerror=alert(1)>";
const label = (en, zh) => ({ en, zh });

before(async () => {
  api = await server.as(admin);
  await api("POST", "/metadata/apply", {
    documents: [
      {
        kind: "object",
        name: "crate",
        label: label("Crate", "箱子"),
        label_plural: label("Crates", "箱子"),
        name_field: "name",
        visibility: "write",
        fields: {
          name: { type: "text", label: label("Name", "名称"), required: true, order: 1 },
          size: { type: "number", label: label("Size", "大小"), order: 2 },
          rows: {
            type: "children",
            label: label("Rows", "明细"),
            order: 3,
            fields: {
              what: { type: "text", label: label("What", "内容"), required: true, order: 1 },
              count: { type: "number", label: label("Count", "数量"), order: 2 },
              price: { type: "currency", currency: "USD", label: label("Price", "价格"), order: 3 },
              total: { type: "formula", result: "currency", currency: "USD", expression: "count * price", label: label("Total", "合计"), order: 4 },
            },
          },
          sum: { type: "formula", result: "currency", currency: "USD", expression: "sum(rows, .total)", label: label("Sum", "总计"), order: 4 },
          text: { type: "rich_text", label: label("Text", "文本"), order: 5 },
          place: { type: "location", label: label("Place", "地点"), order: 6 },
          raw: { type: "json", label: label("Raw", "原始数据"), order: 7 },
          about: { type: "any_lookup", label: label("About", "相关记录"), objects: ["account", "contact"], order: 8 },
          site: { type: "link", label: label("Site", "网站"), order: 9 },
          key: { type: "secret", label: label("Key", "密钥"), order: 10 },
          papers: { type: "file", label: label("Papers", "文件"), order: 11 },
          looks: { type: "image", label: label("Looks", "图片"), order: 12 },
        },
      },
    ],
  });
});


// The console tells of what was refused; what the page makes of it is what is tried here.
const open = (email, path, look = desktop) => visit(browser, server, email, look, path, /status of (401|404|409|412|422)/);

const patched = (page) => page.waitForResponse((r) => r.request().method() === "PATCH" && r.url().includes("/records/") && r.ok());
const heading = (page, name) => page.getByRole("heading", { level: 1, name });

test("every type of field that the server has is a folder of the pages", async () => {
  const { items } = await api("GET", "/schemas/field-types");
  const root = new URL("../src/fields/", import.meta.url);
  const folders = readdirSync(root).filter((name) => existsSync(new URL(`${name}/index.tsx`, root)));
  // What has no uses of its own is computed, and shown as the type that it results in.
  const shown = items.filter((one) => one.uses !== null || !one.results).map((one) => one.type);
  assert.deepEqual(shown.filter((type) => !folders.includes(type)), []);
});

test("a workflow is set off from the page of a record, and says what became of it", async () => {
  const crate = await api("POST", "/records/crate", { name: "Heavy", size: 3 });
  const workflow = (name, text, when, steps) => ({ kind: "workflow", name, label: text, object: "crate", trigger: { type: "manual" }, when, start: "a", steps });
  await api("POST", "/metadata/apply", {
    documents: [
      workflow("double", label("Double it", "加倍"), "size < 10", { a: { type: "set", values: { size: "size * 2" } } }),
      workflow("judge", label("Judge it", "评判"), "true", { a: { type: "refuse", message: label("Too heavy.", "太重了。") } }),
      workflow("weigh", label("Weigh it", "称重"), "true", { a: { type: "set", values: { size: "size + 1" } } }),
    ],
  });
  const page = await open(admin, `/o/crate/${crate.id}`);
  const size = page.locator('[data-field="size"]');
  await page.getByRole("button", { name: "More actions" }).click(); // which has those for which there is no room
  await page.getByRole("menuitem", { name: "Weigh it" }).waitFor();
  await page.keyboard.press("Escape");
  for (const now of ["6", "12"]) {
    await page.getByRole("button", { name: "Double it" }).click();
    await size.getByText(now, { exact: true }).waitFor();
    await page.getByText("“Double it” is done.").last().waitFor();
  }
  await still(page);
  await page.getByRole("button", { name: "Weigh it" }).waitFor(); // in the place of what does not fit it any more
  assert.equal(await page.getByRole("button", { name: "Double it" }).count(), 0);
  await page.getByRole("button", { name: "Judge it" }).click();
  await page.getByText("Too heavy.").waitFor();
  const runs = (await api("GET", `/records/crate/${crate.id}/runs`)).items;
  assert.deepEqual(runs.map((one) => [one.workflow, one.state]), [["judge", "failed"], ["double", "done"], ["double", "done"]]);
  await api("POST", "/metadata/apply", { delete: ["double", "judge", "weigh"].map((name) => ({ kind: "workflow", name })) });
  await done(page);
});

test("values of all kinds are entered by keys, and computed while that is done", async () => {
  const page = await open(admin, "/o/crate?view=&new=");
  const panel = page.getByRole("dialog");
  await panel.getByLabel("Name").fill(evil);
  await panel.getByRole("button", { name: "More fields" }).click();

  await panel.getByRole("button", { name: "Add row" }).press("Enter");
  await page.keyboard.type("Bolts");
  await page.keyboard.press("Tab");
  await page.keyboard.type("3");
  await page.keyboard.press("Tab");
  await page.keyboard.type("1.10");
  await panel.getByRole("cell", { name: "$3.30" }).first().waitFor(); // the formula of the row, then the total

  const text = panel.locator("[contenteditable]");
  await text.focus();
  await page.keyboard.type("Plain ");
  await page.keyboard.press("Control+b");
  await page.keyboard.type("bold <i>");

  await panel.getByLabel("Latitude").fill("52.52, 13.405"); // a pair that is pasted fills both
  assert.equal(await panel.getByLabel("Longitude").inputValue(), "13.405");
  await panel.getByLabel("Raw").fill('{"a": ');
  await panel.getByText("Write JSON").waitFor();
  await panel.getByLabel("Raw").fill('{"a": [1]}');
  const site = panel.getByRole("group", { name: "Site" });
  await site.getByLabel("Address").fill("https://example.com/x");
  await site.getByLabel("Text").fill("The plan");
  await panel.getByLabel("Key").fill("hunter2");

  await panel.getByLabel("Kind of record").click();
  await page.getByRole("option", { name: "Account" }).click();
  const [account] = (await api("GET", "/records/account?limit=1&fields=id,name")).items;
  await panel.getByRole("group", { name: "About" }).getByPlaceholder("Choose").fill(account.name);
  await page.getByRole("option", { name: account.name, exact: true }).first().waitFor();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");

  await panel.getByRole("button", { name: "Save", exact: true }).click();
  await heading(page, evil).waitFor(); // markup is text
  const id = new URL(page.url()).pathname.split("/").at(-1);
  const stored = await api("GET", `/records/crate/${id}`);
  assert.deepEqual(stored.rows, [{ what: "Bolts", count: 3, price: 1.1, total: 3.3 }]);
  assert.equal(stored.sum, 3.3);
  assert.match(stored.text, /Plain <(b|strong)>bold &lt;i&gt;<\/(b|strong)>/);
  assert.deepEqual(stored.place, { lat: 52.52, lng: 13.405 });
  assert.deepEqual(stored.raw, { a: [1] });
  assert.deepEqual(stored.site, { url: "https://example.com/x", label: "The plan" });
  assert.equal(stored.key, true);
  assert.equal(stored.about.object, "account");

  // The table is edited where it stands; its sum is told before it is saved.
  await page.getByRole("button", { name: "Count, row 1" }).click();
  await page.getByRole("textbox", { name: "Count, row 1" }).fill("10");
  await page.getByRole("cell", { name: "$11.00" }).first().waitFor();
  const saved = patched(page);
  await page.getByRole("heading", { level: 1 }).click();
  await saved;
  assert.equal((await api("GET", `/records/crate/${id}`)).sum, 11);
  assert.equal(await page.getByText("hunter2").count(), 0);
  await done(page);
});

test("two people on one record: what does not collide is merged, the rest is chosen", async () => {
  const { id } = await api("POST", "/records/crate", { name: "Shared", size: 1 });
  const page = await open(admin, `/o/crate/${id}`);
  const conflict = page.getByRole("alert", { name: /Somebody changed/ });
  const edit = async (name, value) => {
    await page.getByRole("button", { name, exact: true }).click();
    await page.getByRole("textbox", { name, exact: true }).fill(value);
  };
  // Another field was changed meanwhile: both stay.
  await edit("Size", "2");
  await api("PATCH", `/records/crate/${id}`, { name: "Shared by two" });
  const merged = patched(page);
  await page.keyboard.press("Enter");
  await merged;
  await heading(page, "Shared by two").waitFor();
  assert.equal((await api("GET", `/records/crate/${id}`)).size, 2);
  assert.equal(await conflict.count(), 0);

  // The same field: before, theirs and mine.
  await edit("Name", "Mine");
  await api("PATCH", `/records/crate/${id}`, { name: `Theirs ${evil}` });
  await page.keyboard.press("Enter");
  const panel = conflict;
  await panel.waitFor();
  const row = panel.getByRole("row", { name: /^Name/ });
  assert.match(await row.innerText(), /Shared by two[\s\S]*Theirs <img[\s\S]*Mine/);
  assert.equal((await api("GET", `/records/crate/${id}`)).name, `Theirs ${evil}`); // nothing was overwritten
  await row.getByRole("radio", { name: "Name: Mine" }).check();
  const chosen = patched(page);
  await panel.getByRole("button", { name: "Save the choice" }).click();
  await chosen;
  await heading(page, "Mine").waitFor();
  assert.equal((await api("GET", `/records/crate/${id}`)).name, "Mine");

  // What was changed is taken back by one key.
  await edit("Size", "7");
  const changed = patched(page);
  await page.keyboard.press("Enter");
  await changed;
  await page.getByRole("button", { name: "Size" }).getByText("7").waitFor();
  const undone = patched(page);
  await page.keyboard.press("Control+z");
  await undone;
  assert.equal((await api("GET", `/records/crate/${id}`)).size, 2);
  await done(page);
});

test("a draft survives a reload without its secret, and Save and new begins anew", async () => {
  const page = await open(admin, "/o/crate?view=&new=");
  const panel = page.getByRole("dialog");
  await panel.locator("input:focus").waitFor(); // one may begin to write at once
  assert.equal(await panel.getByLabel("Name").evaluate((input) => input === document.activeElement), true);
  await panel.getByLabel("Name").fill("Half done");
  await panel.getByRole("button", { name: "More fields" }).click();
  await panel.getByLabel("Key").fill("hunter2");
  assert.equal(await page.evaluate(() => JSON.stringify(sessionStorage).includes("hunter2")), false);
  await page.reload();
  await panel.getByText("What you had entered is here again.").waitFor();
  assert.equal(await panel.getByLabel("Name").inputValue(), "Half done");
  await panel.getByRole("button", { name: "Save and new" }).click();
  await page.getByText("Half done was made.").waitFor();
  assert.equal(await panel.getByLabel("Name").inputValue(), "");
  await page.reload();
  await panel.getByLabel("Name").waitFor();
  assert.equal(await panel.getByLabel("Name").inputValue(), "");
  await done(page);
});

test("words in a lookup are no record: Enter takes the first that has them, and saves nothing before", async () => {
  await api("POST", "/records/account", { name: "Lookup of words" });
  const page = await open(admin, "/o/contact?view=&new=");
  const panel = page.getByRole("dialog", { name: "New Contact" });
  await panel.getByRole("textbox", { name: /^Last name/ }).fill("Worded");
  const lookup = panel.getByRole("textbox", { name: /^Account/ });
  await lookup.fill("Lookup of no such words");
  await page.getByText("Nothing found").first().waitFor();
  await lookup.press("Enter");
  await lookup.fill("Lookup of w");
  await page.getByRole("option", { name: "Lookup of words" }).waitFor();
  await lookup.press("Enter");
  await page.waitForFunction(() => [...document.querySelectorAll("[role=dialog] input")].some((input) => input.value === "Lookup of words"));
  assert.equal((await api("GET", `/records/contact?filter=${encodeURIComponent('last_name == "Worded"')}`)).items.length, 0);
  await panel.getByRole("button", { name: "Save", exact: true }).click();
  await panel.waitFor({ state: "detached" });
  const [{ account }] = (await api("GET", `/records/contact?filter=${encodeURIComponent('last_name == "Worded"')}&fields=account`)).items;
  assert.ok(account);
  await done(page);
});

test("files are dropped on the page and into a field, small ones whole and large ones in pieces", async () => {
  const { id } = await api("POST", "/records/crate", { name: "Archive" });
  const page = await open(admin, `/o/crate/${id}`);
  await heading(page, "Archive").waitFor();
  const drop = async (target, name, bytes) => {
    const carried = await page.evaluateHandle(
      ([name, bytes]) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([new Uint8Array(bytes).fill(65)], name, { type: "text/plain" }));
        return transfer;
      },
      [name, bytes],
    );
    await target.dispatchEvent("dragover", { dataTransfer: carried });
    await target.dispatchEvent("drop", { dataTransfer: carried });
  };
  await drop(page.getByRole("article"), `${evil}.txt`.replaceAll("/", ""), 12);
  await page.getByRole("complementary").last().getByRole("link", { name: /onerror/ }).waitFor();
  assert.equal((await api("GET", `/records/crate/${id}/files`)).items.length, 1);

  const pieces = [];
  page.on("request", (r) => r.method() === "PATCH" && r.url().includes("/files/") && pieces.push(r.url()));
  const kept = patched(page);
  await drop(page.getByRole("group", { name: "Papers" }), "large.txt", 5 << 20);
  await page.getByRole("group", { name: "Papers" }).getByRole("link", { name: "large.txt" }).waitFor();
  await kept;
  assert.equal(pieces.length, 2);
  const [paper] = (await api("GET", `/records/crate/${id}`)).papers;
  assert.deepEqual([paper.name, paper.size], ["large.txt", 5 << 20]);
  await done(page);
});

test("a record is deleted with a way back, and taken out of the bin at its own address", async () => {
  const { id } = await api("POST", "/records/crate", { name: "Short-lived" });
  const page = await open(admin, `/o/crate/${id}`);
  const remove = async () => {
    await heading(page, "Short-lived").waitFor();
    await page.getByRole("button", { name: "More actions" }).click();
    await page.getByRole("menuitem", { name: "Delete" }).click();
    await page.getByText("Short-lived was deleted.").last().waitFor();
  };
  await remove();
  await page.getByRole("button", { name: "Undo", exact: true }).click();
  await remove();
  await page.goto(`${server.base}/o/crate/${id}`);
  await page.getByRole("button", { name: "Restore" }).click();
  await heading(page, "Short-lived").waitFor();
  assert.equal((await api("GET", `/records/crate/${id}`)).name, "Short-lived");
  await done(page);
});

test("what happened is logged beside the record, and its changes tell before and after", async () => {
  const hers = await server.as("sarah@example.com");
  const { items } = await hers("GET", "/records/account?limit=1");
  const page = await open("sarah@example.com", `/o/account/${items[0].id}`);
  const beside = page.getByRole("complementary", { name: "Beside the record" });
  await beside.getByRole("button", { name: "Call" }).click();
  const form = beside.getByRole("form", { name: "New Call" });
  await form.getByLabel("Subject").fill(`Spoke to ${evil}`);
  await form.getByRole("button", { name: "Save" }).click();
  await beside.getByRole("link", { name: `Spoke to ${evil}` }).waitFor();
  assert.equal(new URL(page.url()).pathname, `/o/account/${items[0].id}`);

  await page.getByRole("button", { name: "Employees" }).click();
  await page.getByLabel("Employees").fill("4711");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.activeElement?.dataset.field === "employees"); // who enters by keys goes on from there
  await page.keyboard.press("Enter");
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => document.activeElement?.dataset.field === "employees");
  await beside.getByRole("tab", { name: "Changes" }).click();
  await beside.getByRole("insertion").getByText("4,711").waitFor();
  await beside.getByText("Sarah Chen changed").first().waitFor();
  await done(page);
});

test("a comment mentions somebody, and is taken away", async () => {
  const { id } = await api("POST", "/records/crate", { name: "Discussed" });
  const page = await open(admin, `/o/crate/${id}`);
  await heading(page, "Discussed").waitFor();
  await page.keyboard.press("m");
  const input = page.getByRole("textbox", { name: "Comment" });
  await page.waitForFunction(() => document.activeElement?.tagName === "TEXTAREA");
  await page.keyboard.type("Not lost");
  await page.getByRole("tab", { name: "Files" }).click();
  await page.getByRole("tab", { name: "Comments" }).click();
  assert.equal(await input.inputValue(), "Not lost");
  await input.fill(`${evil} `);
  await input.press("End");
  await page.keyboard.type("@Sarah");
  await page.getByRole("option", { name: "Sarah Chen" }).waitFor();
  await page.keyboard.press("Enter");
  await page.keyboard.type("look");
  await page.keyboard.press("Control+Enter");
  const said = page.getByRole("complementary", { name: "Beside the record" }).getByRole("listitem");
  await said.getByRole("link", { name: "@Sarah Chen" }).waitFor();
  assert.match(await said.innerText(), /<img src=x onerror=alert\(1\)> @Sarah Chen look/);
  const [kept] = (await api("GET", `/records/crate/${id}/comments`)).items;
  assert.match(kept.text, /@\[Sarah Chen\]\(user:[0-9a-z]{13}\) look$/);
  await said.getByRole("button", { name: "Delete" }).click();
  await said.waitFor({ state: "detached" });
  await done(page);
});

test("duplicates stand side by side and become one", async () => {
  const twin = { first_name: "Ada", last_name: "Lovelace-Twin", email: "ada.twin@example.com" };
  const one = await api("POST", "/records/contact", { ...twin, phone: "+49 30 111" });
  const other = await api("POST", "/records/contact", { ...twin, mobile: "+49 170 222" }).catch(() => undefined);
  assert.ok(other, "the rule of duplicates only warns");
  const page = await open(admin, `/o/contact/${one.id}?merge=`);
  const panel = page.getByRole("dialog");
  await panel.getByRole("checkbox").first().check();
  await panel.getByRole("row", { name: /Mobile/ }).waitFor();
  await panel.getByRole("button", { name: "Merge into this record" }).click();
  await page.getByText("The records are one now.").waitFor();
  const merged = await api("GET", `/records/contact/${one.id}`);
  assert.deepEqual([merged.phone, merged.mobile], ["+49 30 111", "+49 170 222"]);
  await done(page);
});

test("J and K go through the list that a record was opened from", async () => {
  const page = await open("sarah@example.com", "/o/opportunity?view=all_opportunities");
  await page.locator("[data-row='0']").waitFor();
  const names = [];
  for (const row of [0, 1, 2]) names.push(await page.locator(`[data-row='${row}'] a[data-open]`).innerText());
  await page.locator("[data-row='1'] a[data-open]").click();
  await heading(page, names[1]).waitFor();
  await page.keyboard.press("j");
  await heading(page, names[2]).waitFor();
  await page.keyboard.press("k");
  await heading(page, names[1]).waitFor();
  await page.keyboard.press("k");
  await heading(page, names[0]).waitFor();
  assert.equal(await page.getByRole("button", { name: "Previous record" }).isDisabled(), true);
  // E edits the first field, once it is known what may be edited.
  await page.locator("article button[data-field]").first().waitFor();
  await page.keyboard.press("e");
  await page.locator("article input").first().waitFor();
  await page.keyboard.press("Escape");
  await done(page);
});

test("a record is opened by one request, whatever hangs on it", async () => {
  const page = await open("sarah@example.com", "/o/opportunity?view=all_opportunities");
  await page.locator("[data-row='0'] a[data-open]").waitFor();
  await still(page);
  const asked = [];
  page.on("request", (r) => {
    const { pathname } = new URL(r.url());
    if (["GET", "POST"].includes(r.method()) && pathname.startsWith("/api/")) asked.push(`${r.method()} ${pathname}`);
  });
  await page.locator("[data-row='0'] a[data-open]").click();
  await page.getByRole("region", { name: "Line items" }).waitFor();
  await page.getByRole("complementary", { name: "Beside the record" }).getByText("made this").waitFor();
  await still(page);
  assert.equal(asked.length, 1, asked.join("\n"));
  await done(page);
});

test("on a phone fields are edited in a sheet, and people are called from the head of the page", async () => {
  const { id } = await api("POST", "/records/contact", { last_name: "Phoned", phone: "+49 30 12", email: "p@example.com" });
  const page = await open(admin, `/o/contact/${id}`, phone);
  await heading(page, "Phoned").waitFor();
  assert.equal(await page.getByRole("link", { name: "Call" }).getAttribute("href"), "tel:+493012");
  const title = page.getByRole("button", { name: "Last name" });
  await title.tap();
  const sheet = page.getByRole("dialog");
  await sheet.getByLabel("Last name").fill("Reached");
  await sheet.getByRole("button", { name: "Save" }).tap();
  await heading(page, "Reached").waitFor();
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "the page is wider than the screen");
  await done(page);
});

test("the page of a record and the panel of a new one have no fault that axe finds", async () => {
  const { id } = await api("POST", "/records/crate", {
    name: "Checked",
    rows: [{ what: "a", count: 1, price: 2 }],
    text: "<p>a</p>",
    place: { lat: 1, lng: 2 },
    raw: { a: 1 },
  });
  const page = await open(admin, `/o/crate/${id}`);
  await page.getByRole("cell", { name: "$2.00" }).first().waitFor();
  const axe = readFileSync(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
  const faults = async () => {
    await page.evaluate(axe);
    return page.evaluate(async () =>
      (await window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21aa"] })).violations.map(
        (one) => `${one.id}: ${one.nodes.map((node) => node.html).join(" | ").slice(0, 400)}`,
      ),
    );
  };
  assert.deepEqual(await faults(), []);
  await page.goto(`${server.base}/o/crate?view=&new=`);
  const panel = page.getByRole("dialog");
  await panel.getByRole("button", { name: "More fields" }).click();
  await panel.locator("[contenteditable]").waitFor();
  assert.deepEqual(await faults(), []);
  await done(page);
});

test("what is written ends before the pencil, and what a phone reaches people by has a line in the dark", async () => {
  const { id } = await api("POST", "/records/contact", { last_name: "Byron", phone: "+49 40 77108", email: `${"a.very.long.name".repeat(3)}@example.com` });
  for (const look of [desktop, { ...phone, colorScheme: "dark" }]) {
    const page = await open(admin, `/o/contact/${id}`, look);
    await page.getByRole("link", { name: /a\.very\.long/ }).first().waitFor();
    const under = await page.evaluate(() =>
      [...document.querySelectorAll("button[data-field]:has(svg)")].flatMap((pencil) => {
        const text = document.createRange();
        text.selectNodeContents(pencil.parentElement);
        text.setEndBefore(pencil);
        const { left } = pencil.getBoundingClientRect();
        return [...text.getClientRects()].some(({ right }) => right > left + 1) ? [pencil.dataset.field] : [];
      }),
    );
    assert.deepEqual(under, []);
    if (look !== desktop) {
      const call = page.getByRole("link", { name: "Call" }).first();
      const [line, menu] = await call.evaluate((one) => [one, one.parentElement.querySelector("[aria-haspopup]")].map((of) => getComputedStyle(of).borderColor));
      assert.equal(line, menu);
    }
    await done(page);
  }
});
