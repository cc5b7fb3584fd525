import { type RefObject, useLayoutEffect, useState } from "react";

const step = 200; // px of scrolling after which other columns may be in sight
const margin = 120; // px beside what is in sight that are drawn too

/** The width of an element inside of its borders and scroll bar, known before anything is painted. */
export function useRoom(frame: RefObject<HTMLElement | null>): number {
  const [room, setRoom] = useState(0);
  useLayoutEffect(() => {
    const element = frame.current;
    if (!element) return;
    const measure = () => setRoom(element.clientWidth);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [frame]);
  return room;
}

/**
 * The first and the last of the columns that are in sight in a frame of so much room, by where each begins and their
 * end; and whether the frame is scrolled sideways at all.
 */
export function useInSight(frame: RefObject<HTMLElement | null>, lefts: number[], end: number, room: number) {
  const [left, setLeft] = useState(0);
  const [aside, setAside] = useState(false);
  // Before the rows hear of it: where they are drawn anew first, to ask for the place would lay them all out.
  useLayoutEffect(() => {
    const element = frame.current;
    if (!element) return;
    const scrolled = () => {
      setLeft(Math.floor(element.scrollLeft / step) * step);
      setAside(element.scrollLeft > 0);
    };
    element.addEventListener("scroll", scrolled, { passive: true });
    return () => element.removeEventListener("scroll", scrolled);
  }, [frame]);
  const first = lefts.findIndex((_, i) => (lefts[i + 1] ?? end) > left - margin);
  const last = lefts.findLastIndex((at) => at < left + step + room + margin);
  return { first: Math.max(0, first), last, aside };
}
