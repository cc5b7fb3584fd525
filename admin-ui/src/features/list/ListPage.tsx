import { type ComponentType, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useParams } from "react-router";
import type { ViewDoc } from "~/meta/documents";
import type { Column, ObjectModel } from "~/meta/model";
import { useObject } from "~/meta/session";
import { Failure } from "~/ui/Failure";
import { List } from "./List";
import { ofView, useListState } from "./state";
import { useViews } from "./views/useViews";

/** What a way of showing a list is given. */
export interface Way {
  object: ObjectModel;
  view?: ViewDoc;
  filter: string;
  q: string;
  sort: string[];
  columns: Column[];
  onOpen(id: string): void;
}

/** What files in and out are given. */
interface Transfer {
  object: ObjectModel;
  listed: { filter?: string; q?: string; sort?: string[]; fields?: string[] };
}

export interface Parts {
  /** Besides the table, by what views say in `show`. */
  ways: Record<string, ComponentType<Way>>;
  /** Files in and out. */
  transfer: ComponentType<Transfer>;
  /** Makes ready what opening a record needs, and reads the one that is likely to be opened, if it is given. */
  Ahead: ComponentType<{ object: ObjectModel; id: string | undefined }>;
  /** What the panel beside the list shows of a record. */
  Peek: ComponentType<{ object: ObjectModel; id: string }>;
}

export function ListPage(parts: Parts) {
  const { t } = useTranslation();
  const object = useObject(useParams().object);
  if (!object) return <Failure says={t("app.lost")} lost />;
  return <Addressed key={object.name} object={object} {...parts} />;
}

/** The address holds what is shown. A view that is opened by its name alone is as its reader left it. */
function Addressed({ object, ...parts }: Parts & { object: ObjectModel }) {
  const views = useViews(object);
  const state = useListState(views.all);
  const name = state.view?.name;
  const kept = name === undefined ? undefined : views.kept[name];
  const opened = useRef<string>(undefined);
  const { set, changed } = state;
  const adopts = opened.current !== name && !changed && kept !== undefined && Object.keys(kept).length > 0;
  useEffect(() => {
    if (changed) opened.current = name;
    else if (adopts) set({ view: name, ...kept });
  }, [name, changed, adopts, kept, set]);

  const change: typeof set = (changes, push) => {
    set(changes, push);
    if (name === undefined || "view" in changes || !ofView.some((one) => one in changes)) return;
    opened.current = name;
    const at = new URLSearchParams(window.location.search);
    views.keep(name, Object.fromEntries(ofView.map((one) => [one, at.get(one) ?? undefined])));
  };
  // Nothing is asked for that would not be shown.
  if (adopts) return null;
  return <List object={object} views={views} state={{ ...state, set: change }} {...parts} />;
}
