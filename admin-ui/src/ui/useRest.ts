import { type PointerEvent, useEffect, useRef } from "react";

const meant = 80; // ms after which a pointer that stays somewhere is taken to be about to click there

/** Tells of the element that a mouse rests on, among those that a selector finds. */
export function useRest(selector: string, onRest: ((element: HTMLElement) => void) | undefined) {
  const over = useRef<{ element: Element | null; timer?: ReturnType<typeof setTimeout> }>({ element: null });
  useEffect(() => () => clearTimeout(over.current.timer), []);
  const enter = (element: HTMLElement | null) => {
    if (over.current.element === element) return;
    clearTimeout(over.current.timer);
    over.current = { element, timer: element && onRest ? setTimeout(() => onRest(element), meant) : undefined };
  };
  return {
    onPointerOver: (event: PointerEvent) =>
      event.pointerType === "mouse" && enter((event.target as Element).closest<HTMLElement>(selector)),
    onPointerLeave: () => enter(null),
  };
}
