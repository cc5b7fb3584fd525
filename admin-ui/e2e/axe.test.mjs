// Accessibility of every screen, in both themes, on a phone and enlarged, by axe. The server is the test's own,
// since the screens are given more than the demonstration data.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { axe, begin, desktop, done, phone, sideways, visit } from "./browser.mjs";
import { prepare, screens, viewer } from "./screens.mjs";
import { start } from "./server.mjs";

const { server, browser } = await begin(start({ own: true }));
let made;
before(async () => {
  made = await prepare(server);
});

/** Shows each screen of a device and gathers what `look` finds wrong with it. A refused save belongs to one of them. */
async function every(options, look, names = Object.keys(screens)) {
  const page = await visit(browser, server, viewer, { ...options, reducedMotion: "reduce" }, "/", /401|412/);
  const broken = [];
  for (const name of names) {
    await screens[name](page, made);
    for (const line of await look(page)) broken.push(`${name}: ${line}`);
  }
  assert.equal(broken.join("\n"), "");
  await done(page);
}

test("every screen can be used by everybody, in both themes", () =>
  every({ ...desktop, colorScheme: "light" }, async (page) => {
    const light = await axe(page);
    await page.emulateMedia({ colorScheme: "dark" });
    await page.locator("html[data-mantine-color-scheme=dark]").waitFor();
    // Nothing but colours differs in the other theme.
    const dark = await axe(page, ["color-contrast"]);
    await page.emulateMedia({ colorScheme: "light" });
    await page.locator("html[data-mantine-color-scheme=light]").waitFor();
    return [...light, ...dark.map((line) => `dark: ${line}`)];
  }));

// Those that are drawn otherwise there.
const onPhone = ["home", "list", "record", "conflict", "create", "inbox", "import", "board", "calendar", "me"];
test("screens can be used by everybody on a phone", () => every({ ...phone, colorScheme: "light" }, (page) => axe(page), onPhone));

// Twice as large, a window of 1440 × 900 has the room of half of it.
test("nothing is cut off when all is twice as large", () =>
  every({ viewport: { width: 720, height: 450 }, deviceScaleFactor: 1, locale: "en-US", isMobile: true }, sideways,
    ["home", "list", "record", "create", "inbox", "import", "merge"],
  ));
