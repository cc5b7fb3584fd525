import { Button, Checkbox, Select, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate, useSearchParams } from "react-router";
import { refusal } from "~/api/client";
import type { Preview } from "~/api/imports";
import { preview } from "~/api/imports";
import type { Document } from "~/api/session";
import { useSession } from "~/meta/session";
import { keepWaiting } from "~/meta/waiting";
import { asChanges, useChanging, useDocuments } from "~/studio/drafting";
import { nameOf } from "~/studio/patching";
import { Failure } from "~/ui/Failure";
import { Called, useCalled } from "./Called";
import css from "./FromFile.module.css";
import { type Column, columnsOf, objectFromFile } from "./fromFile";
import { setsOf } from "./made";

/** An object of a file that was uploaded: what its columns would be, to be corrected, and made. */
export function FromFile({ upload, types }: { upload: string; types: string[] }) {
  const { me } = useSession();
  const found = useQuery({
    queryKey: proposalKey(me.tenant, upload),
    queryFn: ({ signal }) => preview({ object: "" }, upload, signal),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
  const documents = useDocuments();
  if (found.isError) return <Failure says={refusal(found.error)?.detail} again={() => void found.refetch()} />;
  if (!found.data || !documents) return null;
  return <Proposed key={upload} proposal={found.data} documents={[...documents.values()]} types={types} />;
}

/** Where the cache keeps what a file would be. */
export const proposalKey = (tenant: string, upload: string) => [tenant, "proposal", upload];

/** What a file is called, without its ending and signs. */
function calledAs(file: string | undefined): string {
  const words = (file ?? "")
    .replace(/\.[a-z0-9]+$/i, "")
    .replace(/[_-]+/g, " ")
    .trim();
  return words ? `${words[0]?.toUpperCase()}${words.slice(1)}` : "";
}

function Proposed({ proposal, documents, types }: { proposal: Preview; documents: Document[]; types: string[] }) {
  const { t } = useTranslation();
  const { me } = useSession();
  const go = useNavigate();
  const [params] = useSearchParams();
  const { patchAll } = useChanging();
  const [columns, setColumns] = useState(() => columnsOf(proposal));
  const named = proposal.columns.find(({ as }) => as?.names) ?? proposal.columns.find(({ heading }) => heading);
  const [naming, setNaming] = useState(named?.heading ?? "");
  const called = useCalled(documents, calledAs(proposal.file));
  const { label } = called;
  const [busy, setBusy] = useState(false);
  const change = (i: number, to: Partial<Column>) =>
    setColumns((now) => now.map((one, at) => (at === i ? { ...one, ...to } : one)));
  const submit = async () => {
    setBusy(true);
    const name = nameOf(label, (one) => documents.some((d) => d.kind === "object" && d.name === one), "object");
    const { made, patches, fields } = objectFromFile(
      {
        name,
        ...called.said,
        columns,
        naming,
      },
      setsOf(documents, me.user.permissions),
    );
    const stored = await patchAll([...asChanges(made), ...patches], t("studio.made", { label }));
    if (stored) {
      keepWaiting(me, name, {
        upload: proposal.upload,
        file: proposal.file ?? "",
        rows: proposal.rows,
        fields,
      });
      const draft = params.get("draft");
      go(`/studio/objects/${name}${draft ? `?draft=${draft}` : ""}`);
    }
    setBusy(false);
  };
  return (
    <section className={css.page} aria-label={t("studio.from_file")}>
      <h1>{t("studio.from_file")}</h1>
      <p className="quiet">
        {proposal.file} · {t(proposal.more ? "import.rows_more" : "import.rows_count", { count: proposal.rows })} ·{" "}
        {t("studio.from_file_says")}
      </p>
      <div className={css.called}>
        <Called called={called} />
      </div>
      <div className={css.scroll}>
        <table>
          <thead>
            <tr>
              <th>{t("studio.taken")}</th>
              <th>{t("import.column")}</th>
              <th>{t("studio.label")}</th>
              <th>{t("studio.type_of_field")}</th>
              <th>{t("studio.naming")}</th>
            </tr>
          </thead>
          <tbody>
            {columns.map((one, i) => (
              <Line
                // biome-ignore lint/suspicious/noArrayIndexKey: columns have no names of their own
                key={i}
                column={one}
                types={types}
                names={one.heading === naming}
                change={(to) => change(i, to)}
                name={() => setNaming(one.heading)}
              />
            ))}
          </tbody>
        </table>
      </div>
      <div className={css.foot}>
        <Button
          size="xs"
          loading={busy}
          disabled={!label.trim() || !columns.some((one) => one.taken && one.heading === naming)}
          onClick={() => void submit()}
        >
          {t("studio.make")}
        </Button>
        <span className="quiet small">{t("studio.rows_follow")}</span>
      </div>
    </section>
  );
}

interface LineProps {
  column: Column;
  types: string[];
  names: boolean;
  change(to: Partial<Column>): void;
  name(): void;
}

/** A column of the file, and the field that it becomes. */
function Line({ column, types, names, change, name }: LineProps) {
  const { t } = useTranslation();
  const { heading, samples, as, taken, label, type } = column;
  return (
    <tr data-out={!taken}>
      <td>
        <Checkbox
          size="xs"
          aria-label={t("studio.take_column", { heading })}
          checked={taken}
          disabled={heading === "" || names}
          onChange={(event) => change({ taken: event.currentTarget.checked })}
        />
      </td>
      <td>
        <strong>{heading || t("import.no_heading")}</strong>
        <div className="quiet small">{samples.join(" · ")}</div>
      </td>
      <td>
        <TextInput
          size="xs"
          aria-label={t("studio.label_of", { label: heading })}
          value={label}
          disabled={!taken}
          onChange={(event) => change({ label: event.currentTarget.value })}
        />
      </td>
      <td>
        <Select
          size="xs"
          aria-label={t("studio.type_of", { label: heading })}
          data={types.map((one) => ({ value: one, label: t(`studio.type.${one}`) }))}
          value={names ? "text" : type}
          disabled={!taken || names}
          searchable
          allowDeselect={false}
          comboboxProps={{ keepMounted: false }}
          onChange={(next) => next && change({ type: next })}
        />
        {taken && !names && type === as.type && (
          <div className="quiet small">
            {as.options?.join(", ")}
            {as.object && t("studio.refers_to", { object: as.object })}
            {as.currency}
            {!!as.misfits && <span className="warn"> {t("studio.misfits", { count: as.misfits })}</span>}
          </div>
        )}
      </td>
      <td>
        <input
          type="radio"
          name="naming"
          aria-label={t("studio.naming_by", { heading })}
          checked={names}
          disabled={!taken}
          onChange={name}
        />
      </td>
    </tr>
  );
}
