// What the studio only shows it does not change, and what is changed and taken back is what it was: of every document.
import assert from "node:assert/strict";
import { test } from "node:test";
import { begin, desktop, done, visit } from "./browser.mjs";
import { start } from "./server.mjs";
import { stored } from "./studio.mjs";
import { texts } from "./words.mjs";

const { server, browser } = await begin(start({ own: true, size: 60 }));
const admin = await server.as("admin@example.com");
const t = texts("en");

/** Where documents are shaped: by pointing, and in the form of their kind. */
function addresses({ kind, name, object }) {
  const section = {
    object: "objects", picklist: "objects", layout: "pages", view: "pages", app: "pages", dashboard: "pages", form: "pages",
    workflow: "automation", template: "automation", calendar: "automation", connection: "automation", mailbox: "automation", sla: "automation",
    permission: "access", role: "access", sharing: "access", policy: "access",
  }[kind] ?? "system";
  const form = `/studio/${section}/${kind}/${name}?as=form`;
  switch (kind) {
    case "object": return ["fields", "rules", "stages", "settings"].map((tab) => `/studio/objects/${name}/${tab}`);
    case "layout": return [`/studio/pages/${object}/${name}`, form];
    case "view": return [`/studio/pages/${object}/views/${name}`, form];
    case "app":
    case "dashboard": return [`/studio/pages/shape/${kind}/${name}`, form];
    case "form": return [`/studio/forms/${name}`, form];
    case "workflow":
    case "permission": return [form.replace("?as=form", ""), form];
    default: return [form];
  }
}

/** What is there only where this very document is drawn: its name beside its label, or things of its own. */
function shows(page, { kind, name }, address) {
  const main = page.getByRole("main");
  const named = main.locator("code").filter({ hasText: new RegExp(`^(${kind}/)?${name}$`) }).first();
  if (address.startsWith("/studio/forms/")) return main.getByRole("button", { name: t("studio.forms.share") }).first();
  return address.startsWith("/studio/pages/") && !address.includes("as=form") ? main.locator("[data-thing]").first() : named;
}

test("every document is shown in each of its designers, and stays as it is", async (info) => {
  await admin("PATCH", "/me", { language: "en" });
  const documents = (await admin("GET", "/metadata")).items;
  const page = await visit(browser, server, "admin@example.com", desktop, "/studio/objects", /./);
  const sent = [];
  page.on("request", (r) => {
    if (["PATCH", "PUT", "DELETE"].includes(r.method()) && r.url().includes("/drafts/")) sent.push(`${page.url()}: ${r.method()} ${r.url()}`);
  });
  let shown = 0;
  for (const document of documents)
    for (const address of addresses(document)) {
      await page.evaluate((to) => {
        history.pushState({}, "", to);
        dispatchEvent(new PopStateEvent("popstate"));
      }, address);
      await shows(page, document, address).waitFor().catch(() => assert.fail(`${address} does not show ${document.kind} ${document.name}`));
      shown++;
    }
  assert.ok(shown > 250, `${shown} pages`);
  info.diagnostic(`${documents.length} documents on ${shown} pages`);
  assert.deepEqual(sent, []);
  assert.deepEqual((await admin("GET", "/drafts")).items, []);
  await done(page);
});

test("what is changed and taken back is what it was, of each kind", async () => {
  const documents = (await admin("GET", "/metadata")).items;
  const kinds = [...new Map(documents.filter((one) => one.label && one.kind !== "object").map((one) => [one.kind, one])).values()];
  const page = await visit(browser, server, "admin@example.com", desktop, "/studio/objects", /./);
  for (const { kind, name, label } of kinds) {
    const address = addresses({ kind, name }).at(-1);
    await page.goto(server.base + address);
    const field = typeof label === "string" ? page.getByRole("textbox", { name: "Label", exact: true }) : page.getByRole("textbox", { name: "Label, English" });
    const was = await field.first().inputValue();
    const changed = stored(page);
    await field.first().fill(`${was} otherwise`);
    await field.first().blur();
    assert.equal((await changed).status(), 200, kind);
    const [draft] = (await admin("GET", "/drafts")).items;
    assert.deepEqual(draft.documents.map((one) => one.kind), [kind]);
    const back = stored(page);
    await page.locator("h1").first().click();
    await page.keyboard.press("Control+z");
    assert.equal((await back).status(), 200, kind);
    assert.deepEqual((await admin("GET", `/drafts/${draft.id}`)).documents, [], `${kind} is what it was`);
  }
  assert.ok(kinds.length >= 10, `${kinds.length} kinds`);
  await done(page);
});
