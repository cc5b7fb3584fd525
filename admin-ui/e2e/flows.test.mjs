// Workflows are drawn, tried, looked at over the past, published, seen running, mended and retried, by somebody who writes no JSON.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axe, begin, desktop, done, phone, picture, sideways, visit } from "./browser.mjs";
import { start } from "./server.mjs";
import { publish, stored } from "./studio.mjs";
import { texts } from "./words.mjs";

const { server, browser } = await begin(start({ own: true, size: 60 }));
const admin = await server.as("admin@example.com");
async function storing(page, act) {
  const answer = stored(page);
  await act();
  assert.equal((await answer).status(), 200);
}
for (const language of ["en", "zh"]) {
  const t = texts(language);
  const zh = language === "zh";
  const looks = { ...desktop, locale: zh ? "zh-CN" : "en-US", colorScheme: zh ? "dark" : "light" };
  test(`a workflow is drawn, tried, published, fails, is mended and retried (${language})`, async () => {
    await admin("PATCH", "/me", { language });
    const id = (await admin("GET", "/records/opportunity?limit=1&fields=id")).items[0].id;
    await admin("PATCH", `/records/opportunity/${id}`, { next_step: null });
    const page = await visit(browser, server, "admin@example.com", looks, "/studio/automation", /4../);
    await page.getByRole("main").getByRole("button", { name: t("studio.new"), exact: true }).click();
    const asks = page.getByRole("dialog");
    const name = `follow_up_${language}`;
    await asks.getByRole("textbox", { name: t("studio.label"), exact: true }).fill(`Follow up ${language}`);
    await asks.getByRole("combobox", { name: t("studio.of_object") }).click();
    await page.getByRole("option", { name: "opportunity", exact: true }).click();
    await asks.getByRole("button", { name: t("studio.make") }).click();
    const canvas = page.getByRole("region", { name: t("studio.flows.canvas") });
    await canvas.getByRole("button", { name: new RegExp(`^${t("studio.flows.start")}`) }).waitFor();

    await canvas.getByText(zh ? "手动" : "By hand").waitFor(); // triggers are called as the schema calls them
    // A step is put where something leads.
    await canvas.getByRole("button", { name: new RegExp(t("studio.flows.add_after", { label: t("studio.flows.start"), way: "" }).trim().slice(0, 12)) }).first().click();
    const types = page.getByRole("complementary", { name: t("studio.flows.add") });
    const create = zh ? "新建记录" : "Create a record";
    await types.getByRole("searchbox").fill("create");
    await storing(page, () => types.getByRole("button", { name: create, exact: true }).click());
    const panel = page.getByRole("complementary");
    const object = panel.getByRole("combobox", { name: zh ? /对象/ : /Object/ }).first();
    await object.fill("task");
    await storing(page, () => object.press("Enter").then(() => object.blur()));
    const value = panel.getByRole("combobox", { name: t("studio.new_in", { label: zh ? "值" : "Values" }) }).or(panel.getByRole("textbox", { name: t("studio.new_in", { label: zh ? "值" : "Values" }) })).first();
    await value.fill("subject");
    await storing(page, () => value.press("Enter"));
    const expression = panel.locator("textarea").last();
    await expression.fill("next_step");
    await storing(page, () => expression.blur());
    await axe(page).then((found) => assert.deepEqual(found, []));
    await picture(page, `flows-canvas-${language}`);
    // What it may read of other steps is no mistake; what it may not is one.
    await expression.fill("next_stepp");
    await panel.getByText(/next_stepp/).and(page.locator(":not(textarea)")).first().waitFor();
    await expression.fill("steps.other.record.name");
    await panel.getByText(/next_stepp/).and(page.locator(":not(textarea)")).first().waitFor({ state: "detached" });
    assert.equal(await panel.getByText(/steps\.other/).and(page.locator(":not(textarea)")).count(), 0);
    await storing(page, async () => {
      await expression.fill("next_step + '!'");
      await expression.blur();
    });
    await storing(page, async () => {
      await expression.fill("next_step");
      await expression.blur();
    });

    // It is tried as it is drawn: that it would fail is seen, and nothing is done.
    const count = async () => (await admin("POST", "/records/task/aggregate", { measures: [{ op: "count" }] })).rows[0].count;
    const before = await count();
    await page.getByRole("button", { name: t("studio.flows.try"), exact: true }).click();
    await page.getByRole("button", { name: t("studio.flows.try_now"), exact: true }).last().click();
    await page.getByRole("complementary").getByText(t("studio.flows.would_failed")).waitFor();
    await picture(page, `flows-try-${language}`);
    assert.equal(await count(), before);
    await publish(page, t);
    const begun = await admin("POST", `/records/opportunity/${id}/workflows/${name}`, { inputs: {} });
    assert.equal(begun.state, "failed");
    await page.goto(`${server.base}/studio/automation/workflow/${name}?way=runs`);
    const runs = page.getByRole("complementary", { name: t("studio.flows.runs") });
    await runs.getByRole("button", { name: new RegExp(t("run.state.failed")) }).first().click();
    await page.locator('[data-tone="bad"]').waitFor();
    await picture(page, `flows-failed-${language}`);
    // The record is mended, and the run goes on.
    await admin("PATCH", `/records/opportunity/${id}`, { next_step: "Call them" });
    await runs.getByRole("button", { name: t("studio.flows.retry") }).click();
    await runs.getByRole("button", { name: new RegExp(t("run.state.done")) }).first().waitFor({ timeout: 20000 });
    await page.locator('[data-tone="ok"]').first().waitFor();
    await picture(page, `flows-done-${language}`);
    assert.equal(await count(), before + 1);
    await done(page);
  });
}

