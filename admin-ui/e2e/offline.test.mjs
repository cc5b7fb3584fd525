// Installed, begun again, and without the server.
import assert from "node:assert/strict";
import { test } from "node:test";
import { begin, desktop, done, visit } from "./browser.mjs";
import { still } from "./screens.mjs";
import { admin, password, start } from "./server.mjs";

const { server, browser } = await begin(start({ own: true, size: 60 })); // it is stopped and goes on

const working = { ...desktop, serviceWorkers: "allow" };
const refused = /401|ERR_INTERNET_DISCONNECTED|ERR_CONNECTION|ERR_NETWORK|ERR_INCOMPLETE|ERR_FAILED|502|503/;
const list = "/o/account?view=my_accounts";
async function enter(email, path = list) {
  const page = await visit(browser, server, email, working, path, refused);
  page.setDefaultTimeout(30_000); // all files of the application are read first
  return page;
}
const strip = (page) => page.getByRole("status").filter({ hasText: "Offline." });

/** All files are kept, and the worker has the page. */
async function controlled(page) {
  const found = await page.waitForFunction(() => navigator.serviceWorker.controller?.scriptURL, undefined, { polling: 100 });
  return found.jsonValue();
}

/** All that the database and the caches hold, as one text. */
const stored = (page) =>
  page.evaluate(async () => {
    const found = [];
    for (const { name } of await indexedDB.databases()) {
      const db = await new Promise((resolve) => {
        indexedDB.open(name).onsuccess = (event) => resolve(event.target.result);
      });
      for (const store of db.objectStoreNames)
        found.push(
          ...(await new Promise((resolve) => {
            db.transaction(store).objectStore(store).getAll().onsuccess = (event) => resolve(event.target.result);
          })),
        );
      db.close();
    }
    for (const name of await caches.keys())
      for (const request of await (await caches.open(name)).keys()) found.push(request.url);
    return JSON.stringify([found, { ...localStorage }, { ...sessionStorage }]);
  });

/**
 * What was read has come into the database, which takes half a second. The page looks by itself, for waitForFunction
 * takes the promise of an asynchronous function for a yes.
 */
const keptSoon = async (page, text) =>
  assert.ok(
    await page.evaluate(async (text) => {
      const db = await new Promise((resolve) => {
        indexedDB.open("formwork").onsuccess = (event) => resolve(event.target.result);
      });
      const isKept = () =>
        new Promise((resolve) => {
          db.transaction("parts").objectStore("parts").getAll().onsuccess = (event) =>
            resolve(JSON.stringify(event.target.result).includes(text));
        });
      const until = performance.now() + 15_000;
      let found = await isKept();
      while (!found && performance.now() < until) {
        await new Promise((later) => setTimeout(later, 50));
        found = await isKept();
      }
      db.close();
      return found;
    }, text),
    `"${text}" was not kept`,
  );

test("it can be installed: a manifest in the person's language with its icons, and a worker that has the page", async () => {
  const page = await enter(admin);
  assert.equal(await controlled(page), `${server.base}/sw.js`);
  const devtools = await page.context().newCDPSession(page);
  const { url, data, errors } = await devtools.send("Page.getAppManifest");
  assert.deepEqual(errors, []);
  assert.equal(url, `${server.base}/manifest/en.webmanifest`);
  const manifest = JSON.parse(data);
  assert.equal(manifest.lang, "en");
  assert.deepEqual([manifest.id, manifest.start_url, manifest.scope, manifest.display], ["/", "/", "/", "standalone"]);
  const shown = await page.evaluate(
    (icons) =>
      Promise.all(
        icons.map(async ({ src, type }) => {
          const answer = await fetch(src);
          const picture = new Image();
          picture.src = src;
          await picture.decode();
          return [answer.ok, answer.headers.get("content-type") === type, picture.naturalWidth];
        }),
      ),
    manifest.icons.filter(({ sizes }) => sizes !== "any"),
  );
  assert.deepEqual(shown, [[true, true, 192], [true, true, 512], [true, true, 512]]);
  assert.ok(manifest.icons.some(({ purpose }) => purpose === "maskable"));
  const { installabilityErrors } = await devtools.send("Page.getInstallabilityErrors");
  assert.deepEqual(installabilityErrors.filter(({ errorId }) => errorId !== "in-incognito"), []);
  await page.evaluate(() => fetch("/api/v1/me", { method: "PATCH", headers: { "Content-Type": "application/json" }, body: '{"language":"zh"}' }));
  await page.reload();
  await page.locator('link[rel=manifest][href="/manifest/zh.webmanifest"]').waitFor({ state: "attached" });
  assert.equal((await (await page.request.get(`${server.base}/manifest/zh.webmanifest`)).json()).lang, "zh");
  await page.evaluate(() => fetch("/api/v1/me", { method: "PATCH", headers: { "Content-Type": "application/json" }, body: '{"language":"en"}' }));
  await done(page);
});

