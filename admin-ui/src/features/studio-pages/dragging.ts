// Things are dragged by the pointer: one listener on the canvas, whatever is on it. What a key or a finger does is in
// the menu of the thing.
import { type PointerEvent, useCallback } from "react";
import type { Designing } from "./designing";
import { around, kindOfThing, nameOfThing, namesIn, type Path } from "./edits";

const far = 6; // px from which on a press is a drag

const pathOf = (element: Element | null | undefined): Path | undefined =>
  element?.getAttribute("data-thing")?.split("/");

/** The place that a pointer is over, for things of a kind. */
function placeAt(x: number, y: number, kind: string) {
  const under = document.elementFromPoint(x, y);
  for (
    let at = under?.closest("[data-thing],[data-into]");
    at;
    at = at.parentElement?.closest("[data-thing],[data-into]")
  ) {
    const path = pathOf(at);
    if (path && kindOfThing(path) === kind) {
      const box = at.getBoundingClientRect();
      const before = at.getAttribute("data-axis") === "y" ? y < box.top + box.height / 2 : x < box.left + box.width / 2;
      return { at, collection: around(path), name: nameOfThing(path), before };
    }
    const into = at.getAttribute("data-into")?.split("/");
    if (into?.at(-1) === kind) return { at, collection: into, name: undefined, before: false };
  }
  return undefined;
}

/** What hears the presses on a canvas. */
export function useDragging(design: Designing) {
  return useCallback(
    (event: PointerEvent<HTMLElement>) => {
      if (event.button !== 0 || event.pointerType === "touch") return;
      const grip = (event.target as Element).closest("[data-grip]");
      const thing = grip?.closest("[data-thing]");
      const path = pathOf(thing);
      if (!grip || !thing || !path) return;
      const from = { x: event.clientX, y: event.clientY };
      let over: ReturnType<typeof placeAt>;
      let dragging = false;
      const mark = (next: typeof over) => {
        over?.at.removeAttribute("data-over");
        over = next;
        over?.at.setAttribute("data-over", over.name === undefined ? "into" : over.before ? "before" : "after");
      };
      const move = (now: globalThis.PointerEvent) => {
        if (!dragging && Math.hypot(now.clientX - from.x, now.clientY - from.y) < far) return;
        dragging = true;
        thing.setAttribute("data-dragged", "true");
        document.documentElement.style.cursor = "grabbing";
        mark(placeAt(now.clientX, now.clientY, kindOfThing(path)));
      };
      const end = (now: Event) => {
        removeEventListener("pointermove", move);
        removeEventListener("pointerup", end);
        removeEventListener("pointercancel", end);
        removeEventListener("keydown", abandon, true);
        thing.removeAttribute("data-dragged");
        document.documentElement.style.cursor = "";
        const to = over;
        mark(undefined);
        if (!dragging) return;
        // The click that ends a drag chooses nothing.
        addEventListener("click", swallow, { capture: true, once: true });
        setTimeout(() => removeEventListener("click", swallow, { capture: true }));
        if (!to || now.type !== "pointerup") return;
        const names = namesIn(design.document, to.collection);
        const before = to.before ? to.name : to.name && names[names.indexOf(to.name) + 1];
        design.move(path, to.collection, before);
      };
      const abandon = (key: KeyboardEvent) => {
        if (key.key !== "Escape") return;
        key.stopPropagation();
        end(key);
      };
      addEventListener("pointermove", move);
      addEventListener("pointerup", end);
      addEventListener("pointercancel", end);
      addEventListener("keydown", abandon, true);
    },
    [design],
  );
}

const swallow = (event: Event) => {
  event.preventDefault();
  event.stopPropagation();
};
