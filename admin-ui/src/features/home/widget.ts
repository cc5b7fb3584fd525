// The contract of a widget type; a type is a file in widgets/, found by the registry below.
import type { ComponentType } from "react";
import type { OnAnswered } from "~/api/answered";
import type { Approval } from "~/api/approvals";
import type { Formats } from "~/fields";
import type { Named, WidgetDoc } from "~/meta/documents";
import type { ObjectModel } from "~/meta/model";

/** What every widget is given. */
export interface OwnProps {
  widget: Named<WidgetDoc>;
  label: string;
}

/** What a widget is given that is about the records of an object. */
export interface WidgetProps extends OwnProps {
  object: ObjectModel;
}

export type WidgetType =
  | { type: string; Body: ComponentType<WidgetProps>; leads?: undefined }
  /** It shows what belongs to its reader, of whatever objects; its heading leads to all of that. */
  | { type: string; Body: ComponentType<OwnProps>; leads: string }
  /** It draws its heading too, or nothing at all where there is nothing to show. */
  | { type: string; Part: ComponentType<OwnProps & { Pending: Pending }> };

/** Something that waits for a decision, as its record shows it. */
export type Pending = ComponentType<{
  approval: Approval;
  formats: Formats;
  keys: boolean;
  onAnswered: OnAnswered;
}>;

const found = import.meta.glob<{ default: WidgetType }>("./widgets/*.tsx", { eager: true });
const types = new Map(Object.values(found).map(({ default: type }) => [type.type, type]));

/** The widget type of a name; undefined where no file here knows it. */
export const widgetType = (name: string): WidgetType | undefined => types.get(name);
