import { type RefObject, useCallback } from "react";

/** Keeps how far records are scrolled, from one to the next; a record that is still coming is scrolled once it is long enough. */
export function useKeptScroll(kept: RefObject<number>) {
  return useCallback(
    (frame: HTMLElement | null) => {
      if (!frame) return;
      const wanted = kept.current;
      let settled = wanted === 0; // then it may be scrolled to something else
      const settle = () => {
        settled = true;
        watch.disconnect();
      };
      const watch = new ResizeObserver(() => {
        if (frame.scrollHeight - frame.clientHeight < wanted) return;
        frame.scrollTop = wanted;
        settle();
      });
      if (!settled) for (const part of frame.children) watch.observe(part);
      const moved = () => {
        if (settled) kept.current = frame.scrollTop;
      };
      const hands = ["wheel", "pointerdown", "keydown"]; // whoever scrolls meanwhile has their way
      for (const one of hands) frame.addEventListener(one, settle, { passive: true });
      frame.addEventListener("scroll", moved, { passive: true });
      return () => {
        watch.disconnect();
        for (const one of hands) frame.removeEventListener(one, settle);
        frame.removeEventListener("scroll", moved);
      };
    },
    [kept],
  );
}
