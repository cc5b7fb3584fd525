// Takes pictures of the screens into docs/screens/ and writes docs/screens.md. `make screenshots` runs it.
// To look at them while working: node e2e/screenshots.mjs --out DIR [--look NAME]… [SCREEN…] takes all looks of all
// or the named screens into a folder, from the server at FORMWORK_URL if there is one.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { desktop, launch, phone, visit } from "./browser.mjs";
import { prepare, screens } from "./screens.mjs";
import { start } from "./server.mjs";

const { values: given, positionals: named } = parseArgs({
  allowPositionals: true,
  options: { out: { type: "string" }, look: { type: "string", multiple: true } },
});
// Where they are installed, letters as most people have them; else whatever the system has.
const fonts = fileURLToPath(new URL("fonts.conf", import.meta.url));
const docs = fileURLToPath(new URL("../../docs/", import.meta.url));
const out = given.out ?? `${docs}screens`;

const looks = {};
for (const [device, size] of Object.entries({ desktop: { ...desktop, viewport: { width: 1440, height: 900 } }, phone }))
  for (const colorScheme of ["light", "dark"])
    for (const [language, locale] of Object.entries({ en: "en-US", zh: "zh-CN" }))
      looks[`${device}-${colorScheme}-${language}`] = { ...size, colorScheme, locale };

/** Whose eyes: each sees records and people of their own language. */
const viewers = { en: "sarah@example.com", zh: "liming@example.com" };
/** What docs/screens.md shows: these in all looks, the others in two that take turns. */
const whole = ["list"];
const pairs = [
  ["desktop-light-en", "phone-dark-zh"],
  ["desktop-dark-en", "phone-light-en"],
  ["desktop-light-zh", "phone-dark-en"],
  ["desktop-dark-zh", "phone-light-zh"],
];
/** What README.md shows besides. */
const shown = ["list", "record", "board"].flatMap((name) => [`${name}-desktop-light-en`, `${name}-desktop-dark-en`]);
const kept = Object.fromEntries(
  Object.entries(screens).map(([name, { desktop }], i) => {
    const all = Object.keys(looks).filter(
      (look) => whole.includes(name) || pairs[i % pairs.length].includes(look) || shown.includes(`${name}-${look}`),
    );
    return [name, desktop ? all.filter((look) => look.startsWith("desktop")) : all];
  }),
);

const [server, browser] = await Promise.all([start({ own: !given.out, size: 2000 }), launch({ FONTCONFIG_FILE: fonts })]);
mkdirSync(out, { recursive: true });
if (!given.out) for (const file of readdirSync(out)) rmSync(`${out}/${file}`);
const made = {};
for (const [language, email] of Object.entries(viewers)) made[language] = await prepare(server, email);
for (const [look, options] of Object.entries(looks)) {
  if (given.look && !given.look.includes(look)) continue;
  const language = look.slice(-2);
  const wanted = Object.entries(screens).filter(
    ([name, { desktop }]) =>
      (named.length === 0 || named.includes(name)) && (given.out ? !desktop || look.startsWith("desktop") : kept[name].includes(look)),
  );
  if (wanted.length === 0) continue;
  const page = await visit(browser, server, viewers[language], { ...options, reducedMotion: "reduce", serviceWorkers: "block" });
  for (const [name, show] of wanted) {
    try {
      await show(page, made[language]);
    } catch (error) {
      if (!given.out) throw new Error(`${name}, ${look}: ${error.message}`);
      console.error(`${name}, ${look}: ${error.message.split("\n")[0]}`);
    }
    await page.screenshot({ path: `${out}/${name}-${look}.jpg`, type: "jpeg", quality: 50 });
  }
  for (const text of page.complaints) console.error(`${look}: ${text}`);
  await page.context().close();
}
if (!given.out) writeFileSync(`${docs}screens.md`, told());
await browser.close();
await server.stop();

function told() {
  const lines = ["# Screens", "", "Every screen with demonstration data. `make screenshots` takes these pictures.", ""];
  for (const [name, { title }] of Object.entries(screens)) {
    lines.push(`## ${title}`, "");
    for (const look of kept[name]) {
      const width = look.startsWith("phone") ? 200 : 560;
      lines.push(`<img src="screens/${name}-${look}.jpg" width="${width}" alt="${title}, ${look.replaceAll("-", ", ")}">`);
    }
    lines.push("");
  }
  return lines.join("\n");
}
