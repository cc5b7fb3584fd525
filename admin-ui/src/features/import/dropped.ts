import { create } from "zustand";

/** A file that was dropped onto a list, on its way to the page that imports it. */
export const useDropped = create<{ file?: File }>(() => ({}));
