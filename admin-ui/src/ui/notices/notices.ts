// Short messages about what was done, at the edge of the page.
import { create } from "zustand";

export interface Notice {
  text: string;
  /** `bad` is told at once by screen readers and stays until it is closed. */
  tone?: "bad";
  /** What can be done about it, such as Undo. */
  action?: { label: string; run(): unknown };
}

export interface Shown extends Notice {
  id: number;
}

const most = 3;
let made = 0;

export const useNotices = create<{ shown: Shown[] }>(() => ({ shown: [] }));

/** Shows a message; the oldest gives way to a fourth. */
export function notify(notice: Notice): number {
  const id = ++made;
  useNotices.setState(({ shown }) => ({ shown: [...shown.slice(1 - most), { ...notice, id }] }));
  return id;
}

/** A failure belongs to the page where it came about. */
export const forgetFailures = () =>
  useNotices.setState(({ shown }) => ({ shown: shown.filter((one) => one.tone !== "bad") }));

export const dismiss = (id: number) =>
  useNotices.setState(({ shown }) => ({ shown: shown.filter((one) => one.id !== id) }));
