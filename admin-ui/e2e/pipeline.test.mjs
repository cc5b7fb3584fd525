// A manager goes through the pipeline: by mouse in Chinese, by keys alone in English. What is told to somebody is
// told while it happens.
import assert from "node:assert/strict";
import { test } from "node:test";
import { begin, desktop, done, visit } from "./browser.mjs";
import { drag, keys, mouse, pointers } from "./hands.mjs";
import { wordsOf } from "./words.mjs";

const manager = "marco@example.com";
const { server, browser } = await begin();

async function pipeline({ language, by }) {
  const api = await server.as(manager);
  const words = await wordsOf(api, language);
  const { t, field, option } = words;
  const sellers = await server.as("sarah@example.com");
  const mark = Date.now().toString(36);
  const names = [1, 2, 3].map((n) => `Barge ${mark} ${n}`);
  const [first, second] = await Promise.all(names.map((name) => sellers("POST", "/records/opportunity", { name })));
  await sellers("PATCH", `/records/opportunity/${second.id}`, { stage: "won", amount: 9, close_date: "2026-12-24" });
  await api("PATCH", "/me", { language });

  const page = await visit(browser, server, manager, desktop, "/", /status of (401|422)/);
  const touched = await pointers(page);
  const hands = by(page, words);
  const column = (name) => page.getByRole("region", { name: option("opportunity", "stage", name), exact: true });
  const card = ({ id }) => page.locator(`[data-card="${id}"]`);
  await hands.press(page.getByRole("navigation", { name: t("app.menu") }).getByRole("link", { name: words.item("sales", "opportunities"), exact: true }), "g 4");
  await page.getByRole("region").first().waitFor();

  // Only what one of the team has, and of that these.
  const box = page.getByRole("combobox", { name: t("list.filter") });
  await hands.near("f");
  await hands.type(box, `${field("opportunity", "owner")} `);
  await hands.type(box, `${field("opportunity", "owner")} ${t("list.op.is")} `);
  await hands.take(page.getByRole("option", { name: "Sarah Chen", exact: true }), "Sarah");
  await page.getByRole("search", { name: t("list.filter") }).getByRole("button", { name: "Sarah Chen" }).first().waitFor();
  await hands.near("/");
  await hands.type(page.getByRole("searchbox"), mark);
  await column("prospecting").locator(card(first)).waitFor();
  await page.waitForFunction(() => document.querySelectorAll("[data-card]").length === 3);

  // From column to column; where a card may not go, the guard says why.
  const move = async (one, name, stage) => {
    if (by === mouse) return drag(page, card(one), column(stage));
    const open = card(one).getByRole("button", { name: t("ways.move_card", { name }) });
    const to = page.getByRole("menuitem", { name: option("opportunity", "stage", stage), exact: true });
    // A card that was moved just before may be drawn anew, which closes its menu: then it is opened again.
    for (const last of [false, true]) {
      await hands.press(open);
      if (await hands.item(to).then(() => true, (error) => last && Promise.reject(error))) return;
    }
  };
  await move(first, names[0], "qualification");
  await column("qualification").locator(card(first)).waitFor();
  await page.getByRole("status").getByText(t("ways.moved", { name: names[0], to: option("opportunity", "stage", "qualification") })).waitFor();
  await move(first, names[0], "proposal");
  const asked = page.getByRole("dialog", { name: t("ways.not_moved", { name: names[0] }) });
  await asked.getByRole("alert").getByText(field("opportunity", "amount")).waitFor();
  await hands.press(asked.getByRole("button", { name: t("record.cancel") }));
  await asked.waitFor({ state: "detached" });
  await column("qualification").locator(card(first)).waitFor();
  if (by === mouse) {
    await drag(page, card(second), column("proposal"), () => column("proposal").getByText(t("ways.not_from_here")).waitFor());
  } else {
    await hands.press(card(second).getByRole("button", { name: t("ways.move_card", { name: names[1] }) }));
    assert.equal(await page.getByRole("menuitem", { name: option("opportunity", "stage", "proposal") }).isDisabled(), true);
    await page.keyboard.press("Escape");
  }
  await column("won").locator(card(second)).waitFor();
  assert.deepEqual(
    await Promise.all([first, second].map(async ({ id }) => (await api("GET", `/records/opportunity/${id}`)).stage)),
    ["qualification", "won"],
  );

  // Somebody else gets them all, by three clicks.
  await hands.press(page.locator("label").filter({ hasText: t("list.way.table") }), "1");
  await page.getByRole("grid").getByRole("link", { name: names[0] }).waitFor();
  const clicked = await touched();
  await hands.press(page.getByRole("button", { name: t("list.choose_all") }), "ControlOrMeta+a");
  await page.getByText(t("list.bulk.chosen", { count: 3 })).waitFor();
  const bar = page.getByRole("region", { name: t("list.bulk.label") });
  await hands.press(bar.getByRole("button", { name: field("opportunity", "owner") }));
  const given = page.waitForResponse((answer) => answer.url().includes("/bulk") && answer.ok());
  await hands.take(page.getByRole("option", { name: "Tom Baker", exact: true }), "Tom Baker");
  await given;
  await page.getByText(t("list.changed", { count: 3 })).waitFor();
  if (by === mouse) assert.equal((await touched()) - clicked, 3);
  const tom = (await api("GET", `/records/user?filter=${encodeURIComponent('name == "Tom Baker"')}&fields=id`)).items[0].id;
  for (const name of names) {
    const { items } = await api("GET", `/records/opportunity?filter=${encodeURIComponent(`name == "${name}"`)}&fields=owner`);
    assert.equal(items[0].owner, tom);
  }

  // He is told while he looks.
  const his = await visit(browser, server, "tom@example.com", desktop, "/inbox");
  await his.getByRole("heading", { name: "Inbox" }).waitFor();
  await page.goto(`${server.base}/o/opportunity/${first.id}`);
  await page.getByRole("heading", { level: 1, name: names[0] }).waitFor();
  await hands.press(page.getByRole("tab", { name: t("record.side.comments") }), "m");
  const comment = page.getByRole("textbox", { name: t("record.comments.label") });
  await hands.type(comment, "@Tom");
  await hands.take(page.getByRole("option", { name: "Tom Baker", exact: true }));
  await page.keyboard.type("Please look");
  await hands.press(page.getByRole("button", { name: t("record.comments.send") }), "ControlOrMeta+Enter");
  await page.getByRole("link", { name: "@Tom Baker" }).waitFor();
  const line = his.getByRole("main").getByRole("listitem").filter({ hasText: names[0] }).filter({ hasText: "mentioned you" });
  await line.getByText("Please look").waitFor();
  await line.getByRole("button", { name: names[0] }).click();
  await his.getByRole("heading", { level: 1, name: names[0] }).waitFor();
  if (by === keys) assert.equal(clicked, 0);
  await done(his);
  await done(page);
}

const ways = {
  "by mouse in Chinese": { language: "zh", by: mouse },
  "by keys alone in English": { language: "en", by: keys },
};
for (const [how, of] of Object.entries(ways))
  test(`a manager goes through the pipeline, ${how}`, async () => {
    try {
      await pipeline(of);
    } finally {
      await (await server.as(manager))("PATCH", "/me", { language: "en" });
      await (await server.as(manager))("PATCH", "/me/settings", { "kept.opportunity": null });
    }
  });