test("when a workflow would have been set off is told, published or not", async () => {
  const t = texts("en");
  await admin("PATCH", "/me", { language: "en" });
  const { id } = (await admin("GET", '/records/opportunity?limit=1&fields=id&filter=stage=="proposal"')).items[0];
  const { id: draft } = await admin("POST", "/drafts", { label: "Past" });
  await admin("PATCH", `/drafts/${draft}/documents`, { workflow: { past: {
    label: "Past", object: "opportunity", trigger: { type: "after_save", on: ["update"] }, when: 'next_step == "Back-tested"', start: "stop", steps: { stop: { type: "stop" } },
  } } });
  const page = await visit(browser, server, "admin@example.com", desktop, `/studio/automation/workflow/past?draft=${draft}&way=past`, /4../);
  const days = page.getByRole("button", { name: t("studio.flows.days_other", { count: 7 }), exact: true });
  await days.click();
  await page.getByText(t("studio.flows.fired_other", { count: 0 })).waitFor();
  await admin("PATCH", `/records/opportunity/${id}`, { next_step: "Back-tested" });
  await days.click();
  await page.getByText(t("studio.flows.fired_one", { count: 1 })).waitFor();
  await axe(page).then((found) => assert.deepEqual(found, []));
  await picture(page, "flows-past");
  await admin("DELETE", `/drafts/${draft}`);
  await done(page);
});

test("a step is moved, copied and taken away, and the rest stays", async () => {
  const t = texts("en");
  const { id: draft } = await admin("POST", "/drafts", { label: "Moved" });
  const step = (name, next) => ({ type: "notify", label: name, to: "owner", text: name, ...(next && { next }) });
  await admin("PATCH", `/drafts/${draft}/documents`, { workflow: { moving: {
    label: "Moving", object: "opportunity", trigger: { type: "manual" }, start: "one", steps: { one: step("One", "two"), two: step("Two", "three"), three: step("Three") },
  } } });
  const page = await visit(browser, server, "admin@example.com", desktop, `/studio/automation/workflow/moving?draft=${draft}`, /4../);
  const order = async () => {
    const { start, steps } = (await admin("GET", `/drafts/${draft}/documents?kind=workflow`)).items.find((one) => one.name === "moving");
    const names = [];
    for (let at = start; at; at = steps[at]?.next) names.push(at);
    return names.join(" ");
  };
  await page.locator('[data-step="one"]').click();
  const panel = page.getByRole("complementary");
  await panel.getByRole("button", { name: t("studio.flows.move"), exact: true }).click();
  await storing(page, () => page.getByRole("menuitem", { name: /Three” Next/ }).click());
  assert.equal(await order(), "two three one");
  await page.locator('[data-step="three"]').focus();
  await storing(page, () => page.keyboard.press("Control+d"));
  assert.match(await order(), /^two three \w+ one$/);
  await page.locator('[data-step="two"]').focus();
  await storing(page, () => page.keyboard.press("Delete"));
  assert.match(await order(), /^three \w+ one$/);
  await admin("DELETE", `/drafts/${draft}`);
  await done(page);
});

