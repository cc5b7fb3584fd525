// The screens there are, and how each is brought up in a page of somebody who has logged in, on a desktop
// or a phone and in whichever language. axe.test.mjs looks at all of them, screenshots.mjs takes their pictures.
// What they show besides the demonstration data, `prepare` makes beforehand.
import { admin } from "./server.mjs";

const texts = {
  "sarah@example.com": {
    find: "no",
    twin: { first_name: "Elena", last_name: "Fischer", email: "elena.fischer@lumen.example", title: "IT manager" },
    other: { first_name: "Elena", last_name: "Fischer", email: "elena.fischer@lumen.example", phone: "+49 30 5550199", title: "Head of IT" },
    said: [
      "They ask for a second site in the quote. Can we still keep the date, ",
      "Legal has signed off on the terms, nothing is in the way any more. ",
      "Great call today. Please send the reference list before Thursday, ",
    ],
    answer: "Yes: the second site adds two weeks of installation, the date holds.",
    tasks: ["Send the revised quote", "Book the installation crew"],
    file: [
      "Name,Industry,Phone,Website,Employees",
      "Nordwind Logistik GmbH,Logistics,+49 40 5550101,https://nordwind.example,240",
      "Helvetia Optics SA,Manufacturing,+41 22 5550102,https://helvetia-optics.example,85",
      "Rivera & Sons,Retail,+34 91 5550103,https://rivera.example,many",
      "Blue Harbor Foods,Aquaculture,+1 312 5550105,https://blueharbor.example,1200",
      ",Energy,+44 20 5550106,https://unnamed.example,12",
    ],
    events: ["Demo of the gateway", "Contract talks", "Quarterly review", "Site visit", "Kick-off", "Call with the IT manager"],
  },
  "liming@example.com": {
    find: "北京",
    twin: { first_name: "秀兰", last_name: "陈", email: "chen.xiulan@ruifeng.example", title: "采购经理" },
    other: { first_name: "秀兰", last_name: "陈", email: "chen.xiulan@ruifeng.example", phone: "+86 21 55500199", title: "采购总监" },
    said: ["客户希望报价中增加第二个厂区，交货日期还能保证吗？", "法务已确认合同条款，没有其他问题了。", "今天沟通顺利，请在周四之前发送案例清单。"],
    answer: "可以：第二个厂区需增加两周安装时间，交货日期不变。",
    tasks: ["发送修改后的报价单", "安排安装团队"],
    file: [
      "客户名称,行业,电话,网站,员工人数",
      "上海明远科技有限公司,科技,+86 21 55500104,https://mingyuan.example,240",
      "杭州远大物流有限公司,物流,+86 571 5550102,https://yuanda.example,85",
      "成都中恒食品有限公司,零售,+86 28 55500103,https://zhongheng.example,很多",
      "苏州天成水产有限公司,水产,+86 512 5550105,https://tiancheng.example,1200",
      ",能源,+86 10 55500106,https://unnamed.example,12",
    ],
    events: ["网关产品演示", "合同谈判", "季度回顾", "现场考察", "项目启动会", "与信息部经理通话"],
  },
};

/**
 * Makes what the screens show besides the demonstration data: a deal with comments and tasks, duplicates, and
 * something in the inbox. Returns what the screens take.
 */
