// The activity of a record: what hangs on it and may hang on records of several objects, and its changes, by time.
// No object is known by name. A related list is one of activities if its reference may lead to records of any kind.
import type { HistoryEntry } from "~/api/past";
import { type LayoutDoc, type Named, ordered, type RelatedDoc } from "~/meta/documents";
import { type Column, columnOf, type Model, type ObjectModel } from "~/meta/model";

export interface ActivityList {
  list: Named<RelatedDoc>;
  object: ObjectModel;
  columns: Column[];
  /** The path of what says when it is: what the list is sorted by or shows, where that is a time; else when it was made. */
  when: string;
}

export type Entry =
  | { kind: "record"; key: string; at: string | undefined; of: ActivityList; row: Record<string, unknown> }
  | { kind: "change"; key: string; at: string; change: HistoryEntry };

/** The related lists of a layout, apart from those of activities. */
export function splitLists(model: Model, layout: LayoutDoc | undefined) {
  const lists: Named<RelatedDoc>[] = [];
  const activities: ActivityList[] = [];
  for (const list of ordered(layout?.related)) {
    const object = model.objects.get(list.object);
    const reference = object?.fields.get(list.lookup);
    if (object && reference?.type === "any_lookup") activities.push(activityList(model, object, list));
    else if (object) lists.push(list);
  }
  return { lists, activities };
}

function activityList(model: Model, object: ObjectModel, list: Named<RelatedDoc>): ActivityList {
  const columns = (list.columns ?? [object.nameField]).flatMap((path) => columnOf(model, object, path) ?? []);
  const sorted = list.sort?.[0]?.replace(/^-/, "") ?? "";
  const time = columnOf(model, object, sorted)?.field.shows;
  const isTime = (shows: string | undefined) => shows === "date" || shows === "datetime";
  const other = columns.find(({ field }) => isTime(field.shows))?.path ?? "created_at";
  return { list, object, columns, when: isTime(time) ? sorted : other };
}

/**
 * One stream of all: what is still to come, the nearest first, and what was, the latest first. What has no time
 * yet is still to come. A day that is today is to come.
 */
export function streamOf(entries: Entry[], now: Date): { ahead: Entry[]; past: Entry[] } {
  const today = now.toISOString().slice(0, 10);
  const isAhead = ({ at, kind }: Entry) =>
    kind === "record" && (at === undefined || (at.length === 10 ? at >= today : Date.parse(at) > now.getTime()));
  const time = ({ at }: Entry) => (at === undefined ? Number.POSITIVE_INFINITY : Date.parse(at));
  return {
    ahead: entries.filter(isAhead).sort((a, b) => time(a) - time(b) || (a.key < b.key ? -1 : 1)),
    past: entries.filter((one) => !isAhead(one)).sort((a, b) => time(b) - time(a) || (a.key < b.key ? 1 : -1)),
  };
}
