import { type LayoutDoc, type Named, ordered, type SectionDoc } from "~/meta/documents";
import type { ObjectModel } from "~/meta/model";

export interface Tab {
  name: string;
  label?: LayoutDoc["label"];
  sections: Named<SectionDoc>[];
}

/** The tabs of a layout; an object without one shows all of its fields. */
export function tabsOf(object: ObjectModel, layout: LayoutDoc | undefined): Tab[] {
  const tabs = ordered(layout?.tabs).map((tab) => ({ ...tab, sections: ordered(tab.sections) }));
  if (tabs.length > 0) return tabs;
  const inOrder = ordered(
    Object.fromEntries([...object.fields].map(([name, field]) => [name, { order: field.doc.order }])),
  );
  const fields = Object.fromEntries(inOrder.map(({ name }, order) => [name, { order }]));
  return [{ name: "all", sections: [{ name: "all", fields }] }];
}

/** The tab that is shown of those that may be: the one that was chosen, or else the first. */
export const shownTab = (tabs: Tab[], chosen: string | null): Tab | undefined =>
  tabs.find((one) => one.name === chosen) ?? tabs[0];

/** The fields of a section in order: those placed, then those of its set of fields. */
export function placesOf(object: ObjectModel, section: SectionDoc): Named<{ wide?: boolean }>[] {
  const placed = ordered(section.fields);
  const set = section.field_set ? (object.doc.field_sets?.[section.field_set]?.fields ?? []) : [];
  const names = new Set(placed.map((one) => one.name));
  return [...placed, ...set.filter((name) => !names.has(name)).map((name) => ({ name }))];
}

/** The layout for a device, until the server has said which one it is. */
export const layoutFor = (
  object: ObjectModel,
  named: string | null | undefined,
  device: string,
): LayoutDoc | undefined =>
  object.layouts.find((one) => one.name === named) ??
  object.layouts.find((one) => one.device === device) ??
  object.layouts.find((one) => !one.device) ??
  object.layouts[0];