test("the cases of a switch are filled in, one below the other", async () => {
  const t = texts("en");
  const { id: draft } = await admin("POST", "/drafts", { label: "Cases" });
  await admin("PATCH", `/drafts/${draft}/documents`, { workflow: { cases: {
    label: "Cases", object: "opportunity", trigger: { type: "manual" }, start: "which",
    steps: { which: { type: "switch", cases: [{ when: "amount > 10", next: "stop" }] }, stop: { type: "stop" } },
  } } });
  const page = await visit(browser, server, "admin@example.com", desktop, `/studio/automation/workflow/cases?draft=${draft}&step=which`, /4../);
  const panel = page.getByRole("complementary");
  const saved = async () => (await admin("GET", `/drafts/${draft}/documents?kind=workflow`)).items.find((one) => one.name === "cases").steps.which.cases;
  await storing(page, () => panel.getByRole("button", { name: t("studio.add_to", { label: "Cases" }) }).click());
  const second = panel.getByRole("listitem", { name: t("studio.row_of", { label: "Cases", number: "2" }) });
  const when = second.locator("textarea").first();
  await when.fill("amount > 5");
  await storing(page, () => when.blur());
  assert.deepEqual(await saved(), [{ when: "amount > 10", next: "stop" }, { when: "amount > 5" }]);
  await axe(page).then((found) => assert.deepEqual(found, []));
  await picture(page, "flows-cases");
  await storing(page, () => second.getByRole("button", { name: new RegExp(`${t("studio.up")}$`) }).click());
  assert.deepEqual(await saved(), [{ when: "amount > 5" }, { when: "amount > 10", next: "stop" }]);
  await admin("DELETE", `/drafts/${draft}`);
  await done(page);
});

test("two hundred steps are dragged", async (info) => {
  const t = texts("en");
  await admin("PATCH", "/me", { language: "en" });
  const steps = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [
    `s${i}`,
    i % 10 === 5
      ? { type: "branch", if: "amount > 0", then: i < 199 ? `s${i + 1}` : undefined, else: i < 199 ? `s${i + 1}` : undefined }
      : { type: "compute", values: { a: "1" }, ...(i < 199 && { next: `s${i + 1}` }) },
  ]));
  const { id } = await admin("POST", "/drafts", { label: "Long" });
  await admin("PATCH", `/drafts/${id}/documents`, { workflow: { long: { label: "Long", object: "opportunity", trigger: { type: "manual" }, start: "s0", steps } } });
  const page = await visit(browser, server, "admin@example.com", desktop, `/studio/automation/workflow/long?draft=${id}`, /4../);
  const canvas = page.getByRole("region", { name: t("studio.flows.canvas") });
  await canvas.locator('[data-step="s199"]').waitFor({ state: "attached" });
  const box = await canvas.boundingBox();
  await page.evaluate(() => {
    window.frames_ = [];
    let last = performance.now();
    const look = (now) => {
      window.frames_.push(now - last);
      last = now;
      requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
  await page.mouse.move(box.x + 12, box.y + box.height - 12);
  await page.mouse.down();
  for (let i = 0; i < 60; i++) await page.mouse.move(box.x + 12 + (i % 7), box.y + box.height - 12 - i * 8);
  await page.mouse.up();
  const frames = await page.evaluate(() => window.frames_.slice(2));
  assert.ok((await canvas.evaluate((e) => e.scrollTop)) > 300, "it moved");
  info.diagnostic(`${frames.length} frames, the longest ${Math.max(...frames).toFixed(0)} ms, ${frames.filter((f) => f > 50).length} over 50 ms`);
  await picture(page, "flows-long");
  await admin("DELETE", `/drafts/${id}`);
  await done(page);
});

test("on a phone a workflow is read", async () => {
  const page = await visit(browser, server, "admin@example.com", phone, "/studio/automation/workflow/convert_lead", /4../);
  await page.locator("[data-step]").first().waitFor();
  assert.deepEqual(await sideways(page), []);
  assert.deepEqual(await axe(page), []);
  await picture(page, "flows-phone");
  await done(page);
});
