// What the pages hide, the server refuses: somebody with few rights sends all of it from within a page. And what a
// page, its cookie and its files may be used for by others.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { inflateRawSync } from "node:zlib";
import { begin, blank, done, visit } from "./browser.mjs";
import { guarded, secrets } from "./hostile.mjs";
import { still } from "./screens.mjs";
import { admin, password, start } from "./server.mjs";

const { server, browser } = await begin(start({ own: true, size: 20 }));
let api;
const clerk = "clerk@example.com";
const ids = {};
before(async () => {
  api = await server.as(admin);
  await api("POST", "/metadata/apply", { documents: guarded });
  const make = async (object, data) => (await api("POST", `/records/${object}`, data)).id;
  ids.clerk = await make("user", { name: "Clerk", email: clerk, active: true, permissions: ["clerk"] });
  await api("PUT", `/users/${ids.clerk}/password`, { password });
  ids.safe = await make("safe", { name: "locked away" });
  ids.chest = await make("strongbox", { name: "golden chest" });
  ids.vault = await make("vault", { name: "First", phone: "13812345679", vault_hidden: "amber room", safe: ids.safe, anything: { object: "strongbox", id: ids.chest }, state: "open" });
  ids.other = await make("vault", { name: "Second", phone: "13812345678", vault_hidden: "amber room", anything: { object: "safe", id: ids.safe } });
  await api("PATCH", `/records/vault/${ids.vault}`, { phone: "13812345678", vault_hidden: "amber room two" });
  await api("POST", `/records/safe/${ids.safe}/comments`, { text: `whispered to @[Clerk](user:${ids.clerk})` });
  ids.comment = (await api("GET", `/records/safe/${ids.safe}/comments`)).items[0].id;
});

/** Every answer of the API that a page gets is read, and tells none of what its person may not know. */
function listening(page) {
  const reading = [];
  let answers = 0;
  page.on("response", (answer) => {
    const { pathname } = new URL(answer.url());
    if (!pathname.startsWith("/api/") || pathname.endsWith("/events")) return;
    const asked = `${answer.request().method()} ${decodeURIComponent(answer.url())} ${answer.request().postData() ?? ""}`;
    reading.push(answer.text().then((text) => told(asked, text), () => undefined)); // some are empty
  });
  const leaks = [];
  const told = (where, text) => {
    if (text) answers++;
    for (const secret of secrets) if (text.includes(secret) && !where.includes(secret)) leaks.push(`${where} tells “${secret}”: ${text.slice(0, 400)}`);
  };
  return { told, leaks: async () => (await Promise.all(reading), assert.ok(answers > 0), leaks) };
}

/** Sends a request from within a page, as its scripts could. */
const send = (page, method, path, body) =>
  page.evaluate(
    async ([method, path, body]) => {
      const answer = await fetch(`/api/v1${path}`, { method, headers: { "Content-Type": "application/json" }, body: body && JSON.stringify(body) });
      return { status: answer.status, text: await answer.text() };
    },
    [method, path, body],
  );

const refusals = /status of (400|401|403|404|409|412|422)/;
const visitClerk = (path) => visit(browser, server, clerk, undefined, path, refusals);

