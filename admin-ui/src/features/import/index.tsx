import { Button, Progress } from "@mantine/core";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { refusal } from "~/api/client";
import type { ObjectModel } from "~/meta/model";
import { useObject, useSession } from "~/meta/session";
import { Failure } from "~/ui/Failure";
import { Title } from "~/ui/Title";
import { Columns } from "./Columns";
import { Drop } from "./Drop";
import { useDropped } from "./dropped";
import css from "./Import.module.css";
import { RefusedRows } from "./RefusedRows";
import { Unknown } from "./Unknown";
import { countsOf, type Importing, over, useImporting } from "./useImporting";

export default function ImportPage() {
  const { t } = useTranslation();
  const { me } = useSession();
  const object = useObject(useParams().object);
  if (!object) return <Failure says={t("app.lost")} lost />;
  if (!me.rights.system.includes("import")) return <Failure says={t("import.no_right")} />;
  return <Importer key={object.name} object={object} />;
}

/** One page from the file to the last corrected row. */
function Importer({ object }: { object: ObjectModel }) {
  const { t } = useTranslation();
  const importing = useImporting(object);
  const { send, seen, choices, choose, unknown, imports, refused, edits, setEdits, runs, leave } = importing;
  const handed = useDropped((s) => s.file);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a file that was handed over is sent once
  useEffect(() => {
    if (!handed) return;
    useDropped.setState({ file: undefined });
    send.mutate({ file: handed });
  }, [handed]);

  const preview = seen.data;
  const running = runs.length > 0;
  const failed = send.error ?? seen.error;
  return (
    <section className={css.page}>
      <header className={css.head}>
        <Title>{t("import.title", { object: object.plural })}</Title>
        <h1>{t("import.title", { object: object.plural })}</h1>
        {preview && (
          <span className="quiet">
            {preview.file} · {t(preview.more ? "import.rows_more" : "import.rows_count", { count: preview.rows })}
          </span>
        )}
        <span className={css.space} />
        {preview && (
          <Button size="xs" variant="default" onClick={leave}>
            {t("import.other_file")}
          </Button>
        )}
        <Link to={`/o/${object.name}`}>{object.plural}</Link>
      </header>
      {!preview || !choices ? (
        <Drop
          busy={send.isPending || (seen.isFetching && !failed)}
          problem={failed ? (refusal(failed)?.detail ?? t("error.offline")) : undefined}
          onFile={(file) => send.mutate({ file })}
        />
      ) : (
        <>
          {!running && <Settings object={object} importing={importing} />}
          {!running && (
            <Columns
              object={object}
              preview={preview}
              targets={choices.targets}
              disabled={running}
              onChange={(targets) => choose({ targets })}
            />
          )}
          {!running && unknown.length > 0 && (
            <section>
              <h2>{t("import.unknown")}</h2>
              <Unknown
                object={object}
                preview={preview}
                unknown={unknown}
                targets={choices.targets}
                disabled={running}
                onChange={(targets) => choose({ targets })}
              />
            </section>
          )}
          {refused.rows.length > 0 && (
            <section>
              <h2>{t("import.refused")}</h2>
              <p className="quiet">{t("import.refused_help")}</p>
              <RefusedRows
                object={object}
                refused={refused}
                used={preview.columns.filter((_, i) => choices.targets[i]?.field).map((c) => c.heading)}
                edits={edits}
                disabled={imports.some((one) => running && !over(one))}
                onEdit={(row, cells) =>
                  setEdits(({ [row.number]: _, ...rest }) => (cells ? { ...rest, [row.number]: cells } : rest))
                }
              />
            </section>
          )}
          <Foot object={object} importing={importing} />
        </>
      )}
    </section>
  );
}

