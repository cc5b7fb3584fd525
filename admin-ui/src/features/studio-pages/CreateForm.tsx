import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Suspense } from "react";
import { useTranslation } from "react-i18next";
import { previewForm } from "~/api/preview";
import { typeOf } from "~/fields";
import { useFormats } from "~/fields/useFormats";
import type { LayoutDoc } from "~/meta/documents";
import type { ObjectModel } from "~/meta/model";
import { enterableOf, shortOf } from "~/page/short";
import { useDesigning } from "./designing";
import { useDragging } from "./dragging";
import { placeOf } from "./edits";
import css from "./Pages.module.css";
import { Thing } from "./Thing";
import { type Device, useLook } from "./useSample";

interface Props {
  object: ObjectModel;
  layout: LayoutDoc;
  device: Device;
  as: string[];
}

/** The form in which a record is made. It has the order of the page: what is moved here is moved there. */
export function CreateForm({ object, layout, device, as }: Props) {
  const { t } = useTranslation();
  const formats = useFormats();
  const design = useDesigning();
  const onPointerDown = useDragging(design);
  const { look, key } = useLook(as);
  const state = useQuery({
    queryKey: [...key, "form", object.name, device],
    queryFn: ({ signal }) => previewForm(look, object.name, device, signal),
    placeholderData: keepPreviousData,
    retry: false,
  }).data;
  const states = state?.fields ?? {};
  const enterable = enterableOf(object, layout, states);
  const short = new Set(shortOf(object, enterable, states, state?.values ?? {}));
  const drawn = (name: string) => {
    const field = object.fields.get(name);
    const Input = field && typeOf(field.shows).Input;
    if (!field || !Input) return null;
    const path = placeOf(design.document, name);
    const value = (state?.values[name] ?? null) as never;
    const input = (
      <Suspense fallback={null}>
        <Input
          field={field}
          formats={formats}
          label={field.label}
          value={value}
          required={states[name]?.required}
          onChange={() => undefined}
        />
      </Suspense>
    );
    return <Thing key={name} path={path ?? [name]} fixed={!path} axis="y" face={input} />;
  };
  return (
    <section className={css.canvas} data-form onPointerDown={onPointerDown} aria-label={t("studio.pages.canvas")}>
      <h2 className={css.name}>{t("record.new", { object: object.label })}</h2>
      {enterable.filter((name) => short.has(name)).map(drawn)}
      <h3 className={css.heading}>{t("record.more")}</h3>
      <p className="quiet small">{t("studio.pages.form_says")}</p>
      {enterable.filter((name) => !short.has(name)).map(drawn)}
    </section>
  );
}