test("what the pages hide from a person with few rights, the API refuses, and tells nothing of", async () => {
  const page = await visitClerk("/o/vault?view=vaults");
  const heard = listening(page);
  await page.reload();
  await page.locator("[data-row='1']").waitFor();

  // The pages have none of it.
  const header = await page.getByRole("row").first().innerText();
  assert.match(header, /Name[\s\S]*Phone[\s\S]*State/);
  assert.equal(header.includes("Room"), false);
  await page.getByText("138****5678").first().waitFor();
  for (const name of ["New", "Import and export"]) assert.equal(await page.getByRole("button", { name, exact: true }).count(), 0, name);
  assert.equal(await page.getByRole("navigation").getByText("Chests").count(), 0);
  await page.getByRole("grid").focus();
  await page.keyboard.press("x");
  for (const name of ["Edit", "Delete"]) assert.equal(await page.getByRole("button", { name, exact: true }).and(page.locator(":enabled")).count(), 0, name);
  await page.locator("[data-row='0'] a[data-open]").click();
  await page.getByRole("heading", { level: 1, name: "First" }).waitFor();
  await page.getByRole("complementary", { name: "Beside the record" }).getByRole("tab", { name: "Changes" }).click();
  await still(page);
  for (const menu of await page.getByRole("button", { name: "More actions" }).all()) {
    await menu.click();
    for (const name of ["Delete", "Clone"]) assert.equal(await page.getByRole("menuitem", { name, exact: true }).and(page.locator(":enabled")).count(), 0, name);
    await page.keyboard.press("Escape");
  }
  await page.keyboard.press("Control+k");
  await page.getByRole("dialog").getByRole("combobox").fill("locked");
  await page.getByText("Nothing found.").waitFor();
  await page.keyboard.press("Escape");

  const { vault, other, safe, chest, comment } = ids;
  const refused = {
    "writes": [
      ["POST", "/records/vault", { name: "Mine" }],
      ["PATCH", `/records/vault/${vault}`, { name: "Mine" }],
      ["PATCH", `/records/vault/${vault}`, { vault_hidden: "mine" }],
      ["PATCH", `/records/vault/${vault}`, { phone: "1" }],
      ["DELETE", `/records/vault/${vault}`],
      ["POST", `/records/vault/${vault}/restore`],
      ["POST", `/records/vault/${vault}/merge`, { records: [other] }],
      ["POST", `/records/vault/${vault}/files`, { files: [] }],
      ["PATCH", `/records/safe/${safe}`, { name: "mine" }],
      ["DELETE", `/bin/vault/${vault}`],
      ["POST", "/records/vault/form", { id: vault, data: { name: "x" } }],
    ],
    "hidden fields": [
      ["GET", `/records/vault?fields=vault_hidden`],
      ["GET", `/records/vault?filter=${encodeURIComponent('vault_hidden startsWith "amber"')}`],
      ["GET", `/records/vault?filter=${encodeURIComponent('phone startsWith "1381234"')}`],
      ["GET", "/records/vault?sort=phone"],
      ["GET", "/records/vault?sort=vault_hidden"],
      ["POST", "/records/vault/aggregate", { group: [{ field: "vault_hidden" }], measures: [{ op: "count" }] }],
      ["POST", "/records/vault/aggregate", { group: [{ field: "phone" }], measures: [{ op: "count" }] }],
      ["POST", "/records/vault/board", { by: "vault_hidden", columns: ["amber room"] }],
      ["POST", "/records/vault/board", { by: "state", fields: ["vault_hidden"] }],
    ],
    "objects and records": [
      ["GET", "/records/strongbox"],
      ["GET", `/records/strongbox/${chest}`],
      ["GET", `/records/strongbox/${chest}/page`],
      ["GET", "/metadata/view/chests"],
      ["GET", `/records/safe/${safe}`],
      ["GET", `/records/safe/${safe}/page`],
      ["GET", `/records/safe/${safe}/history`],
      ["GET", `/records/safe/${safe}/comments`],
      ["POST", `/records/safe/${safe}/comments`, { text: "Hello" }],
      ["PATCH", `/records/safe/${safe}/comments/${comment}`, { text: "Hello" }],
      ["DELETE", `/records/safe/${safe}/comments/${comment}`],
      ["PUT", `/records/safe/${safe}/follow`],
      ["PUT", `/me/favourites/safe/${safe}`],
      ["PUT", `/me/recent/safe/${safe}`],
    ],
    "rights over all": [
      ["GET", "/exports/vault"],
      ["GET", "/exports/vault?format=xlsx"],
      ["GET", "/imports/1"],
      ["PATCH", `/records/user/${ids.clerk}`, { permissions: ["admin"] }],
      ["PUT", `/users/${ids.clerk}/password`, { password: "another horse entirely" }],
      ["POST", "/views", { object: "vault", label: "Shared", shared: "everyone", show: "table", columns: ["name"] }],
      ["POST", "/views", { object: "vault", label: "Mine", shared: "me", show: "table", columns: ["name", "vault_hidden"] }],
      ["POST", "/views", { object: "vault", label: "Mine", shared: "me", show: "table", columns: ["name"], filter: 'phone == "13812345678"' }],
      ["PATCH", "/metadata/object/vault", { label: "Mine" }],
      ["POST", "/metadata/apply", { documents: [] }],
      ["GET", "/metadata/revisions"],
      ["POST", "/access/explain", { user: ids.clerk, object: "vault", action: "read" }],
      ["POST", "/keys", { name: "mine" }],
    ],
  };
  for (const [what, requests] of Object.entries(refused))
    for (const [method, path, body] of requests) {
      const { status, text } = await send(page, method, path, body);
      const where = `${what}: ${method} ${path} ${JSON.stringify(body)}: ${status} ${text}`;
      assert.ok(status >= 400 && status < 500, where);
      assert.match(JSON.parse(text).code, /^[a-z]+\.[a-z_]+$/, where);
    }
  // Many at once are refused one by one.
  const bulk = await send(page, "POST", "/records/vault/bulk", {
    operations: [{ op: "create", data: { name: "Mine" } }, { op: "update", id: vault, data: { name: "Mine" } }, { op: "delete", id: other, data: {} }],
  });
  const { failed } = JSON.parse(bulk.text);
  assert.ok(bulk.status >= 400 || failed === 3, bulk.text);

  // What is answered, is answered without what is hidden.
  for (const [method, path, body] of [
    ["GET", "/records/vault?names=true"],
    ["GET", `/records/vault/${vault}?names=true`],
    ["GET", `/records/vault/${vault}/page`],
    ["GET", `/records/vault/${other}/page`],
    ["GET", `/records/vault/${vault}/history`],
    ["GET", `/records/vault/${vault}/duplicates`],
    ["POST", "/records/vault/board", { by: "state", fields: ["name", "phone"] }],
    ["GET", "/records/safe"],
    ["GET", "/search?q=locked"],
    ["GET", "/search?q=1381234"],
    ["GET", "/search?q=amber"],
    ["GET", "/me/notifications?state=open"],
    ["GET", "/me/recent"],
    ["GET", "/session"],
    ["GET", "/metadata"],
    ["GET", "/metadata/object/vault"],
    ["GET", "/schemas/records/vault"],
    ["GET", "/bin/vault"],
  ]) {
    const { status, text } = await send(page, method, path, body);
    assert.ok(status === 200 || status === 403, `${method} ${path}: ${status} ${text}`);
  }
  const said = await send(page, "GET", "/search?q=1381234");
  assert.deepEqual(JSON.parse(said.text).items, []);
  assert.deepEqual(await heard.leaks(), []);
  // Nothing was changed by any of it.
  const stored = await api("GET", `/records/vault/${vault}`);
  assert.deepEqual([stored.name, stored.phone, stored.vault_hidden], ["First", "13812345678", "amber room two"]);
  await done(page);
});

