import { Alert, Button, SegmentedControl } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconArrowLeft, IconSettings, IconShare } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams, useSearchParams } from "react-router";
import { schemaOf } from "~/api/drafts";
import { labelOf } from "~/studio/DocumentList";
import { useChanging, useDocuments, useProblems } from "~/studio/drafting";
import { useDraftModel } from "~/studio/draftModel";
import { formOf } from "~/studio/kinds";
import css from "./Forms.module.css";
import { Lines } from "./Lines";
import { type Chosen, Panel } from "./Panel";
import { Preview } from "./Preview";
import { Share } from "./Share";
import type { FormDoc } from "./shaped";

/** A form for people outside, shaped by pointing; beside it the page as they will see it. */
export default function Forms() {
  const { t, i18n } = useTranslation();
  const { name = "" } = useParams();
  const [params] = useSearchParams();
  const documents = useDocuments();
  const model = useDraftModel();
  const { patch } = useChanging();
  const key = { kind: "form", name };
  const problems = useProblems(key);
  const [chosen, setChosen] = useState<Chosen>({ of: "form" });
  const [size, setSize] = useState("desktop");
  const [shares, setShares] = useState(false);
  const narrow = useMediaQuery("(max-width: 720px)");
  const schema = useQuery({
    queryKey: ["schema", "form", i18n.language],
    queryFn: () => schemaOf("form"),
    staleTime: Number.POSITIVE_INFINITY,
  }).data;
  const document = documents?.get(`form/${name}`);
  if (!documents || !model || !schema) return null;
  if (!document) return <p className={css.note}>{t("app.lost")}</p>;
  const form = document as unknown as FormDoc;
  const label = labelOf(document, i18n.language);
  const change = (made: Parameters<typeof patch>[1]) => void patch(key, made, t("studio.changed_this", { label }));
  const to = (path: string) => `${path}?${params}`;
  return (
    <section className={css.page} aria-label={label}>
      <header className={css.head}>
        <Button
          component={Link}
          to={to("/studio/pages")}
          size="compact-sm"
          variant="subtle"
          aria-label={t("studio.back")}
        >
          <IconArrowLeft size={16} />
        </Button>
        <h1>{label}</h1>
        <SegmentedControl
          size="xs"
          aria-label={t("studio.forms.size")}
          value={size}
          onChange={setSize}
          data={[
            { value: "desktop", label: t("studio.forms.desktop") },
            { value: "phone", label: t("studio.forms.phone") },
          ]}
        />
        <Button
          component={Link}
          to={to(formOf(key))}
          size="compact-sm"
          variant="default"
          leftSection={<IconSettings size={14} />}
        >
          {t("studio.forms.all")}
        </Button>
        <Button size="compact-sm" leftSection={<IconShare size={14} />} onClick={() => setShares(true)}>
          {t("studio.forms.share")}
        </Button>
      </header>
      {narrow ? (
        <Alert className={css.note}>{t("studio.forms.wider")}</Alert>
      ) : (
        <div className={css.shaping}>
          <Lines
            form={form}
            object={model.objects.get(form.object)}
            chosen={chosen}
            choose={setChosen}
            change={change}
          />
          <Panel
            form={form}
            object={model.objects.get(form.object)}
            schema={schema}
            chosen={chosen}
            choose={setChosen}
            change={change}
            problems={problems}
          />
        </div>
      )}
      <Preview form={form} object={model.objects.get(form.object)} size={narrow ? "desktop" : size} />
      {shares && <Share form={form} close={() => setShares(false)} />}
    </section>
  );
}
