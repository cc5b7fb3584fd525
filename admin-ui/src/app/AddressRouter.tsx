import { type ReactNode, startTransition, useLayoutEffect, useState } from "react";
import { UNSAFE_createBrowserHistory as createBrowserHistory, Router } from "react-router";
import { ready } from "./pages";

/**
 * Follows the address as the library's own router does, but for one thing: what can be drawn is drawn in the frame of
 * the click, so that whoever goes on at once goes on from there. A page whose script is still coming is drawn in
 * slices, and the page before stays until it is there.
 */
export function AddressRouter({ children }: { children: ReactNode }) {
  const [history] = useState(() => createBrowserHistory({ v5Compat: true })); // tells what is pushed here, too
  const [{ action, location }, setAt] = useState({ action: history.action, location: history.location });
  useLayoutEffect(
    () =>
      history.listen((next) => {
        const page = next.location.pathname;
        if (page === location.pathname || ready(page)) setAt(next);
        else startTransition(() => setAt(next));
      }),
    [history, location],
  );
  return (
    <Router location={location} navigationType={action} navigator={history}>
      {children}
    </Router>
  );
}
