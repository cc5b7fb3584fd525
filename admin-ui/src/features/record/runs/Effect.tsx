import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Names } from "~/api/names";
import type { RunEffect } from "~/api/workflows";
import type { Formats } from "~/fields";
import type { ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";
import { Value } from "../ConflictPanel";
import history from "../history/History.module.css";
import css from "./Runs.module.css";

interface Props {
  effect: RunEffect;
  /** The record that the run is about. */
  of: ObjectModel;
  id: string;
  names: Names;
  formats: Formats;
}

/** What a step did, in words. */
export function Effect({ effect, of, id, names, formats }: Props) {
  const { t } = useTranslation();
  const { model } = useSession();
  const { do: did, record = "", text } = effect;
  if (did === "create" || did === "update" || did === "delete") {
    const object = model.objects.get(effect.object ?? "");
    const own = object === of && record === id;
    return (
      <div className={css.effect}>
        {!(own && did === "update") && (
          <p>
            {t(`run.do.${did}`, { object: object?.label ?? effect.object })}{" "}
            {object && names[object.name]?.[record] !== undefined && (
              <Link to={`/o/${object.name}/${record}`}>{names[object.name]?.[record] || t("recent.nameless")}</Link>
            )}
          </p>
        )}
        {object && did === "update" && <Values effect={effect} object={object} names={names} formats={formats} />}
      </div>
    );
  }
  const who = names.user?.[record] ?? t("inbox.somebody");
  const until = did === "wait" && text ? formats.datetime(text) : "";
  return (
    <div className={css.effect}>
      <p>
        {t(did === "wait" && !text ? "run.do.watch" : `run.do.${did}`, {
          who,
          text: until || text,
          count: effect.tried ?? 1,
        })}
      </p>
      {text && (did === "notify" || did === "ask" || did === "approved" || did === "rejected" || did === "failed") && (
        <q>{text}</q>
      )}
    </div>
  );
}

/** Fields of a record that was there, which were given values, with those before where they are known. */
function Values({ effect, object, names, formats }: Omit<Props, "of" | "id"> & { object: ObjectModel }) {
  const values = Object.entries(effect.values ?? {}).filter(([name]) => object.fields.has(name));
  if (values.length === 0) return null;
  const details = { object, names, formats };
  return (
    <dl className={history.values}>
      {values.map(([name, value]) => (
        <div key={name}>
          <dt>{object.fields.get(name)?.label}</dt>
          <dd>
            {effect.was && name in effect.was && (
              <>
                <del>
                  <Value {...details} name={name} value={effect.was[name]} />
                </del>
                <span aria-hidden> → </span>
              </>
            )}
            <ins>
              <Value {...details} name={name} value={value} />
            </ins>
          </dd>
        </div>
      ))}
    </dl>
  );
}
