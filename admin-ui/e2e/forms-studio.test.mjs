// A form is shaped by pointing, published, and answered by a stranger on a phone, while a robot makes nothing.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axe, begin, blank, desktop, done, phone, picture, sideways, visit } from "./browser.mjs";
import { start } from "./server.mjs";
import { publish, stored } from "./studio.mjs";
import { texts } from "./words.mjs";

const { server, browser } = await begin(start({ own: true, size: 60 }));
const admin = await server.as("admin@example.com");

const form = (page, t) => page.getByRole("region", { name: t("studio.forms.preview") });

/** Does something that changes the draft, and waits until it is stored. */
async function changing(page, act) {
  const saved = stored(page);
  await act();
  await saved;
}

/** Takes an option of a choice. */
async function pick(page, choice, option) {
  await choice.click();
  await page.getByRole("option", { name: option, exact: true }).click();
}

/** Says how hot a lead is: a row of short texts to tap, or a list of longer ones. */
async function rate(page, within, word) {
  await within.getByRole("combobox", { name: word.rating }).or(within.getByRole("radio").first()).waitFor();
  if (await within.getByRole("radio").count()) await within.getByRole("radio").first().check(); // they are hot, warm, cold
  else await pick(page, within.getByRole("combobox", { name: word.rating }), word.hot);
}

const asks = {
  en: { name: "Name", company: "Company", rating: "Rating", employees: "Employees", hot: "Hot", when: "Shown when", label: "Label", step: "Step 2", first: "Step 1", required: "Required", send: "Send", next: "Next" },
  zh: { name: "姓名", company: "公司", rating: "评级", employees: "员工人数", hot: "高", when: "显示条件", label: "标签", step: "第 2 步", first: "第 1 步", required: "必填", send: "提交", next: "下一步" },
};