test("events and notifications are of what may be read", async () => {
  const page = await visitClerk("/inbox");
  const heard = listening(page);
  await page.evaluate((id) => fetch(`/api/v1/records/vault/${id}/follow`, { method: "PUT" }), ids.vault);
  await page.evaluate(() => {
    window.heard = [];
    const events = new EventSource("/api/v1/events");
    for (const kind of ["record", "notification", "revision"]) events.addEventListener(kind, (event) => window.heard.push(event.data));
    return new Promise((resolve) => events.addEventListener("open", resolve));
  });
  await api("PATCH", `/records/safe/${ids.safe}`, { name: "locked away again" });
  await api("PATCH", `/records/strongbox/${ids.chest}`, { name: "golden chest, locked" });
  await api("PATCH", `/records/vault/${ids.vault}`, { state: "shut", phone: "13812345678", vault_hidden: "amber room" });
  await page.waitForFunction((id) => window.heard.some((text) => text.includes(id)), ids.vault);
  const events = (await page.evaluate(() => window.heard)).join("\n");
  for (const hidden of [ids.safe, ids.chest, ...secrets]) assert.equal(events.includes(hidden), false, events);
  await page.getByRole("main").getByRole("listitem").filter({ hasText: "First" }).first().waitFor();
  const { items } = JSON.parse((await send(page, "GET", "/me/notifications?state=open")).text);
  assert.deepEqual([...new Set(items.map((one) => one.record))], [ids.vault]);
  assert.deepEqual(items.flatMap((one) => one.fields ?? []), ["state"]);
  assert.deepEqual(await heard.leaks(), []);
  await done(page);
});

