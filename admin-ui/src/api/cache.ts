// The one cache of what the server said. Keys begin with the tenant and the object, so that a change
// of a record tells exactly what is old.
import { QueryClient } from "@tanstack/react-query";
import { Offline, Refusal } from "./client";

export const cache = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      retry: (times, error) => error instanceof Offline && times < 2,
      refetchOnWindowFocus: true,
    },
    mutations: { retry: false },
  },
});

/** Whether somebody has to log in anew. */
export const loggedOut = (error: unknown) => error instanceof Refusal && error.problem.status === 401;
