// Two people on one record: what one does the other sees, and nothing that either did is lost. One of them works by
// mouse in Chinese, or by keys alone in English.
import assert from "node:assert/strict";
import { test } from "node:test";
import { begin, desktop, done, visit } from "./browser.mjs";
import { keys, mouse, pointers } from "./hands.mjs";
import { wordsOf } from "./words.mjs";

const { server, browser } = await begin();

const refused = /status of (404|412|422)/; // what is told of in words on the page
const stored = (page) => page.waitForResponse((r) => r.request().method() === "PATCH" && r.url().includes("/records/") && r.ok());

/** What somebody does with fields of the record that is shown. */
function editor(page, hands, words) {
  const label = (name) => words.field("opportunity", name);
  const input = (name) => page.getByRole("article").getByRole("textbox", { name: label(name), exact: true });
  return {
    /** Writes into a field and leaves it at that. */
    async begin(name, text) {
      await hands.press(page.locator(`article [data-field=${name}]`));
      await hands.enter(input(name), text);
    },
    async finish() {
      const saved = stored(page);
      await page.keyboard.press("Enter");
      await saved;
    },
    shows: (name, text) => page.locator(`article [data-name=${name}]`).getByText(text, { exact: true }).waitFor(),
    called: (name) => page.getByRole("heading", { level: 1, name, exact: true }).waitFor(),
  };
}

async function together({ email, language, by }) {
  const api = await server.as(email);
  const words = await wordsOf(api, language);
  const { t, field } = words;
  const english = await wordsOf(await server.as("marco@example.com"), "en");
  const name = `Ferry ${Date.now().toString(36)}`;
  const { id } = await api("POST", "/records/opportunity", { name, amount: 5 });
  const path = `/o/opportunity/${id}`;
  const [page, his] = await Promise.all([
    visit(browser, server, email, desktop, path, refused),
    visit(browser, server, "marco@example.com", desktop, path, refused),
  ]);
  const touched = await pointers(page);
  const hands = by(page, words);
  const me = editor(page, hands, words);
  const he = editor(his, mouse(his, english), english);
  await Promise.all([me.called(name), he.called(name)]);

  // What he changes and says is here by itself.
  await he.begin("next_step", "Ring the yard");
  await he.finish();
  await me.shows("next_step", "Ring the yard");
  await hands.press(page.getByRole("tab", { name: t("record.side.comments") }), "m");
  await his.keyboard.press("m");
  await his.getByRole("textbox", { name: english.t("record.comments.label") }).fill("They want two");
  await his.keyboard.press("ControlOrMeta+Enter");
  await page.getByRole("complementary", { name: t("record.side.label") }).getByText("They want two").waitFor();

  // Each changes another field: both stay, and nobody is asked.
  await me.begin("amount", "70");
  await he.begin("next_step", "Send the offer");
  await he.finish();
  await me.finish();
  const amount = (language) => new Intl.NumberFormat(language, { minimumFractionDigits: 2 }).format(70);
  await Promise.all([me.shows("amount", amount(words.language)), me.shows("next_step", "Send the offer"), he.shows("amount", amount("en"))]);
  const conflict = page.getByRole("alert", { name: t("record.conflict") });
  assert.equal(await conflict.count(), 0);

  // Both change the same: before, theirs and mine are there to choose from.
  await me.begin("name", `${name} of mine`);
  await he.begin("name", `${name} of his`);
  await he.finish();
  await page.keyboard.press("Enter");
  await conflict.waitFor();
  const row = await conflict.getByRole("row", { name: field("opportunity", "name") }).innerText();
  assert.match(row, new RegExp(`${name}\\s+${name} of his\\s+${name} of mine`));
  assert.equal((await api("GET", `/records/opportunity/${id}`)).name, `${name} of his`);
  await hands.mark(conflict.getByRole("radio", { name: `${field("opportunity", "name")}: ${t("record.mine")}` }));
  await hands.press(conflict.getByRole("button", { name: t("record.settle") }));
  await conflict.waitFor({ state: "detached" });
  await Promise.all([me.called(`${name} of mine`), he.called(`${name} of mine`)]);

  // He throws it away; here that is said, with the way back.
  await his.getByRole("button", { name: english.t("record.menu") }).click();
  await his.getByRole("menuitem", { name: english.t("record.delete") }).click();
  await hands.press(page.getByRole("main").getByRole("button", { name: t("record.restore") }));
  await me.called(`${name} of mine`);
  assert.equal((await api("GET", `/records/opportunity/${id}`)).amount, 70);
  if (by === keys) assert.equal(await touched(), 0);
  await Promise.all([done(page), done(his)]);
}

test("two people work on one record, one by mouse in Chinese", () =>
  together({ email: "liming@example.com", language: "zh", by: mouse }));

test("two people work on one record, one by keys alone in English", () =>
  together({ email: "sarah@example.com", language: "en", by: keys }));
