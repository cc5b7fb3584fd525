// Takes pictures of all screens into docs/screens/ and writes docs/screens.md: on a desktop and a phone, light
// and dark, in English and Chinese. `make screenshots` runs it.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { desktop, launch, phone, visit } from "./browser.mjs";
import { screens } from "./screens.mjs";
import { admin, start } from "./server.mjs";

const docs = fileURLToPath(new URL("../../docs/", import.meta.url));
const looks = {
  "desktop-light-en": { ...desktop, colorScheme: "light" },
  "desktop-dark-zh": { ...desktop, colorScheme: "dark", locale: "zh-CN" },
  "phone-light-zh": { ...phone, colorScheme: "light", locale: "zh-CN" },
  "phone-dark-en": { ...phone, colorScheme: "dark" },
};

rmSync(`${docs}screens`, { recursive: true, force: true });
mkdirSync(`${docs}screens`);
const [server, browser] = await Promise.all([start({ own: true, size: 2000 }), launch()]);
const page = ["# Screens", "", "Every screen with demonstration data. `make screenshots` takes these pictures.", ""];
const api = await server.as(admin);
const who = await (await server.as("sarah@example.com"))("GET", "/me");
for (const [look, options] of Object.entries(looks)) {
  await api("PATCH", `/records/user/${who.user.id}`, { language: look.slice(-2) });
  const one = await visit(browser, server, "sarah@example.com", { ...options, reducedMotion: "reduce", serviceWorkers: "block" });
  for (const [name, show] of Object.entries(screens)) {
    await show(one, server);
    await one.screenshot({ path: `${docs}screens/${name}-${look}.jpg`, type: "jpeg", quality: 70 });
  }
  await one.context().close();
}
for (const [name, { title }] of Object.entries(screens)) {
  page.push(`## ${title}`, "");
  for (const look of Object.keys(looks)) page.push(`![${title}, ${look.replaceAll("-", ", ")}](screens/${name}-${look}.jpg)`);
  page.push("");
}
writeFileSync(`${docs}screens.md`, page.join("\n"));
await browser.close();
await server.stop();