for (const language of ["en", "zh"]) {
  const t = texts(language);
  const word = asks[language];
  const title = language === "zh" ? "Zhanhui 登记" : "Fair visitors";
  const name = language === "zh" ? "zhanhui" : "fair_visitors";

  test(`a form is made by pointing, published, and answered by a stranger on a phone (${language})`, async () => {
    await admin("PATCH", "/me", { language });
    const look = { ...desktop, locale: language === "zh" ? "zh-CN" : "en-US" };
    const page = await visit(browser, server, "admin@example.com", look, "/studio/pages", /404|422/);
    await page.getByRole("main").getByRole("button", { name: t("studio.new"), exact: true }).click();
    const dialog = page.getByRole("dialog", { name: t("studio.new") });
    await pick(page, dialog.getByRole("combobox", { name: t("studio.what") }), t("studio.kind.form"));
    await dialog.getByRole("textbox", { name: t("studio.label"), exact: true }).fill(title);
    await pick(page, dialog.getByRole("combobox", { name: t("studio.of_object") }), "lead");
    await changing(page, () => dialog.getByRole("button", { name: t("studio.make"), exact: true }).click());
    await page.getByRole("heading", { level: 1, name: title }).waitFor();
    assert.equal(new URL(page.url()).pathname, `/studio/forms/${name}`);

    // Fields are added from those of the object, and put in another order.
    const add = page.getByRole("combobox", { name: t("studio.forms.add"), exact: true });
    for (const field of [word.company, word.rating]) await changing(page, () => pick(page, add, field));
    await page.getByRole("button", { name: t("studio.move_this", { label: word.rating }) }).click();
    await changing(page, () => page.getByRole("menuitem", { name: t("studio.up"), exact: true }).click());
    const list = page.getByRole("list", { name: t("studio.forms.asked") }).getByRole("listitem");
    assert.deepEqual(await list.allTextContents(), [word.name, word.rating, word.company]);

    // A step of its own, with a field that is shown on a condition.
    await changing(page, () => page.getByRole("button", { name: t("studio.forms.add_step") }).click());
    await changing(page, () => pick(page, page.getByRole("combobox", { name: t("studio.forms.add_on", { step: word.step }) }), word.employees));
    await page.getByRole("button", { name: word.step, exact: true }).click();
    const panel = page.getByRole("complementary");
    const when = panel.getByRole("textbox", { name: word.when, exact: true });
    await when.fill("rating == 'hot'");
    await changing(page, () => when.blur());
    await page.getByText(t("studio.forms.conditional")).first().waitFor();

    // Beside it the page as it will be.
    const preview = form(page, t);
    await preview.getByRole("textbox", { name: word.name }).fill("Try");
    await preview.getByRole("textbox", { name: word.company }).fill("Try Ltd");
    await preview.getByRole("button", { name: word.send, exact: true }).waitFor();
    await rate(page, preview, word);
    await preview.getByRole("button", { name: word.next, exact: true }).click();
    await preview.getByRole("textbox", { name: word.employees }).waitFor();
    await page.getByRole("radiogroup", { name: t("studio.forms.size") }).getByText(t("studio.forms.phone"), { exact: true }).click();
    assert.deepEqual(await axe(page), []);
    await picture(page, `studio-form-${language}`);
    const documents = (await admin("GET", "/drafts")).items[0].documents;
    assert.deepEqual(documents.map((one) => `${one.kind}/${one.name}`), [`form/${name}`], "nothing else is changed");

    const none = await blank(browser, phone, /404/);
    await none.goto(`${server.base}/f/main/${name}`);
    await none.getByRole("alert").waitFor();
    await publish(page, t);
    await page.goto(`${server.base}/studio/forms/${name}`);
    await page.getByRole("button", { name: t("studio.forms.share"), exact: true }).click();
    const address = await page.getByRole("textbox", { name: t("studio.forms.address") }).inputValue();
    assert.equal(address, `${server.base}/f/main/${name}`);
    await picture(page, `studio-form-share-${language}`);
    await done(page);

    const stranger = await blank(browser, { ...phone, locale: look.locale }, /404|409|422/);
    await stranger.goto(address);
    await stranger.getByRole("textbox", { name: word.name }).fill("Rui Stranger");
    await stranger.getByRole("textbox", { name: word.company }).fill(`Fair ${language}`);
    await rate(stranger, stranger.getByRole("main"), word);
    await stranger.getByRole("button", { name: word.next, exact: true }).tap();
    await stranger.getByRole("textbox", { name: word.employees }).fill("70");
    assert.deepEqual([await axe(stranger), await sideways(stranger)], [[], []]);
    await picture(stranger, `studio-form-stranger-${language}`, { fullPage: true });
    await stranger.getByRole("button", { name: word.send, exact: true }).tap();
    await stranger.getByRole("status").waitFor();
    await done(stranger);
    const found = (await admin("GET", `/records/lead?filter=${encodeURIComponent(`company == "Fair ${language}"`)}`)).items;
    assert.deepEqual(found.map((one) => [one.name, one.rating, one.employees]), [["Rui Stranger", "hot", 70]]);

    const robot = await blank(browser, { ...phone, locale: look.locale }, /422/);
    await robot.goto(address);
    await robot.getByRole("textbox", { name: word.name }).fill("Robot");
    await robot.getByRole("textbox", { name: word.company }).fill("Robots Ltd");
    await robot.getByText("Website").locator("input").fill("https://example.com", { force: true });
    await robot.getByRole("button", { name: word.send, exact: true }).tap();
    await robot.getByRole("alert").waitFor();
    assert.equal((await admin("GET", `/records/lead?filter=${encodeURIComponent('company == "Robots Ltd"')}`)).items.length, 0);
    await done(robot);
  });
}

test("on a phone the page is looked at", async () => {
  const t = texts("zh");
  const page = await visit(browser, server, "admin@example.com", { ...phone, locale: "zh-CN" }, "/studio/forms/zhanhui");
  await page.getByText(t("studio.forms.wider")).waitFor();
  await form(page, t).getByRole("textbox").first().waitFor();
  assert.deepEqual([await axe(page), await sideways(page)], [[], []]);
  await done(page);
});