/** The texts of a workbook: its files one after the other. */
function unzipped(bytes) {
  let texts = "";
  for (let end = bytes.indexOf("PK\x01\x02"); end >= 0; end = bytes.indexOf("PK\x01\x02", end + 4)) {
    const size = bytes.readUInt32LE(end + 20);
    const at = bytes.readUInt32LE(end + 42);
    const begin = at + 30 + bytes.readUInt16LE(at + 26) + bytes.readUInt16LE(at + 28);
    const raw = bytes.subarray(begin, begin + size);
    texts += bytes.readUInt16LE(end + 10) === 8 ? inflateRawSync(raw) : raw;
  }
  return texts;
}

test("a file of a list holds no more than the list", async () => {
  await api("PATCH", `/records/user/${ids.clerk}`, { permissions: ["clerk", "exporter"] });
  const page = await visitClerk("/o/vault?view=vaults");
  const { told, leaks } = listening(page);
  for (const format of ["csv", "csv&labels=true", "xlsx", "xlsx&labels=true", "jsonl"]) {
    const answer = await page.request.get(`${server.base}/api/v1/exports/vault?format=${format}`);
    assert.equal(answer.status(), 200);
    const text = format.startsWith("xlsx") ? unzipped(await answer.body()) : await answer.text();
    assert.match(text, /138\*\*\*\*5678/);
    told(format, text);
  }
  const { status } = await send(page, "GET", "/exports/vault?fields=vault_hidden");
  assert.ok(status >= 400, String(status));
  assert.deepEqual(await leaks(), []);
  await done(page);
});

test("a session is in no place that a script can read", async () => {
  const page = await blank(browser);
  await page.goto(server.base);
  const entered = page.waitForResponse((answer) => answer.url().endsWith("/auth/login"));
  await page.getByLabel("E-mail").fill(admin);
  await page.getByLabel("Password").first().fill(password);
  await page.keyboard.press("Enter");
  const { token } = await (await entered).json();
  assert.ok(token);
  await page.getByRole("main").getByRole("heading", { level: 1 }).waitFor();
  await page.goto(`${server.base}/o/vault?view=vaults`);
  await page.locator("[data-row='0']").waitFor();
  const readable = await page.evaluate(async () => {
    const read = (request) => new Promise((resolve, reject) => Object.assign(request, { onsuccess: () => resolve(request.result), onerror: reject }));
    const kept = [document.cookie, JSON.stringify(localStorage), JSON.stringify(sessionStorage)];
    for (const { name } of await indexedDB.databases()) {
      const base = await read(indexedDB.open(name));
      for (const store of base.objectStoreNames) kept.push(JSON.stringify(await read(base.transaction(store).objectStore(store).getAll())));
    }
    for (const name of await caches.keys())
      for (const request of await (await caches.open(name)).keys()) kept.push(await (await caches.match(request)).text());
    return kept.join("\n");
  });
  const [cookie] = (await page.context().cookies()).filter((one) => one.value === token);
  assert.deepEqual([cookie.httpOnly, cookie.sameSite !== "None"], [true, true]);
  assert.equal(readable.includes(token), false);
  assert.equal(readable.includes(password), false);
  await done(page);
});

