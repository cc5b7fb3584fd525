// What makes the application one that is installed and works without the server: icons, a manifest for each
// language, and the service worker with the list of what it keeps. They are made of what vite has built.
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

const at = (path) => new URL(`../${path}`, import.meta.url).pathname;
const hash = (...of) =>
  of
    .reduce((sum, one) => sum.update(one), createHash("sha256"))
    .digest("hex")
    .slice(0, 10);

/** Writes them into dist; answers with the version. */
export async function makeInstallable(dist) {
  const icons = await Promise.all([
    icon(dist, "src/ui/icon.svg", "any"),
    icon(dist, "src/app/install/icon-192.png", "192x192"),
    icon(dist, "src/app/install/icon-512.png", "512x512"),
    icon(dist, "src/app/install/maskable-512.png", "512x512", "maskable"),
  ]);
  await mkdir(join(dist, "manifest"), { recursive: true });
  for (const name of await readdir(at("src/i18n"))) {
    if (!name.endsWith(".json")) continue;
    const language = name.slice(0, -5);
    const texts = JSON.parse(await readFile(at(`src/i18n/${name}`), "utf8"));
    await writeFile(
      join(dist, "manifest", `${language}.webmanifest`),
      JSON.stringify(manifest(language, texts, icons)),
    );
  }
  // Pictures of the icon are for the device, which asks for them itself.
  const files = (await readdir(join(dist, "assets"))).filter((name) => /\.(js|css|svg)$/.test(name));
  const paths = files.sort().map((name) => `/assets/${name}`);
  const worker = await readFile(at("src/worker/worker.js"), "utf8");
  const version = hash(await readFile(join(dist, "index.html")), worker, paths.join());
  await writeFile(join(dist, "sw.js"), `self.built = ${JSON.stringify({ version, files: paths })};\n${worker}`);
  return version;
}

/** An icon as a manifest names it. */
async function icon(dist, from, sizes, purpose = "any") {
  const bytes = await readFile(at(from));
  const [, base, ending] = /([^/]+)\.(\w+)$/.exec(from);
  const name = `${base}-${hash(bytes)}.${ending}`;
  await writeFile(join(dist, "assets", name), bytes);
  return { src: `/assets/${name}`, sizes, type: ending === "svg" ? "image/svg+xml" : "image/png", purpose };
}

const manifest = (lang, { app, inbox, recent, install }, icons) => ({
  id: "/",
  lang,
  name: app.name,
  short_name: app.name,
  description: install.description,
  start_url: "/",
  scope: "/",
  display: "standalone",
  theme_color: "#FFFFFF", // --bg; the page says it for the dark
  background_color: "#FFFFFF",
  categories: ["business", "productivity"],
  icons,
  shortcuts: [
    { name: inbox.title, url: "/inbox" },
    { name: recent.title, url: "/recent" },
  ],
});