test("it begins with what was there, and asks only whether that has changed", async () => {
  const api = await server.as("sarah@example.com");
  const { name } = (await api("GET", "/records/account?view=my_accounts&limit=1")).items[0];
  const page = await enter("sarah@example.com");
  await page.getByRole("link", { name }).first().waitFor();
  await controlled(page);
  await keptSoon(page, name);
  await still(page);
  // Nothing of the API is answered: all that is shown was kept.
  let held;
  const holding = new Promise((resolve) => {
    held = resolve;
  });
  await page.route("**/api/**", async (route) => {
    await holding;
    await route.continue();
  });
  await page.reload({ waitUntil: "commit" });
  await page.getByRole("link", { name }).first().waitFor();
  const session = page.waitForResponse((answer) => answer.url().endsWith("/api/v1/session"));
  held();
  assert.equal((await session).status(), 304);
  await still(page);
  await done(page);
});

test("without the server, what was opened before is read, and nothing is lost", async () => {
  const api = await server.as("sarah@example.com");
  const [one, other] = (await api("GET", "/records/account?view=my_accounts&limit=2")).items;
  const page = await enter("sarah@example.com");
  await controlled(page);
  await page.getByRole("link", { name: one.name }).first().click();
  await page.getByRole("heading", { level: 1, name: one.name }).waitFor();
  await page.getByRole("button", { name: "Website" }).first().waitFor();
  await keptSoon(page, `"record","${one.id}","page"`); // the page of the record, and not only its line of the list
  await still(page);

  await server.interrupt();
  await strip(page).waitFor(); // the stream of events broke
  assert.match(await strip(page).innerText(), /nothing can be saved/);
  // The page is loaded anew, and there is what was there; another record is what the list knew of it.
  await page.reload();
  await page.getByRole("heading", { level: 1, name: one.name }).waitFor();
  await page.goto(server.base + list);
  await page.getByRole("link", { name: other.name }).first().click();
  await page.getByRole("heading", { level: 1, name: other.name }).waitFor();
  await page.goBack();
  await page.getByRole("link", { name: one.name }).first().click();
  await page.getByRole("heading", { level: 1, name: one.name }).waitFor();

  // An edit is refused in words, and what was typed stays.
  const number = page.locator('[data-name="phone"]').first();
  await number.getByRole("button").last().click();
  await number.getByRole("textbox").fill("+49 30 123456");
  await number.getByRole("textbox").press("Enter");
  await page.getByText("so nothing was saved. What you entered stays here.").waitFor();
  assert.equal(await number.getByRole("textbox").inputValue(), "+49 30 123456");
  // So is a new record, whose draft outlives the page.
  await page.goto(`${server.base}/o/account?view=my_accounts&new=`);
  const draft = page.getByRole("dialog", { name: /New/ });
  await draft.getByRole("textbox", { name: /^Name/ }).fill("Typed on the train");
  await draft.locator("button[type=submit]").click();
  await draft.getByText("so nothing was saved").first().waitFor();
  await page.reload();
  await draft.waitFor();
  assert.equal(await draft.getByRole("textbox", { name: /^Name/ }).inputValue(), "Typed on the train");

  await server.resume();
  await strip(page).waitFor({ state: "detached" });
  await draft.locator("button[type=submit]").click();
  await page.getByRole("heading", { level: 1, name: "Typed on the train" }).waitFor();
  // What happens is heard again.
  const stream = page.waitForResponse((answer) => answer.url().endsWith("/events"));
  await page.goto(server.base + list);
  await page.getByRole("link", { name: one.name }).first().waitFor();
  await stream;
  await api("PATCH", `/records/account/${one.id}`, { name: "Renamed meanwhile" });
  // What could not be sent before is there again, and is stored beside what others changed.
  await page.getByRole("link", { name: "Renamed meanwhile" }).first().click();
  await number.getByRole("textbox").waitFor();
  assert.equal(await number.getByRole("textbox").inputValue(), "+49 30 123456");
  const stored = page.waitForResponse((answer) => answer.request().method() === "PATCH" && answer.ok());
  await number.getByRole("textbox").press("Enter");
  await stored;
  const { name, phone } = await api("GET", `/records/account/${one.id}`);
  assert.deepEqual({ name, phone }, { name: "Renamed meanwhile", phone: "+49 30 123456" });
  page.complaints = page.complaints.filter((said) => !/status of 412/.test(said)); // what collided with nothing
  await done(page);
});

