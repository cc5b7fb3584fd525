// The screens there are, and how each is brought up in a page of somebody who has logged in, on a desktop
// or a phone and in whichever language. axe.test.mjs looks at all of them, screenshots.mjs takes their pictures.

const at = (path, seen) => async (page, server) => {
  await page.goto(server.base + path);
  await seen(page).waitFor();
  await still(page);
};

const titled = (title, show) => Object.assign(show, { title });

/** Nothing is asked for and nothing moves any more. */
export async function still(page) {
  for (let quiet = 0; quiet < 4; quiet = page.pending.size === 0 ? quiet + 1 : 0) await page.waitForTimeout(50);
  await page.evaluate(() => Promise.all(document.getAnimations().map((one) => one.finished.catch(() => undefined))));
}

const rows = (page) => page.locator("main [role=grid] [data-row='3'] a, main ul[aria-label] button strong").first();
const list = at("/o/opportunity?view=all_opportunities", rows);

/** By name; `title` says what is seen. */
export const screens = {
  list: titled("A list", list),
  record: titled("A record", async (page, server) => {
    await list(page, server);
    await page.locator("main [data-row='1'] a, main ul[aria-label] li button").first().click();
    await page.waitForURL(/\/o\/opportunity\/\w+/);
    await page.locator("main article h1").waitFor();
    await still(page);
  }),
  create: titled(
    "A new record",
    at("/o/opportunity?view=all_opportunities&new=", (page) => page.getByRole("dialog").locator("button[type=submit]")),
  ),
  palette: titled("The palette", async (page, server) => {
    await list(page, server);
    await page.keyboard.press("Control+k");
    await page.getByRole("dialog").getByRole("combobox").fill("no");
    await page.getByRole("option").nth(6).waitFor();
    await still(page);
  }),
  help: titled("The keys", async (page, server) => {
    await list(page, server);
    await page.keyboard.press("?");
    await page.getByRole("dialog").locator("dl").first().waitFor();
    await still(page);
  }),
  me: titled("One's own settings", at("/me", (page) => page.getByRole("main").getByRole("listitem").first())),
  recent: titled("What was opened lately", at("/recent", (page) => page.getByRole("main").getByRole("listitem").first())),
  home: titled("A day", at("/", (page) => page.getByRole("main").getByRole("figure"))),
  board: titled("A board", at("/o/opportunity?view=pipeline", (page) => page.locator("[data-card]").first())),
  calendar: titled("A calendar", at("/o/opportunity?view=closing_calendar", (page) => page.locator("[data-drop]").first())),
  hours: titled("A week", at("/o/event?view=calendar&span=week", (page) => page.locator("[data-drop]").first())),
  timeline: titled("A timeline", at("/o/event?view=event_timeline", (page) => page.getByRole("main").getByRole("radiogroup"))),
  gallery: titled("A gallery", at("/o/product?view=product_gallery", (page) => page.locator("[data-card]").first())),
  chart: titled("A chart", at("/o/opportunity?view=won_by_month", (page) => page.getByRole("figure").getByRole("link").first())),
  pie: titled("A pie", at("/o/lead?view=leads_by_source", (page) => page.getByRole("figure").getByRole("link").first())),
};
