import { useQuery } from "@tanstack/react-query";
import type { CSSProperties } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { refusal } from "~/api/client";
import { changes } from "~/api/notifications";
import { useFormats } from "~/fields/useFormats";
import { inboxKey } from "~/meta/mine";
import { useSession } from "~/meta/session";
import { Glyph } from "~/ui/Glyph";
import css from "../Home.module.css";
import type { OwnProps, WidgetType } from "../widget";

const usual = 5;

/** What others changed of the records that somebody follows: who, which fields and when. */
function Body({ widget }: OwnProps) {
  const { t } = useTranslation();
  const { me, model } = useSession();
  const formats = useFormats();
  const limit = widget.limit ?? usual;
  const found = useQuery({
    queryKey: [...inboxKey(me), "changes", limit],
    queryFn: ({ signal }) => changes(limit, signal),
  });
  if (found.isError) return <p className="bad">{refusal(found.error)?.detail ?? t("error.offline")}</p>;
  if (!found.data) return <div className={css.waiting} />;
  const seen = found.data.items.filter((one) => model.objects.has(one.object));
  if (seen.length === 0) return <p className="quiet">{t("home.no_changes")}</p>;
  return (
    <ul className={css.list} style={{ "--others": 3 } as CSSProperties}>
      {seen.map((one) => {
        const object = model.objects.get(one.object);
        const fields = (one.fields ?? []).map((name) => object?.fields.get(name)?.label ?? name).join(", ");
        return (
          <li key={one.id}>
            <Link to={`/o/${one.object}/${one.record}`}>
              <Glyph name={object?.icon} /> {one.name || t("recent.nameless")}
            </Link>
            <span title={fields}>{fields}</span>
            <span>{one.by_name}</span>
            <time dateTime={one.at}>{formats.datetime(one.at)}</time>
          </li>
        );
      })}
    </ul>
  );
}

export default { type: "changes", leads: "/inbox", Body } satisfies WidgetType;