test("no page is framed, and what breaks the content policy is told of by every page", async () => {
  const answer = await fetch(`${server.base}/o/vault`);
  const policy = answer.headers.get("content-security-policy");
  assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self' 'nonce-[\w+/]{22}'/);
  assert.match(policy, /frame-ancestors 'none'/);
  assert.equal(policy.includes("unsafe"), false);
  const again = (await fetch(`${server.base}/o/vault`)).headers.get("content-security-policy");
  assert.notEqual(again, policy); // the nonce is of one answer
  assert.equal(answer.headers.get("x-frame-options"), "DENY");
  assert.equal(answer.headers.get("x-content-type-options"), "nosniff");

  const page = await visit(browser, server, admin);
  await page.evaluate(() => document.body.insertAdjacentHTML("beforeend", "<img src=x onerror=ran()>"));
  await page.waitForFunction(() => document.images[document.images.length - 1].complete);
  await page.evaluate(() => undefined); // what it told has come
  assert.match(page.complaints.join("\n"), /the content policy refused script-src/);
  assert.equal(page.complaints.join("\n").includes("ran as a script"), false);
  assert.equal(browser.broken.splice(0).length > 0, true); // planted, so the browser may close
  await page.context().close();
});

test("another site makes no browser write, and frames nothing", async () => {
  const page = await visit(browser, server, admin);
  // The same server by another name is another site.
  const elsewhere = server.base.replace("127.0.0.1", "localhost");
  const cookie = (await page.context().cookies()).map((one) => `${one.name}=${one.value}`).join("; ");
  for (const headers of [{ Origin: "https://evil.example" }, { "Sec-Fetch-Site": "cross-site" }, { Origin: elsewhere, "Sec-Fetch-Site": "same-site" }, { Origin: "null" }]) {
    const answer = await fetch(`${server.base}/api/v1/records/vault`, { method: "POST", headers: { Cookie: cookie, "Content-Type": "application/json", ...headers }, body: '{"name":"Forged"}' });
    assert.equal(answer.status, 403, JSON.stringify(headers));
    assert.match((await answer.json()).code, /^auth\.cross_/);
  }
  const other = await page.context().newPage();
  const form = `<form method=post enctype=text/plain target=inside action="${server.base}/api/v1/records/vault"><input name='{"name":"Forged","a":"' value='"}'></form>`;
  const forged = `<iframe name=inside></iframe><iframe name=framed src="${server.base}/o/vault"></iframe>${form}`;
  await other.route("http://evil.example/", (route) => route.fulfill({ contentType: "text/html", body: forged }));
  await other.goto("http://evil.example/");
  const posted = other.waitForRequest((request) => request.method() === "POST");
  await other.evaluate(() => document.forms[0].submit());
  const answer = await (await posted).response();
  assert.ok(!answer || answer.status() >= 400);
  assert.equal(await other.frame("framed").locator("main").count(), 0);
  const { items } = await api("GET", `/records/vault?filter=${encodeURIComponent('name == "Forged"')}`);
  assert.deepEqual(items, []);
  await page.context().close();
});

test("an upload is never shown as a page of this site", async () => {
  const page = await visit(browser, server, admin);
  const html = "<script>opener?.ran?.();ran()</script><h1>page</h1>";
  for (const [name, type] of [["a.html", "text/html"], ["a.svg", "image/svg+xml"], ["a.png", "text/html"]]) {
    const sent = await page.request.post(`${server.base}/api/v1/files?name=${name}`, { headers: { "Content-Type": "application/octet-stream", "X-Content-Type": type }, data: html });
    const { id } = await sent.json();
    const answer = await page.request.get(`${server.base}/api/v1/files/${id}`);
    const headers = answer.headers();
    assert.equal(answer.status(), 200);
    assert.match(headers["content-disposition"], /^attachment/, name);
    assert.equal(headers["x-content-type-options"], "nosniff");
    assert.match(headers["content-security-policy"], /default-src 'none'; sandbox/);
  }
  await done(page);
});
