import { useTranslation } from "react-i18next";
import type { Names } from "~/api/names";
import type { HistoryEntry } from "~/api/past";
import type { Formats } from "~/fields";
import type { ObjectModel } from "~/meta/model";
import { Value } from "../ConflictPanel";
import css from "./History.module.css";

interface Props {
  object: ObjectModel;
  entry: HistoryEntry;
  names?: Names;
  formats: Formats;
  /** Fields that are shown; absent: all. */
  most?: number;
}

/** Who did what when, with each value before and after. */
export function Changes({ object, entry, names, formats, most }: Props) {
  const { t } = useTranslation();
  const [kind] = entry.via.split(" ");
  const way =
    kind === "workflow" || kind === "form" || kind === "mailbox" || kind === "unsubscribe"
      ? t(`record.history.way.${kind}`, { label: entry.via_label })
      : undefined;
  const who = entry.by
    ? (names?.user?.[entry.by] ?? t("record.history.somebody"))
    : (way ?? t("record.history.program"));
  // What a new record began with is on the page; a list of it would hide what changed.
  const all = Object.entries(entry.changes).filter(([name]) => object.fields.has(name) && entry.action !== "create");
  const computed = (name: string) => (object.fields.get(name)?.editable ? 0 : 1);
  all.sort(([a], [b]) => computed(a) - computed(b)); // what was entered before what follows from it
  const changes = most === undefined ? all : all.slice(0, most);
  const details = { object, names, formats };
  return (
    <div className={css.entry}>
      <div className={css.head}>
        <span>
          {t(`record.history.${entry.action}`, { who })}
          {entry.by && way && <span className="quiet small"> · {way}</span>}
        </span>
        <time
          className="quiet small"
          dateTime={entry.at}
          title={[formats.datetime(entry.at), way ?? entry.via].filter(Boolean).join(" · ")}
        >
          {formats.moment(entry.at)}
        </time>
      </div>
      {changes.length > 0 && (
        <dl>
          {changes.map(([name, { from, to }]) => (
            <div key={name}>
              <dt>{object.fields.get(name)?.label}</dt>
              <dd>
                <del>
                  <Value {...details} name={name} value={from} />
                </del>
                <span aria-hidden> → </span>
                <ins>
                  <Value {...details} name={name} value={to} />
                </ins>
              </dd>
            </div>
          ))}
        </dl>
      )}
      {all.length > changes.length && (
        <span className="quiet small">{t("record.history.more", { count: all.length - changes.length })}</span>
      )}
    </div>
  );
}
