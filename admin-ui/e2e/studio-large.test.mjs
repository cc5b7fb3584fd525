// The designers with a tenant of 300 objects, one of which has 500 fields. Times are told and decide nothing; how much is drawn does.
import assert from "node:assert/strict";
import { test } from "node:test";
import { begin, desktop, done, picture, visit } from "./browser.mjs";
import { start } from "./server.mjs";
import { texts } from "./words.mjs";

const { server, browser } = await begin(start({ own: true, size: 60 }));
const admin = await server.as("admin@example.com");
const t = texts("en");

const object = (label, fields) => ({
  label, name_field: "name", visibility: "private",
  fields: { name: { type: "text", label: "Name", order: 1 }, ...Object.fromEntries(Array.from({ length: fields }, (_, i) => [`f${i}`, { type: "number", label: `Field ${i}`, order: i + 2 }])) },
});

/** Scrolls what scrolls a screen a frame, and tells the frames. */
const frames = (page, of) => page.evaluate(async (of) => {
  const box = document.querySelector(of);
  const all = [];
  let last = performance.now();
  for (let i = 0; i < 60; i++) {
    box.scrollTop += box.clientHeight;
    if (box.scrollTop + box.clientHeight >= box.scrollHeight) box.scrollTop = 0;
    await new Promise((resolve) => requestAnimationFrame((now) => {
      all.push(now - last);
      last = now;
      resolve();
    }));
  }
  return { all, nodes: document.querySelectorAll("*").length };
}, of);
const told = (what, { all, nodes }) => {
  const sorted = [...all].sort((a, b) => a - b);
  return `${what}: median ${sorted[30].toFixed(0)} ms, ${all.filter((one) => one > 50).length} of ${all.length} frames over 50 ms, ${nodes} nodes`;
};

test("300 objects and 500 fields", async (info) => {
  await admin("PATCH", "/me", { language: "en" });
  const { id } = await admin("POST", "/drafts", { label: "Large" });
  const names = Array.from({ length: 300 }, (_, i) => `large_${String(i).padStart(3, "0")}`);
  for (let i = 0; i < 300; i += 100)
    await admin("PATCH", `/drafts/${id}/documents`, { object: Object.fromEntries(names.slice(i, i + 100).map((name, k) => [name, object(`Large ${i + k}`, i + k === 0 ? 498 : 3)])) });
  const page = await visit(browser, server, "admin@example.com", desktop, `/studio/objects/large_000?draft=${id}`, /4../);
  let begun = Date.now();
  await page.getByRole("textbox", { name: t("studio.label_of", { label: "Field 3" }), exact: true }).waitFor();
  info.diagnostic(`fields shown after ${Date.now() - begun} ms`);
  const fields = await frames(page, "main [class*=scroll]:has(ul[aria-label])");
  info.diagnostic(told("fields", fields));
  assert.ok(fields.nodes < 4000, `${fields.nodes} nodes`);
  await picture(page, "studio-large-fields");

  begun = Date.now();
  await page.goto(`${server.base}/studio/access/permission/sales_user?draft=${id}`);
  const grid = page.getByRole("grid");
  await grid.getByRole("rowheader", { name: "Account", exact: true }).waitFor();
  info.diagnostic(`rights shown after ${Date.now() - begun} ms`);
  await page.getByRole("searchbox", { name: t("studio.search") }).last().fill("Large 0");
  await grid.getByRole("rowheader", { name: "Large 0", exact: true }).click();
  await grid.getByRole("rowheader", { name: "Field 3", exact: true }).waitFor();
  await page.getByRole("searchbox", { name: t("studio.search") }).last().fill("");
  const rights = await frames(page, "[role=grid]");
  info.diagnostic(told("rights", rights));
  assert.ok(rights.nodes < 4000, `${rights.nodes} nodes`);
  await picture(page, "studio-large-rights");

  begun = Date.now();
  await page.goto(`${server.base}/studio/access/pivot?object=large_000&draft=${id}`);
  await page.getByRole("grid").getByRole("rowheader").first().waitFor();
  info.diagnostic(`an object across sets after ${Date.now() - begun} ms`);
  await admin("DELETE", `/drafts/${id}`);
  await done(page);
});
