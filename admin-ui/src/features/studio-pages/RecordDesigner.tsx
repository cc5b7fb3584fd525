import { SegmentedControl, Select } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { refusal } from "~/api/client";
import { schemaOf } from "~/api/drafts";
import type { Document } from "~/api/session";
import { type LayoutDoc, say } from "~/meta/documents";
import { labelOf } from "~/studio/DocumentList";
import { type Documents, useProblems } from "~/studio/drafting";
import { useDraftModel } from "~/studio/draftModel";
import { formOf } from "~/studio/kinds";
import { valueAt } from "~/studio/patching";
import { Adding } from "./Adding";
import { As } from "./As";
import { Canvas } from "./Canvas";
import { CreateForm } from "./CreateForm";
import { DesigningProvider, useDesign } from "./designing";
import { kindOfThing, nameOfThing, type Path } from "./edits";
import { OwnPage } from "./OwnPage";
import css from "./Pages.module.css";
import { Problems } from "./Problems";
import { Settings } from "./Settings";
import { type Device, useSample, useSamples, useSeen } from "./useSample";
import { Which } from "./Which";
import { Wider } from "./Wider";

/** The page of an object's records, shaped where it is seen. `record` in the address is the one it is drawn with. */
export function RecordDesigner({ documents, document }: { documents: Documents; document: Document }) {
  const { t, i18n } = useTranslation();
  const [params, setParams] = useSearchParams();
  const narrow = useMediaQuery("(max-width: 720px)");
  const layout = document as unknown as LayoutDoc;
  const [as, setAs] = useState<string[]>([]);
  const [device, setDevice] = useState<Device>(layout.device === "phone" ? "phone" : "desktop");
  const [form, setForm] = useState(false);
  const all = useDraftModel();
  const seenModel = useSeen(as, i18n.language);
  const model = as.length > 0 ? seenModel : all;
  const object = all?.objects.get(layout.object);
  const samples = useSamples(layout.object, object?.nameField);
  const record = params.get("record") ?? (samples.data?.items[0]?.id as string | undefined);
  const own = useSample(layout, record, device, []);
  const theirs = useSample(layout, as.length > 0 ? record : undefined, device, as);
  // Of a record that they may not see, they are shown the fields that they could.
  const foreign = as.length > 0 && theirs.isError;
  const sample = as.length > 0 && !foreign ? theirs : own;
  const schema = useQuery({
    queryKey: ["schema", "layout", i18n.language],
    queryFn: () => schemaOf("layout"),
    staleTime: Number.POSITIVE_INFINITY,
  }).data;
  const called = useCallback(
    (path: Path) => {
      const name = nameOfThing(path);
      if (["fields", "highlights"].includes(kindOfThing(path))) return object?.fields.get(name)?.label ?? name;
      const value = valueAt(document, [...path]) as { label?: never; object?: string } | undefined;
      return say(value?.label, i18n.language, all?.objects.get(value?.object ?? "")?.plural ?? name);
    },
    [document, object, all, i18n.language],
  );
  const design = useDesign(document, called);
  const problems = useProblems({ kind: "layout", name: layout.name });
  const seenAs = model?.objects.get(layout.object);
  const seen = as.length > 0 ? seenAs?.layouts.find((one) => one.name === layout.name) : layout;
  const names = useMemo(
    () =>
      (samples.data?.items ?? []).map((one) => ({
        value: String(one.id),
        label: String(one[object?.nameField ?? "id"] ?? one.id),
      })),
    [samples.data, object],
  );
  if (narrow) return <Wider label={labelOf(document, i18n.language)} />;
  if (!object || !all) return <p className={css.empty}>{t("app.lost")}</p>;
  return (
    <DesigningProvider value={design}>
      <div className={css.designer} data-open={!!(design.chosen || design.adding)}>
        <header className={css.bar}>
          <h1>{object.label}</h1>
          <Which documents={documents} layout={layout} />
          <OwnPage documents={documents} document={document} />
          <SegmentedControl
            size="xs"
            aria-label={t("studio.pages.what")}
            value={form ? "form" : "page"}
            onChange={(next) => setForm(next === "form")}
            data={[
              { value: "page", label: t("studio.pages.page") },
              { value: "form", label: t("studio.pages.form") },
            ]}
          />
          <Select
            size="xs"
            searchable
            w={180}
            aria-label={t("studio.pages.sample")}
            title={t("studio.pages.sample")}
            data={names}
            value={record ?? null}
            allowDeselect={false}
            placeholder={t("studio.pages.no_record")}
            onChange={(id) =>
              id &&
              setParams((now) => {
                const next = new URLSearchParams(now);
                next.set("record", id);
                return next;
              })
            }
          />
          <As as={as} say={setAs} />
          <SegmentedControl
            size="xs"
            aria-label={t("studio.pages.device")}
            value={device}
            onChange={(next) => setDevice(next as Device)}
            data={[
              { value: "desktop", label: t("studio.pages.desktop") },
              { value: "phone", label: t("studio.pages.phone") },
            ]}
          />
          <Link className="small" to={`${formOf({ kind: "layout", name: layout.name })}?${params}`}>
            {t("studio.pages.all_settings")}
          </Link>
          {record && (
            <Link className="small" to={`/o/${layout.object}/${record}`}>
              {t("studio.pages.to_record")}
            </Link>
          )}
        </header>
        <Problems all={problems} />
        <div className={css.stage} data-device={device}>
          {sample.error && !sample.data && (
            <p className={css.problem} role="status">
              {refusal(sample.error)?.detail ?? t("error.offline")}
            </p>
          )}
          {foreign && !form && seenAs && <p className={css.told}>{t("studio.pages.foreign")}</p>}
          {seen && model && seenAs && form ? (
            <CreateForm object={seenAs} layout={seen} device={device} as={as} />
          ) : seen && model && seenAs ? (
            <Canvas
              model={model}
              object={seenAs}
              layout={seen}
              sample={sample.isError ? undefined : sample.data}
              device={device}
              strict={as.length > 0}
            />
          ) : (
            as.length > 0 && model && <p className={css.empty}>{t("studio.pages.not_theirs")}</p>
          )}
        </div>
        {design.adding ? (
          <Adding gap={design.adding} model={all} object={object} />
        ) : (
          design.chosen && schema && <Settings schema={schema} path={design.chosen} />
        )}
      </div>
    </DesigningProvider>
  );
}
