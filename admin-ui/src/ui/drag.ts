// Dragging by pointer events: what is dragged, where the pointer is, and the place under it. Fingers scroll, so
// there is no dragging by touch; whatever can be dragged has a menu that does the same.
import { type PointerEvent as Press, useCallback, useEffect, useRef, useState } from "react";

export interface Dragged<T> {
  item: T;
  /** Of what was taken, in pixels. */
  width: number;
  /** The place under the pointer, as its element says in `data-drop`. */
  over: string | undefined;
}

interface Options<T> {
  onDrop(item: T, over: string): void;
  /** Scrolls while the pointer is at its left or right edge. */
  frame?: { current: HTMLElement | null };
}

/** From so many pixels on a press is no click. */
const slack = 5;
const edge = 48;

export function useDrag<T>({ onDrop, frame }: Options<T>) {
  const [dragged, setDragged] = useState<Dragged<T>>();
  const drop = useRef(onDrop);
  drop.current = onDrop;
  const end = useRef<() => void>(undefined);
  // The picture that follows the pointer is moved without drawing the page anew.
  const place = useRef("");
  const picture = useRef<HTMLElement>(null);
  const ghost = useCallback((element: HTMLElement | null) => {
    picture.current = element;
    if (element) element.style.transform = place.current;
  }, []);
  useEffect(() => () => end.current?.(), []);

  const start = (event: Press<HTMLElement>, item: T) => {
    if (event.button !== 0 || event.pointerType === "touch") return;
    if ((event.target as Element).closest("button, input, [role=menu], [role=dialog]")) return;
    const from = event.currentTarget.getBoundingClientRect();
    const { clientX: x0, clientY: y0 } = event;
    let now: Dragged<T> | undefined;
    const move = (at: PointerEvent) => {
      if (!now && Math.hypot(at.clientX - x0, at.clientY - y0) < slack) return;
      at.preventDefault();
      const under = document.elementFromPoint(at.clientX, at.clientY)?.closest<HTMLElement>("[data-drop]");
      place.current = `translate(${at.clientX - x0 + from.left}px, ${at.clientY - y0 + from.top}px)`;
      if (picture.current) picture.current.style.transform = place.current;
      if (!now || now.over !== under?.dataset.drop) {
        now = { item, width: from.width, over: under?.dataset.drop };
        setDragged(now);
      }
      const around = frame?.current?.getBoundingClientRect();
      if (around && at.clientX > around.right - edge) frame?.current?.scrollBy({ left: 24 });
      if (around && at.clientX < around.left + edge) frame?.current?.scrollBy({ left: -24 });
    };
    const stop = (dropped: boolean) => {
      window.removeEventListener("pointermove", move);
      window.removeEventListener("pointerup", up);
      window.removeEventListener("pointercancel", cancel);
      window.removeEventListener("keydown", leave, true);
      end.current = undefined;
      if (!now) return;
      // The click that ends a drag is none.
      const swallow = (click: Event) => {
        click.stopPropagation();
        click.preventDefault();
      };
      window.addEventListener("click", swallow, { capture: true, once: true });
      setTimeout(() => window.removeEventListener("click", swallow, true));
      setDragged(undefined);
      if (dropped && now.over !== undefined) drop.current(item, now.over);
    };
    const up = () => stop(true);
    const cancel = () => stop(false);
    const leave = (key: KeyboardEvent) => {
      if (key.key !== "Escape") return;
      key.stopPropagation();
      stop(false);
    };
    end.current?.();
    end.current = cancel;
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", up);
    window.addEventListener("pointercancel", cancel);
    window.addEventListener("keydown", leave, true);
  };
  return { dragged, start, ghost };
}