export async function prepare(server, email = viewer) {
  const [api, own, diana] = [await server.as(admin), await server.as(email), await server.as("diana@example.com")];
  const { user } = await own("GET", "/me");
  const words = texts[email];
  // People who sell may neither import nor merge.
  await api("PATCH", `/records/user/${user.id}`, { permissions: ["sales_manager", "activities"] });
  const query = (filter, more) => `?${new URLSearchParams({ filter, ...more })}`;
  const mine = `owner == "${user.id}"`;
  const deals = await own("GET", `/records/opportunity${query(`${mine} and stage == "proposal"`, { sort: "-amount", limit: "3" })}`);
  const deal = deals.items[0];
  const [twin] = (await api("GET", `/records/contact${query(`email == "${words.twin.email}"`, { limit: "1" })}`)).items;
  const made = { base: server.base, other: diana, deal: deal.id, amount: rising(60_000), twin: twin?.id, file: words.file.join("\n"), find: words.find };
  if (twin) return made;
  made.twin = (await api("POST", "/records/contact", { ...words.twin, account: deal.account, owner: user.id })).id;
  await api("POST", "/records/contact", { ...words.other, account: deal.account, owner: user.id });
  for (const [i, said] of words.said.entries())
    await diana("POST", `/records/opportunity/${deals.items[i % deals.items.length].id}/comments`, { text: `${said}@[${user.name}](user:${user.id})` });
  await own("POST", `/records/opportunity/${deal.id}/comments`, { text: words.answer });
  for (const subject of words.tasks)
    await diana("POST", "/records/task", { subject, owner: user.id, due: day(3), priority: "high", about: { object: "opportunity", id: deal.id } });
  for (const [i, subject] of words.events.entries()) {
    const start = new Date(`${monday(i - 1)}T${String(8 + ((i * 3) % 7)).padStart(2, "0")}:00:00Z`);
    const end = new Date(+start + (i % 2 ? 90 : 60) * 60_000);
    await own("POST", "/records/event", { subject, start, end, about: { object: "opportunity", id: deals.items[i % deals.items.length].id } });
  }
  await own("PUT", `/records/opportunity/${deal.id}/follow`);
  await diana("PATCH", `/records/opportunity/${deal.id}`, { close_date: day(21) });
  return made;
}

/** Numbers that never repeat, so that each changes what the last one was. */
function rising(from) {
  let last = from;
  return () => {
    last += 1000;
    return last;
  };
}

/** A day of this week, so many from its Monday. */
const monday = (away) => day(away - ((new Date().getUTCDay() + 6) % 7));
const day = (away) => new Date(Date.now() + away * 86_400_000).toISOString().slice(0, 10);

/** Who looks at the screens. */
export const viewer = "sarah@example.com";

const at = (path, seen) => async (page, { base }) => {
  await page.goto(base + path);
  await seen(page).first().waitFor();
  await still(page);
};

const titled = (title, show) => Object.assign(show, { title });

/** Nothing is asked for and nothing moves any more. */
export async function still(page) {
  for (let quiet = 0; quiet < 4; quiet = page.pending.size === 0 ? quiet + 1 : 0) await page.waitForTimeout(50);
  await page.evaluate(() => Promise.all(document.getAnimations().map((one) => one.finished.catch(() => undefined))));
}

const phone = (page) => page.viewportSize().width <= 720;
const dialog = (page) => page.getByRole("dialog");
const deals = "/o/opportunity?view=all_opportunities";
const rows = (page) => page.locator("main [role=grid] [data-row='3'] a, main ul[aria-label] button strong");
const list = at(deals, rows);
const record = (more = "", seen = (page) => page.locator("main article h1")) => (page, made) =>
  at(`/o/opportunity/${made.deal}${more}`, seen)(page, made);

