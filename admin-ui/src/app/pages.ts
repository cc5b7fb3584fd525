// The pages, each with a script of its own that comes when it is first needed.
import { type ComponentType, lazy } from "react";
import { matchPath } from "react-router";

function page<P extends object>(load: () => Promise<ComponentType<P>>) {
  let here: { default: ComponentType<P> } | undefined;
  /** Makes the script come. */
  const fetch = async () => {
    here ??= { default: await load() };
    return here;
  };
  // biome-ignore lint/suspicious/noThenProperty: a promise would answer a moment later, for which the page were empty
  const atOnce = { then: (take: (it: typeof here) => void) => take(here) } as ReturnType<typeof fetch>;
  const Page = lazy(() => (here ? atOnce : fetch()));
  return Object.assign(Page, { fetch, ready: () => here !== undefined });
}

export const RecordPage = page(() => import("~/features/record").then((m) => m.RecordPage));
export const Home = page(() => import("~/features/home").then((m) => m.default));
export const ImportPage = page(() => import("~/features/import").then((m) => m.default));
export const Bin = page(() => import("~/features/bin").then((m) => m.default));
export const Inbox = page(() => import("~/features/inbox").then((m) => m.default));
export const Me = page(() => import("~/features/me").then((m) => m.default));
export const Recent = page(() => import("~/features/recent").then((m) => m.default));
export const Studio = page(() => import("./studio").then((m) => m.default));

/** Where they are; a path belongs to the first that it fits. */
const places: [string, { ready(): boolean }][] = [
  ["/", Home],
  ["/o/:object/import", ImportPage],
  ["/o/:object/bin", Bin],
  ["/o/:object/:id", RecordPage],
  ["/recent", Recent],
  ["/favourites", Recent],
  ["/inbox", Inbox],
  ["/me", Me],
  ["/studio/*", Studio],
];

/** Whether the page of a path can be drawn at once. */
export const ready = (path: string) => places.find(([place]) => matchPath(place, path))?.[1].ready() ?? true;