test("a browser without a network says so, and reads on when it is back", async () => {
  const page = await enter("sarah@example.com", "/o/lead?view=all_leads");
  await page.getByRole("grid").locator("[data-row='0'] a").first().waitFor();
  await page.context().setOffline(true);
  await strip(page).waitFor();
  await page.getByRole("navigation", { name: "Menu" }).getByRole("link", { name: "Accounts", exact: true }).click();
  await page.getByText("this was not opened here before").waitFor();
  await page.context().setOffline(false);
  await strip(page).waitFor({ state: "detached" });
  await page.getByRole("grid").locator("[data-row='0'] a").first().waitFor();
  await done(page);
});

test("nothing of one person is left for the next", async () => {
  const api = await server.as("diana@example.com");
  const { id } = await api("POST", "/records/account", { name: "Diana's own secret account" });
  const page = await enter("diana@example.com", `/o/account/${id}`);
  await page.getByRole("heading", { level: 1, name: "Diana's own secret account" }).waitFor();
  await controlled(page);
  await keptSoon(page, "secret account");
  await page.goto(`${server.base}/o/account?view=my_accounts&new=`);
  await page.getByRole("dialog").getByRole("textbox", { name: /^Name/ }).fill("Typed by Diana");
  await page.waitForFunction(() => JSON.stringify({ ...sessionStorage }).includes("Typed by Diana"));
  await page.keyboard.press("Escape");
  // Only the server can end a session.
  await page.context().setOffline(true);
  await strip(page).waitFor();
  await page.getByRole("button", { name: "Diana" }).click();
  await page.getByRole("menuitem", { name: "Log out" }).click();
  await page.getByText("You are still logged in.").waitFor();
  await page.context().setOffline(false);
  await strip(page).waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Diana" }).click();
  await page.getByRole("menuitem", { name: "Log out" }).click();
  await page.getByLabel("E-mail").fill("sarah@example.com");
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("button", { name: "Sarah" }).waitFor();
  await still(page);
  await page.context().setOffline(true);
  await strip(page).waitFor();
  const left = await stored(page);
  assert.ok(left.includes("sarah@example.com")); // it is looked into
  for (const trace of ["secret account", "Typed by Diana", "diana@example.com", "/api/"]) assert.ok(!left.includes(trace), trace);
  await page.goto(`${server.base}/o/account/${id}`);
  await page.getByText("this was not opened here before").waitFor();
  await done(page);
});

test("what was kept goes with the configuration that it was read with, and with the session", async () => {
  const marked = (page) => page.evaluate(async () => {
    const db = await new Promise((resolve) => {
      indexedDB.open("formwork").onsuccess = (event) => resolve(event.target.result);
    });
    const found = await new Promise((resolve) => {
      db.transaction("parts").objectStore("parts").get("marked").onsuccess = (event) => resolve(event.target.result);
    });
    db.close();
    return found !== undefined;
  });
  const page = await enter("sarah@example.com");
  const { name } = (await (await server.as("sarah@example.com"))("GET", "/records/account?view=my_accounts&limit=1")).items[0];
  await page.getByRole("link", { name }).first().waitFor();
  await keptSoon(page, name);
  await page.evaluate(async () => {
    const db = await new Promise((resolve) => {
      indexedDB.open("formwork").onsuccess = (event) => resolve(event.target.result);
    });
    const write = db.transaction("parts", "readwrite");
    write.objectStore("parts").put({ hash: "marked", key: ["marked"], at: 0, data: "of before" });
    await new Promise((stored) => {
      write.oncomplete = stored;
    });
    db.close();
  });
  await page.reload();
  await page.getByRole("link", { name }).first().waitFor();
  await still(page);
  assert.ok(await marked(page)); // nothing has changed
  const view = { kind: "view", name: "short_accounts", object: "account", label: { en: "Short accounts" }, show: "table", columns: ["name"] };
  await (await server.as(admin))("POST", "/metadata/apply", { documents: [view] });
  await page.getByRole("button", { name: "Short accounts" }).waitFor(); // it is told, as everything that happens
  await still(page);
  assert.ok(!(await marked(page)));
  await page.evaluate(() => fetch("/api/v1/auth/logout", { method: "POST" })); // as it is ended elsewhere
  await page.reload();
  await page.getByLabel("E-mail").waitFor();
  assert.ok(!(await stored(page)).includes("Sarah"));
  await done(page);
});