/** By name; `title` says what is seen, `desktop` that a phone has no such thing. */
export const screens = {
  login: titled("Logging in", async (page, { base }) => {
    const cookies = await page.context().cookies();
    await page.context().clearCookies();
    await page.goto(base);
    await page.locator("input[name=password]").waitFor();
    await still(page);
    await page.context().addCookies(cookies);
  }),
  home: titled("A day", at("/", (page) => page.getByRole("main").getByRole("figure"))),
  list: titled("A list", list),
  filter: titled("A list, filtered", async (page, made) => {
    await at("/o/opportunity?view=my_open_opportunities", rows)(page, made);
    if (!phone(page)) {
      await page.keyboard.press("f");
      await page.keyboard.type("amount > 10000");
      await page.waitForTimeout(200);
    }
    await still(page);
  }),
  groups: titled("A list in groups", at("/o/account?view=customers&group=industry", (page) => rows(page).or(page.locator("main [data-row='1']")))),
  bulk: Object.assign(
    titled("Many chosen", async (page, made) => {
      await list(page, made);
      for (const row of [1, 2, 4]) await page.locator(`main [data-row='${row}'] [data-check], main [data-row='${row}'] [class*=check]`).first().click();
      await still(page);
    }),
    { desktop: true },
  ),
  peek: Object.assign(
    titled("A record beside its list", async (page, made) => {
      await list(page, made);
      await page.getByRole("grid").focus();
      await page.keyboard.press("Space");
      await page.getByRole("complementary").locator("h1").waitFor();
      await still(page);
    }),
    { desktop: true },
  ),
  record: titled("A record", record()),
  history: titled("What happened to a record", record("?side=history", (page) => page.locator("main article time"))),
  comments: titled("What people say", record("?side=comments", (page) => page.locator("main article time"))),
  conflict: titled("Two people on one field", async (page, made) => {
    await record()(page, made);
    await page.locator("main [data-field=amount]").first().click();
    const input = (phone(page) ? dialog(page) : page.locator("main [data-name=amount]").first()).locator("input");
    await input.fill("52000");
    await made.other("PATCH", `/records/opportunity/${made.deal}`, { amount: made.amount() });
    if (phone(page)) await dialog(page).getByRole("button").last().click();
    else await page.keyboard.press("Enter");
    await page.locator("main [role=alert] table").waitFor();
    await still(page);
  }),
  merge: titled("Duplicates", async (page, made) => {
    await at(`/o/contact/${made.twin}?merge=`, (page) => dialog(page).getByRole("checkbox"))(page, made);
    await dialog(page).getByRole("checkbox").first().check();
    await dialog(page).getByRole("radio").first().waitFor();
    await still(page);
  }),
  create: titled("A new record", at(`${deals}&new=`, (page) => dialog(page).locator("button[type=submit]"))),
  palette: titled("The palette", async (page, made) => {
    await list(page, made);
    await page.keyboard.press("Control+k");
    await dialog(page).getByRole("combobox").fill(made.find);
    await page.getByRole("option").nth(4).waitFor();
    await still(page);
  }),
  inbox: titled("An inbox", async (page, made) => {
    await at("/inbox", (page) => page.getByRole("main").getByRole("listitem"))(page, made);
    if (!phone(page)) await page.getByRole("complementary").locator("h1").first().waitFor();
    await still(page);
  }),
  import: titled("An import", async (page, made) => {
    await at("/o/account/import", (page) => page.getByRole("main").locator("input[type=file]").or(page.getByRole("main").getByRole("button")))(page, made);
    await page.locator("main input[type=file]").setInputFiles({ name: "customers.csv", mimeType: "text/csv", buffer: Buffer.from(made.file) });
    await page.getByRole("main").getByRole("status").getByText(/\d/).first().waitFor();
    await still(page);
  }),
  board: titled("A board", at("/o/opportunity?view=pipeline", (page) => page.locator("[data-card]"))),
  calendar: titled("A calendar", at("/o/opportunity?view=closing_calendar", (page) => page.locator("[data-drop]"))),
  week: titled("A week", at("/o/event?view=calendar&span=week", (page) => page.locator("[data-drop]"))),
  timeline: titled("A timeline", at("/o/event?view=event_timeline", (page) => page.getByRole("main").getByRole("radiogroup"))),
  gallery: titled("A gallery", at("/o/product?view=product_gallery", (page) => page.locator("[data-card]"))),
  chart: titled("A chart", at("/o/opportunity?view=won_by_month", (page) => page.getByRole("figure").getByRole("link"))),
  pie: titled("A pie", at("/o/lead?view=leads_by_source", (page) => page.getByRole("figure").getByRole("link"))),
  recent: titled("What was opened lately", at("/recent", (page) => page.getByRole("main").getByRole("listitem"))),
  me: titled("One's own settings", at("/me", (page) => page.getByRole("main").getByRole("listitem"))),
  keys: Object.assign(
    titled("The keys", async (page, made) => {
      await list(page, made);
      await page.keyboard.press("?");
      await dialog(page).locator("dl").first().waitFor();
      await still(page);
    }),
    { desktop: true },
  ),
  empty: titled("Nothing found", at(`${deals}&filter=${encodeURIComponent("amount > 90000000")}`, (page) => page.getByRole("main").getByRole("button"))),
};

