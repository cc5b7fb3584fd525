import { Tabs } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { say } from "~/meta/documents";
import type { ObjectModel } from "~/meta/model";
import { placesOf, type Tab } from "~/page/layout";
import css from "~/page/Page.module.css";

interface Props {
  object: ObjectModel;
  tabs: Tab[];
  tab: Tab | undefined;
  onChoose(tab: string): void;
  /** Whether a section is shown, by `tab/section`. */
  shows(path: string): boolean;
  field(name: string, wide?: boolean): ReactNode;
  /** All sections but the first are folded at first. */
  folds: boolean;
  /** How many fields are drawn, in their order. */
  most: number;
}

/** The tabs of a layout and the sections of the chosen one; what is empty by its conditions is not there. */
export function Sections({ object, tabs, tab, onChoose, shows, field, folds, most }: Props) {
  const { i18n } = useTranslation();
  let left = most;
  const drawn = (name: string, wide?: boolean) => {
    const one = left > 0 ? field(name, wide) : null;
    if (one) left--;
    return one;
  };
  const sections = (tab?.sections ?? [])
    .filter((one) => shows(`${tab?.name}/${one.name}`))
    .map((section) => ({
      section,
      label: say(section.label, i18n.language, ""),
      fields: placesOf(object, section)
        .map((place) => drawn(place.name, place.wide))
        .filter(Boolean),
    }))
    .filter(({ fields }) => fields.length > 0);
  return (
    <>
      {tabs.length > 1 && (
        <Tabs value={tab?.name} onChange={(name) => name && onChoose(name)}>
          <Tabs.List className={css.tabs}>
            {tabs.map((one) => (
              <Tabs.Tab key={one.name} value={one.name}>
                {say(one.label, i18n.language, one.name)}
              </Tabs.Tab>
            ))}
          </Tabs.List>
        </Tabs>
      )}
      {sections.map(({ section, label, fields }, i) => {
        const columns = section.columns ?? 2;
        return folds && sections.length > 1 ? (
          <details key={section.name} className={css.section} open={i === 0}>
            <summary>{label || section.name}</summary>
            <div className={css.fields} data-columns={columns}>
              {fields}
            </div>
          </details>
        ) : (
          <section key={section.name} className={css.section} aria-label={label || undefined}>
            {label && <h2>{label}</h2>}
            <div className={css.fields} data-columns={columns}>
              {fields}
            </div>
          </section>
        );
      })}
    </>
  );
}
