import { memo, useCallback } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import type { Stored } from "~/api/client";
import { useFormats } from "~/fields/useFormats";
import { type LayoutDoc, say } from "~/meta/documents";
import { type Column, columnOf, type Model, type ObjectModel } from "~/meta/model";
import { FieldFrame, Shown } from "~/page/Field";
import { placesOf, shownTab, tabsOf } from "~/page/layout";
import { named } from "~/page/named";
import page from "~/page/Page.module.css";
import { useDesigning } from "./designing";
import { useDragging } from "./dragging";
import css from "./Pages.module.css";
import { RelatedThings } from "./RelatedThings";
import { Last, Thing } from "./Thing";
import type { Device, useSample } from "./useSample";

export interface CanvasProps {
  model: Model;
  object: ObjectModel;
  layout: LayoutDoc;
  sample: ReturnType<typeof useSample>["data"];
  device: Device;
  /** What is not seen is not drawn: the page is looked at as somebody. */
  strict: boolean;
}

/** The page of the sample record, drawn as the workspace draws it; everything on it can be taken. */
export function Canvas({ model, object, layout, sample, device, strict }: CanvasProps) {
  const { t, i18n } = useTranslation();
  const design = useDesigning();
  const onPointerDown = useDragging(design);
  const [params] = useSearchParams();
  const { form } = sample ?? {};
  const unseen = (of: Record<string, { visible: boolean }> | null | undefined, name: string) =>
    of?.[name]?.visible === false ? t("studio.pages.unseen") : undefined;
  const columnAt = useCallback((name: string) => columnOf(model, object, name), [model, object]);
  const columns = [...object.fields.keys()].flatMap((name) => columnAt(name) ?? []);
  const record = sample && named(sample.record, columns, sample.names);
  const tabs = tabsOf(object, layout).filter((one) => !strict || !unseen(form?.tabs, one.name));
  const tab = shownTab(tabs, params.get("tab"));
  const field = (name: string, path: string[], wide?: boolean, fixed?: boolean) => {
    const column = columnAt(name);
    const why = unseen(form?.fields, name);
    if (!column || (strict && why)) return null;
    const stands = <Value column={column} record={record} wide={wide} />;
    const all = wide || undefined;
    return (
      <Thing
        key={path.join("/")}
        path={path}
        axis={wide ? "y" : "x"}
        wide={all}
        unseen={why}
        fixed={fixed}
        face={stands}
      />
    );
  };
  return (
    <section className={css.canvas} onPointerDown={onPointerDown} aria-label={t("studio.pages.canvas")}>
      <article className={page.page} data-device={device}>
        <header className={page.head}>
          <div className={page.title}>
            <p className="quiet small">{object.label}</p>
            <h2 className={css.name}>{String(record?.[object.nameField] ?? t("studio.pages.no_record"))}</h2>
          </div>
        </header>
        <div className={page.highlights} data-into="highlights">
          {(layout.highlights ?? []).map((name) => field(name, ["highlights", name]))}
          <Last collection={["highlights"]} />
        </div>
        <nav className={css.tabs} aria-label={t("studio.pages.tabs")} data-into="tabs">
          {tabs.map((one) => (
            <Thing
              key={one.name}
              path={["tabs", one.name]}
              axis="x"
              unseen={unseen(form?.tabs, one.name)}
              face={
                <span className={css.tab} data-shown={one.name === tab?.name}>
                  {say(one.label, i18n.language, one.name)}
                </span>
              }
            />
          ))}
          <Last collection={["tabs"]} />
        </nav>
        <div className={page.main}>
          {(tab?.sections ?? []).map((section) => {
            const at = ["tabs", tab?.name ?? "", "sections", section.name];
            const why = unseen(form?.sections, `${tab?.name}/${section.name}`);
            const placed = section.fields ?? {};
            const fields = placesOf(object, section).map((one) =>
              field(one.name, [...at, "fields", one.name], one.wide, !(one.name in placed)),
            );
            if (strict && (why || !fields.some(Boolean))) return null;
            return (
              <Thing
                key={section.name}
                path={at}
                axis="y"
                unseen={why}
                face={<h3 className={css.heading}>{say(section.label, i18n.language, section.name)}</h3>}
              >
                <div
                  className={page.fields}
                  data-columns={section.columns ?? 2}
                  data-into={[...at, "fields"].join("/")}
                >
                  {fields}
                  <Last collection={[...at, "fields"]} />
                </div>
              </Thing>
            );
          })}
          {tab && <Last collection={["tabs", tab.name, "sections"]} />}
          <RelatedThings model={model} layout={layout} sample={sample} tab={tab?.name} strict={strict} />
        </div>
      </article>
    </section>
  );
}

interface ValueProps {
  column: Column;
  record: Stored | undefined;
  wide?: boolean;
}

/** A field with what the sample record has there. */
const Value = memo(function Value({ column, record, wide }: ValueProps) {
  const formats = useFormats();
  return (
    <FieldFrame column={column} wide={wide}>
      <div className={css.value}>
        <Shown
          column={column}
          value={record?.[column.path]}
          name={column.namePath ? (record?.[column.namePath] as string | null) : undefined}
          formats={formats}
        />
      </div>
    </FieldFrame>
  );
});
