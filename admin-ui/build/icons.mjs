// Draws the icons of src/app/install anew from icon.svg, with a browser: npm run icons. They are kept, since they seldom change.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { launch } from "../e2e/browser.mjs";

const folder = fileURLToPath(new URL("../src/app/install/", import.meta.url));
const svg = readFileSync(new URL("../src/ui/icon.svg", import.meta.url), "utf8");
/** Whoever cuts icons to a shape of their own leaves 80 % of the width; the ground goes to the edge. */
const whole = svg.replace(/rx="\d+"/, "").replace(/<path /, '<path transform="translate(3.2 3.2) scale(.8)" ');

const browser = await launch();
const draw = async (name, size, of) => {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  await page.setContent(`<style>*{margin:0;display:block}</style>${of.replace("<svg ", `<svg width="${size}" `)}`);
  await page.screenshot({ path: `${folder}${name}.png`, omitBackground: true });
  await page.close();
};
await draw("icon-192", 192, svg);
await draw("icon-512", 512, svg);
await draw("maskable-512", 512, whole);
await draw("touch-180", 180, whole);
await browser.close();
