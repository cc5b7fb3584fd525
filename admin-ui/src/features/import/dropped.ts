import { create } from "zustand";

/** A file that was dropped onto a list, on its way to the page that imports it. */
export const useDropped = create<{ file?: File }>(() => ({}));

/** What may be chosen; the server looks into the file itself. */
export const accepted =
  ".csv,.txt,.tsv,.xlsx,text/csv,application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/** The file of a drag, if it is one. */
export const fileOf = (event: { dataTransfer: DataTransfer | null }): File | undefined => event.dataTransfer?.files[0];

export const hasFile = (event: { dataTransfer: DataTransfer | null }): boolean =>
  event.dataTransfer?.types.includes("Files") ?? false;