/** The sheet, what becomes of records that are there, and stages. */
function Settings({ object, importing }: { object: ObjectModel; importing: Importing }) {
  const { t } = useTranslation();
  const { me } = useSession();
  const { seen, choices, choose, file, send } = importing;
  const sheets = seen.data?.sheets ?? [];
  if (!choices) return null;
  const keys = choices.targets.flatMap(({ field }) => object.fields.get(field) ?? []);
  return (
    <div className={css.settings}>
      {sheets.length > 1 && (
        <label>
          {t("import.sheet")}
          <select
            className={css.select}
            value={choices.sheet}
            disabled={!file}
            title={file ? undefined : t("import.sheet_gone")}
            onChange={(event) => file && send.mutate({ file, sheet: event.currentTarget.value })}
          >
            {sheets.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
      )}
      {object.can.update && (
        <label>
          {t("import.existing")}
          <select
            className={css.select}
            value={choices.key}
            onChange={(event) => choose({ key: event.currentTarget.value })}
          >
            <option value="">{t("import.all_new")}</option>
            {keys.map((one) => (
              <option key={one.name} value={one.name}>
                {t("import.update_by", { field: one.label })}
              </option>
            ))}
          </select>
        </label>
      )}
      {object.doc.stages && me.rights.system.includes("import_stages") && (
        <label className={css.check}>
          <input
            type="checkbox"
            checked={choices.anyStage}
            onChange={(event) => choose({ anyStage: event.currentTarget.checked })}
          />
          {t("import.any_stage")}
        </label>
      )}
    </div>
  );
}

/** What would happen or has happened, and the one button. */
function Foot({ object, importing }: { object: ObjectModel; importing: Importing }) {
  const { t } = useTranslation();
  const { trial, imports, runs, done, run, again, corrected, choices } = importing;
  const counts = countsOf(imports, runs);
  const ran = runs.length > 0;
  const error = run.error ?? again.error ?? (ran ? undefined : trial.error);
  const why = refusal(error);
  const broke = imports.find((one) => one?.state === "failed" || one?.state === "cancelled");
  const known = imports.length > 0 && imports[0] !== undefined;
  const nothing = !choices?.targets.some(({ field }) => field);
  return (
    <footer className={css.foot}>
      <div className={css.told} role="status">
        {nothing ? (
          <span>{t("import.nothing_chosen")}</span>
        ) : known ? (
          <>
            <strong>
              {t(ran ? (done ? "import.done" : "import.running") : done ? "import.would" : "import.trying")}
            </strong>{" "}
            <span data-counts>{sentence(t, counts)}</span>
          </>
        ) : (
          !error && <span>{t("import.trying")}</span>
        )}
      </div>
      {!done && known && (
        <Progress
          className={css.progress}
          value={counts.total ? (100 * counts.done) / counts.total : 0}
          aria-label={t(ran ? "import.running" : "import.trying")}
        />
      )}
      {(error || broke) && (
        <div role="alert" className="bad">
          <p>{broke?.detail ?? why?.detail ?? t("error.offline")}</p>
          {why?.errors?.map((one) => (
            <p key={one.pointer}>{one.detail}</p>
          ))}
        </div>
      )}
      {!ran ? (
        <Button
          disabled={nothing || !done || counts.created + counts.updated + counts.unchanged + corrected === 0}
          loading={run.isPending}
          title={nothing ? t("import.nothing_chosen") : done ? undefined : t("import.trying")}
          onClick={() => run.mutate()}
        >
          {t("import.run")}
        </Button>
      ) : corrected > 0 && done ? (
        <Button loading={again.isPending} onClick={() => again.mutate()}>
          {t("import.send_again", { count: corrected })}
        </Button>
      ) : (
        done && (
          <Button component={Link} to={`/o/${object.name}`}>
            {t("import.show", { object: object.plural })}
          </Button>
        )
      )}
    </footer>
  );
}

/** “4,980 new, 12 changed, 8 refused”: what is none is not said, but for the first. */
function sentence(t: ReturnType<typeof useTranslation>["t"], counts: ReturnType<typeof countsOf>): string {
  const said = (["created", "updated", "unchanged", "refused"] as const)
    .filter((name) => counts[name] > 0 || name === "created")
    .map((name) => t(`import.count_${name}`, { n: counts[name].toLocaleString() }));
  return said.join(t("import.and"));
}
