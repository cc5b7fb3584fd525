// The one cache of what the server said. Keys begin with the tenant and the object, so that a change
// of a record tells exactly what is old.
import { QueryClient } from "@tanstack/react-query";
import { browserStore } from "./kept/database";
import { keeperOf } from "./kept/keeper";
import { sessionKey } from "./session";

export const cache: QueryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      refetchOnWindowFocus: true,
      // Without the server the browser has what was kept; what it hasn't is asked for once the server is there.
      networkMode: "always",
      retry: false,
      refetchOnReconnect: "always",
      persister: (asks, context, query) => keeper.ask(asks as never, context, query) as never,
    },
    // Nothing is written later, when nobody looks any more: it is refused, and what was entered stays.
    mutations: { networkMode: "always", retry: false },
  },
});

/** Keeps what was read in this browser, see kept/. */
export const keeper = keeperOf(cache, sessionKey, browserStore());
globalThis.document?.addEventListener("visibilitychange", () => document.hidden && keeper.flush());
