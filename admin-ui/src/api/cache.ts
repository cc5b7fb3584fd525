// The one cache of what the server said. Keys begin with the tenant and the object, so that a change
// of a record tells exactly what is old.
import { QueryClient } from "@tanstack/react-query";
import { browserStore } from "./kept/database";
import { type Keeper, keeperOf } from "./kept/keeper";
import { looking } from "./looking";
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
export const keeper: Keeper = looking ? nobody() : keeperOf(cache, sessionKey, browserStore());

/** Keeps nothing: what a draft would make it is not what somebody has read. */
function nobody(): Keeper {
  return { ask: async (asks, context) => asks(context), flush() {}, end: async () => {} };
}

globalThis.document?.addEventListener("visibilitychange", () => document.hidden && keeper.flush());
