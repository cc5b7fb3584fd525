// The service worker: it has the application at hand, so that it begins at once and without the server. It keeps
// the page and its files, and no answer of the API. build/install.mjs puts `built` before it: the version and files.
const { version, files } = self.built;
const store = `formwork-${version}`;
const assets = "/assets/";

/** The addresses at which the server sends the application: a test holds them to those of engine/api/routes.go. */
const pages = /^\/(?:o\/.+|inbox|decide|ask|unsubscribe\/[^/]+|f\/[^/]+\/[^/]+|recent|favourites|studio(?:\/.*)?|me)?$/;

const atOnce = 6; // files that are asked for at a time

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("fetch", (event) => {
  const { method, mode, url } = event.request;
  const { origin, pathname } = new URL(url);
  if (method !== "GET" || origin !== self.location.origin) return;
  if (mode === "navigate" && pages.test(pathname)) event.respondWith(page(event));
  else if (pathname.startsWith(assets)) event.respondWith(asset(event.request));
});

/** Keeps all of a version, or nothing. It takes over at once: whoever navigates next gets the new page. */
async function install() {
  await caches.delete(store); // what was begun and not finished
  const kept = await caches.open(store);
  const shell = await fetch("/", { cache: "no-store" });
  const text = await shell.clone().text();
  const uses = [...text.matchAll(/\/assets\/[^"]+\.(?:js|css)/g)].map(([path]) => path);
  // While servers are replaced one by one, the page may come from another version than this worker.
  if (!shell.ok || uses.length === 0 || !uses.every((path) => files.includes(path)))
    throw new Error("the page is of another version");
  for (let i = 0; i < files.length; i += atOnce)
    await Promise.all(files.slice(i, i + atOnce).map((path) => keep(kept, path)));
  await kept.put("/", shell);
  await self.skipWaiting();
}

/** Names of files are hashes: what another version has of them is the same. */
async function keep(kept, path) {
  const answer = (await caches.match(path, { ignoreVary: true })) ?? (await fetch(path));
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  await kept.put(path, answer);
}

/** The version before stays: pages of it are open and may still ask for parts. Caches are listed in the order in which they were made. */
async function activate() {
  const others = (await caches.keys()).filter((name) => name.startsWith("formwork-") && name !== store);
  await Promise.all(others.slice(0, -1).map((name) => caches.delete(name)));
  await self.clients.claim();
}

async function page(event) {
  const kept = await (await caches.open(store)).match("/");
  if (!kept) return fetch(event.request);
  event.waitUntil(ask(event.request.url));
  return renewed(kept);
}

/** The page as the server would send it: with a nonce that no other answer has, in its policy and its text. */
async function renewed(kept) {
  const headers = new Headers(kept.headers);
  const policy = headers.get("content-security-policy") ?? "";
  const old = /'nonce-([^']+)'/.exec(policy)?.[1];
  const text = await kept.text();
  if (!old) return new Response(text, { headers });
  const nonce = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16)))).replace(/=+$/, "");
  headers.set("content-security-policy", policy.replaceAll(old, nonce));
  for (const name of ["content-encoding", "content-length"]) headers.delete(name);
  return new Response(text.replaceAll(old, nonce), { headers });
}

/** Where something before the server wants to be asked first, such as a login of a proxy, the page is left to it. */
async function ask(url) {
  const answer = await fetch(url, { cache: "no-store", redirect: "manual" }).catch(() => undefined);
  if (answer?.type !== "opaqueredirect" && ![401, 403, 407].includes(answer?.status)) return;
  await (await caches.open(store)).delete("/");
  for (const client of await self.clients.matchAll({ type: "window" })) client.postMessage("reload");
}

async function asset(request) {
  return (await caches.match(request.url, { ignoreVary: true })) ?? fetch(request);
}
