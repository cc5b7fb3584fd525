// The contract of a widget type; a type is a file in widgets/, found by the registry below.
import type { ComponentType } from "react";
import type { Named, WidgetDoc } from "~/meta/documents";
import type { ObjectModel } from "~/meta/model";

export interface WidgetProps {
  widget: Named<WidgetDoc>;
  object: ObjectModel;
  label: string;
}

export interface WidgetType {
  type: string;
  Body: ComponentType<WidgetProps>;
}

const found = import.meta.glob<{ default: WidgetType }>("./widgets/*.tsx", { eager: true });
const types = new Map(Object.values(found).map(({ default: type }) => [type.type, type]));

/** The widget type of a name; undefined where no file here knows it. */
export const widgetType = (name: string): WidgetType | undefined => types.get(name);
