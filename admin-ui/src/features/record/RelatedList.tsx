import { ActionIcon } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { related } from "~/api/records";
import { type Formats, typeOf } from "~/fields";
import { type Named, type RelatedDoc, say } from "~/meta/documents";
import { asked, columnOf, type ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";
import css from "./RecordPage.module.css";

interface Props {
  object: ObjectModel;
  id: string;
  list: Named<RelatedDoc>;
  formats: Formats;
}

/** The first records that refer to this one. */
export function RelatedList({ object, id, list, formats }: Props) {
  const { t } = useTranslation();
  const { me, model } = useSession();
  const other = model.objects.get(list.object);
  const columns = useMemo(
    () => (other ? (list.columns ?? [other.nameField]).flatMap((path) => columnOf(model, other, path) ?? []) : []),
    [model, other, list],
  );
  const found = useQuery({
    queryKey: [me.tenant, list.object, "list", "related", object.name, id, list.name],
    queryFn: ({ signal }) =>
      related(object.name, id, list.name, { fields: asked(columns), limit: 5, count: "true" }, signal),
    enabled: other !== undefined,
  });
  if (!other) return null;
  const rows = found.data?.items ?? [];
  const label = say(list.label, formats.language, other.plural);
  const reference = list.lookup && model.objects.get(list.object)?.fields.get(list.lookup);
  const prefill =
    reference && reference.type === "any_lookup" ? `${list.lookup}=${object.name}:${id}` : `${list.lookup}=${id}`;
  return (
    <section className={css.related} aria-label={label}>
      <header>
        <h2>{label}</h2>
        <span className="quiet">{found.data?.total ?? ""}</span>
        {other.can.create && (
          <ActionIcon
            component={Link}
            to={`/o/${other.name}?view=&new=${encodeURIComponent(prefill)}`}
            variant="subtle"
            size="sm"
            aria-label={t("record.new", { object: other.label })}
          >
            <IconPlus size={16} />
          </ActionIcon>
        )}
      </header>
      {found.isSuccess && rows.length === 0 ? (
        <p className="quiet">{t("record.related_none")}</p>
      ) : (
        <ul>
          {rows.map((row) => (
            <li key={row.id as string}>
              {columns.map(({ path, field, namePath }, i) => {
                const value = row[path];
                if (value === null || value === undefined) return null;
                const shown = typeOf(field.shows).cell(value, {
                  field,
                  formats,
                  name: namePath && (row[namePath] as string | null),
                });
                return i === 0 ? (
                  <Link key={path} to={`/o/${other.name}/${row.id}`}>
                    {shown}
                  </Link>
                ) : (
                  <span key={path} className="quiet small">
                    {shown}
                  </span>
                );
              })}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
