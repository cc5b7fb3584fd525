// Accessibility of every screen, in both themes and on a phone, by axe.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { axe, desktop, done, launch, phone, visit } from "./browser.mjs";
import { screens } from "./screens.mjs";
import { start } from "./server.mjs";

let server;
let browser;
before(async () => {
  server = await start();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const looks = {
  light: { options: { ...desktop, colorScheme: "light" } },
  // Nothing but colours differs in the other theme.
  dark: { options: { ...desktop, colorScheme: "dark" }, rules: ["color-contrast"] },
  phone: { options: { ...phone, colorScheme: "light" } },
};

for (const [look, { options, rules }] of Object.entries(looks))
  test(`every screen can be used by everybody: ${look}`, async () => {
    const page = await visit(browser, server, "sarah@example.com", { ...options, reducedMotion: "reduce" });
    const broken = [];
    for (const [name, show] of Object.entries(screens)) {
      await show(page, server);
      for (const line of await axe(page, rules)) broken.push(`${name}: ${line}`);
    }
    assert.equal(broken.join("\n"), "");
    await done(page);
  });
