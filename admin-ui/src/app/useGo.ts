import { type MouseEvent, useCallback, useState } from "react";
import { type NavigateFunction, useNavigate } from "react-router";

/**
 * Goes to an address from the root. The router's own way is another on each page; this one stays the same, and so does
 * what is made with it.
 */
export function useGo(): NavigateFunction {
  const go = useNavigate();
  return useState(() => go)[0];
}

/** Hears the clicks on the links within an element. A link of the router's is drawn anew on each page; these are not. */
export function useFollow() {
  const go = useGo();
  return useCallback(
    (event: MouseEvent) => {
      const link = (event.target as Element).closest("a");
      const opens = event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey; // elsewhere
      if (!link || opens || event.defaultPrevented) return;
      event.preventDefault();
      const to = link.getAttribute("href") ?? "/";
      go(to, { replace: to === location.pathname + location.search }); // as the router's: no page is behind itself
    },
    [go],
  );
}
