import { useQuery } from "@tanstack/react-query";
import { type CSSProperties, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { refusal } from "~/api/client";
import { list } from "~/api/records";
import { typeOf } from "~/fields";
import { useFormats } from "~/fields/useFormats";
import { asked, columnOf } from "~/meta/model";
import { useSession } from "~/meta/session";
import css from "../Home.module.css";
import type { WidgetProps, WidgetType } from "../widget";

const usual = 5;

/** The first records of a list: the first column leads to the record. */
function Body({ widget, object }: WidgetProps) {
  const { t } = useTranslation();
  const { me, model } = useSession();
  const formats = useFormats();
  const columns = useMemo(
    () => (widget.columns ?? [object.nameField]).flatMap((path) => columnOf(model, object, path) ?? []),
    [model, object, widget],
  );
  const query = { filter: widget.filter, sort: widget.sort, fields: asked(columns), limit: widget.limit ?? usual };
  const found = useQuery({
    queryKey: [me.tenant, object.name, "list", "widget", query],
    queryFn: ({ signal }) => list(object.name, query, signal),
  });
  if (found.isError) return <p className="bad">{refusal(found.error)?.detail ?? t("error.offline")}</p>;
  if (!found.data) return <div className={css.waiting} />;
  if (found.data.items.length === 0) return <p className="quiet">{t("home.none")}</p>;
  return (
    <ul className={css.list} style={{ "--others": Math.max(1, columns.length - 1) } as CSSProperties}>
      {found.data.items.map((row) => (
        <li key={row.id}>
          {columns.map(({ path, field, namePath, label }, i) => {
            const value = row[path];
            const shown = { field, formats, name: namePath && (row[namePath] as string | null) };
            const type = typeOf(field.shows);
            const has = value !== null && value !== undefined;
            return i === 0 ? (
              <Link key={path} to={`/o/${object.name}/${row.id}`}>
                {has ? type.cell(value, shown) : row.id}
              </Link>
            ) : (
              <span key={path} data-align={type.align} title={has ? `${label}: ${type.text(value, shown)}` : undefined}>
                {has && (field.shows === "datetime" ? formats.moment(String(value)) : type.cell(value, shown))}
              </span>
            );
          })}
        </li>
      ))}
    </ul>
  );
}

export default { type: "list", Body } satisfies WidgetType;
