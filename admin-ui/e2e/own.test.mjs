// An object that did not exist when the page was opened: it is there by itself, and all that there is for others is
// there for it too. By mouse in Chinese, by keys alone in English.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { begin, desktop, done, visit } from "./browser.mjs";
import { drag, keys, labelled, mouse, pointers } from "./hands.mjs";
import { admin } from "./server.mjs";
import { wordsOf } from "./words.mjs";

const { server, browser } = await begin();
let api;
before(async () => {
  api = await server.as(admin);
});

const label = (en, zh) => ({ en, zh });

/** An object, two views of it and an app. */
const documents = (name) => [
  {
    kind: "object",
    name,
    label: label("Kite", "风筝"),
    label_plural: label("Kites", "风筝"),
    name_field: "name",
    visibility: "write",
    fields: {
      name: { type: "text", label: label("Name", "名称"), required: true, order: 1 },
      span: { type: "number", label: label("Span", "翼展"), order: 2 },
      shape: {
        type: "picklist",
        label: label("Shape", "形状"),
        order: 3,
        default: "delta",
        options: { delta: { label: label("Delta", "三角"), order: 1 }, box: { label: label("Box", "箱形"), order: 2 } },
      },
    },
  },
  { kind: "view", name: `${name}_all`, label: label("All of them", "全部风筝"), object: name, columns: ["name", "span", "shape"], sort: ["name"], show: "table", order: 1 },
  { kind: "view", name: `${name}_shapes`, label: label("By shape", "按形状"), object: name, columns: ["name", "span"], group: "shape", show: "kanban", order: 2 },
  { kind: "app", name, label: label("Sky", "天空"), order: 90, items: { all: { label: label("Kites", "风筝"), object: name, view: `${name}_all`, order: 1 } } },
];

async function own(name, { language, by }) {
  await api("PATCH", "/me", { language });
  const page = await visit(browser, server, admin, desktop, "/");
  await page.evaluate(() => (window.stayed = true));
  await api("POST", "/metadata/apply", { documents: documents(name) });
  const words = await wordsOf(api, language);
  const { t, object, plural, field, option } = words;
  const touched = await pointers(page);
  const hands = by(page, words);
  const records = () => api("GET", `/records/${name}?sort=name&fields=name,span,shape`);
  const called = (it) => page.getByRole("heading", { level: 1, name: it, exact: true });
  const patched = () => page.waitForResponse((r) => ["PATCH", "POST"].includes(r.request().method()) && r.url().includes(`/records/${name}/`) && r.ok());

  // It is in the side bar and in the palette, without a reload.
  const item = page.getByRole("navigation", { name: t("app.menu") }).getByRole("link", { name: words.item(name, "all"), exact: true }).first();
  await item.waitFor();
  const list = async () => {
    await hands.place(item, plural(name));
    await called(plural(name)).waitFor();
  };
  await list();
  await page.getByText(t("list.none", { object: object(name) })).waitFor();

  // Made, changed on its page and in a cell of its list.
  await hands.press(page.getByRole("main").getByRole("button", { name: t("list.new"), exact: true }).first(), "c");
  const form = page.getByRole("dialog", { name: t("record.new", { object: object(name) }) });
  await hands.enter(labelled(form, field(name, "name")), "Falcon");
  await hands.submit(form.getByRole("button", { name: t("record.save"), exact: true }));
  await called("Falcon").waitFor();
  await hands.press(page.locator("article [data-field=span]"));
  await hands.enter(page.getByRole("textbox", { name: field(name, "span") }), "3");
  const first = patched();
  await page.keyboard.press("Enter");
  await first;
  await list();
  const cell = page.locator("[data-row='0'] [data-column='1']");
  await cell.getByText("3", { exact: true }).waitFor();
  await hands.press(cell, "ArrowRight ArrowRight");
  const second = patched();
  await page.keyboard.type("4");
  await page.keyboard.press("Enter");
  await second;
  assert.deepEqual((await records()).items.map(({ span }) => span), [4]);

  // As a board, since it has a picklist.
  await page.keyboard.press("Escape");
  await hands.press(page.getByRole("button", { name: words.view(`${name}_shapes`) }), "v");
  const column = (shape) => page.getByRole("region", { name: option(name, "shape", shape), exact: true });
  const card = page.locator("[data-card]");
  await column("delta").locator(card).waitFor();
  const third = patched();
  if (by === mouse) await drag(page, card, column("box"));
  else {
    await hands.press(card.getByRole("button", { name: t("ways.move_card", { name: "Falcon" }) }));
    await hands.item(page.getByRole("menuitem", { name: option(name, "shape", "box") }));
  }
  await third.catch(() => undefined);
  await column("box").locator(card).waitFor();
  assert.equal((await records()).items[0].shape, "box");

  // A file of more.
  await hands.command(t("import.open"), page.getByRole("button", { name: t("import.menu") }));
  const chooser = page.waitForEvent("filechooser");
  await hands.press(page.getByLabel(t("import.choose_file")));
  const text = ["name", "span", "shape"].map((one) => field(name, one)).join(",");
  await (await chooser).setFiles({ name: "kites.csv", mimeType: "text/csv", buffer: Buffer.from(`${text}\nHawk,2,${option(name, "shape", "box")}\nKestrel,1,delta\n`) });
  const told = page.getByRole("status");
  await told.getByText(t("import.would")).waitFor();
  await told.getByText(t("import.count_created", { n: 2 })).waitFor();
  await hands.press(page.getByRole("button", { name: t("import.run"), exact: true }));
  await told.getByText(t("import.done")).waitFor();
  assert.deepEqual(
    (await records()).items.map(({ name, span, shape }) => [name, span, shape]),
    [["Falcon", 4, "box"], ["Hawk", 2, "box"], ["Kestrel", 1, "delta"]],
  );
  await list();
  await page.getByRole("grid").getByRole("link", { name: "Kestrel" }).waitFor();
  assert.equal(await page.evaluate(() => window.stayed), true); // it was one page all along
  if (by === keys) assert.equal(await touched(), 0);
  await done(page);
}

const ways = {
  kite_by_mouse: { how: "by mouse in Chinese", language: "zh", by: mouse },
  kite_by_keys: { how: "by keys alone in English", language: "en", by: keys },
};
for (const [name, of] of Object.entries(ways))
  test(`an object that is made while the page is open is used, ${of.how}`, async () => {
    try {
      await own(name, of);
    } finally {
      await api("PATCH", "/me", { language: "en" });
      await api("POST", "/metadata/apply", { delete: [{ kind: "app", name }] }); // others count on what the side bar has
      const { items } = await api("GET", `/records/${name}?fields=id`); // so that it can be tried again
      await api("POST", `/records/${name}/bulk`, { operations: items.map(({ id }) => ({ op: "delete", id, data: {} })) });
    }
  });
