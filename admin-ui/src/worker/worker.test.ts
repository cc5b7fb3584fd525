import { readFileSync } from "node:fs";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";

const source = readFileSync(new URL("./worker.js", import.meta.url), "utf8");
const origin = "https://crm.example";
const policy = "default-src 'none'; style-src 'self' 'nonce-abc+/1'";
const text = '<meta nonce="abc+/1"><link href="/assets/touch.png"><script src="/assets/a.js">';

/** The worker with caches in memory, over a server that answers by path. */
function worker(server: Record<string, () => Response>) {
  const made = new Map<string, Map<string, Response>>();
  const listeners: Record<string, (event: unknown) => void> = {};
  const sent: unknown[] = [];
  const cacheOf = (kept: Map<string, Response>) => ({
    put: async (path: string, answer: Response) => void kept.set(path, answer),
    match: async (path: string) => kept.get(path)?.clone(),
    delete: async (path: string) => kept.delete(path),
  });
  const self = {
    built: { version: "2", files: ["/assets/a.js", "/assets/b.js"] },
    location: { origin },
    addEventListener: (name: string, heard: (event: unknown) => void) => {
      listeners[name] = heard;
    },
    skipWaiting: async () => undefined,
    clients: { claim: async () => undefined, matchAll: async () => [{ postMessage: (m: unknown) => sent.push(m) }] },
  };
  const caches = {
    open: async (name: string) => {
      const kept = made.get(name) ?? new Map<string, Response>();
      made.set(name, kept);
      return cacheOf(kept);
    },
    delete: async (name: string) => made.delete(name),
    keys: async () => [...made.keys()],
    match: async (url: string) => {
      for (const kept of made.values())
        for (const [path, answer] of kept) if (url.endsWith(path) && path !== "/") return answer.clone();
      return undefined;
    },
  };
  const fetch = async (asked: string | { url: string }) => {
    const { pathname } = new URL(typeof asked === "string" ? asked : asked.url, origin);
    const answer = server[pathname];
    if (!answer) throw new TypeError("unreachable");
    return answer();
  };
  runInNewContext(source, { self, caches, fetch, URL, Response, Headers, crypto, btoa, Uint8Array, Error, Promise });
  const fire = async (name: string, event: Record<string, unknown> = {}) => {
    const waits: unknown[] = [];
    listeners[name]?.({ ...event, waitUntil: (one: unknown) => waits.push(one) });
    await Promise.all(waits);
    return waits;
  };
  const get = async (path: string, mode = "navigate", method = "GET"): Promise<Response | undefined> => {
    let answer: Promise<Response> | undefined;
    await fire("fetch", {
      request: { url: origin + path, mode, method },
      respondWith: (one: Promise<Response>) => {
        answer = one;
      },
    });
    const found = await answer;
    await new Promise((done) => setTimeout(done)); // what is asked behind the answer
    return found;
  };
  return { made, sent, fire, get };
}

const served = (): Record<string, () => Response> => ({
  "/": () => new Response(text, { headers: { "Content-Security-Policy": policy } }),
  "/assets/a.js": () => new Response("a"),
  "/assets/b.js": () => new Response("b"),
});

test("the page is there without the server, each time with a nonce of its own", async () => {
  const server = served();
  const { fire, get } = worker(server);
  await fire("install");
  for (const path of Object.keys(server)) delete server[path];
  const seen = new Set(["abc+/1"]);
  for (const path of ["/", "/o/lead", "/o/lead/1"]) {
    const answer = await get(path);
    const nonce = /'nonce-([^']+)'/.exec(answer?.headers.get("Content-Security-Policy") ?? "")?.[1] ?? "";
    expect(seen.has(nonce)).toBe(false);
    seen.add(nonce);
    expect(atob(nonce).length).toBe(16);
    expect(await answer?.text()).toBe(text.replace("abc+/1", nonce));
  }
  expect(await (await get("/assets/b.js", "no-cors"))?.text()).toBe("b");
});

test("what is no page and no file of the application is none of its business", async () => {
  const { fire, get } = worker(served());
  await fire("install");
  for (const path of ["/api/docs", "/metrics", "/f/contact", "/sw.js"]) expect(await get(path)).toBeUndefined();
  expect(await get("/", "navigate", "POST")).toBeUndefined();
  expect(await get("/api/v1/session", "cors")).toBeUndefined();
});

test("its pages are those of the server", () => {
  const routes = readFileSync(new URL("../../../engine/api/routes.go", import.meta.url), "utf8");
  const pages = [...routes.matchAll(/\{get, "([^"]+)", s\.showPage/g)].map(([, path]) => path as string);
  const known = new RegExp(/const pages = \/(.+)\/;/.exec(source)?.[1] ?? "^$");
  expect(pages.length).toBeGreaterThan(4);
  for (const path of pages) expect([path, known.test(path.replace("*", "lead/1"))]).toEqual([path, true]);
});

test("a page of another version is not kept, and nothing else is then", async () => {
  const server = served();
  server["/"] = () => new Response('<script src="/assets/c.js">');
  await expect(worker(server).fire("install")).rejects.toThrow("another version");
});

test("of the versions before it the last stays", async () => {
  const { fire, made } = worker(served());
  for (const name of ["formwork-0", "other", "formwork-1"]) made.set(name, new Map());
  await fire("install");
  await fire("activate");
  expect([...made.keys()]).toEqual(["other", "formwork-1", "formwork-2"]);
});

test("where something before the server wants to be asked first, the page is left to it", async () => {
  const server = served();
  const { fire, get, sent } = worker(server);
  await fire("install");
  server["/"] = () => new Response("who are you?", { status: 403 });
  expect((await get("/"))?.status).toBe(200);
  expect(sent).toEqual(["reload"]);
  expect((await get("/"))?.status).toBe(403);
});
