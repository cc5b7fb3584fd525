// What each way of showing a list is given. A way is a folder here with a default export.
import type { ViewDoc } from "~/meta/documents";
import type { Column, ObjectModel } from "~/meta/model";

export interface WayProps {
  object: ObjectModel;
  /** Absent: all records of the object. */
  view?: ViewDoc;
  /** Which records are asked for besides the filter of the view, as an expression; empty: all. */
  filter: string;
  /** Words to find; empty: none. */
  q: string;
  sort: string[];
  columns: Column[];
  onOpen(id: string): void;
}
