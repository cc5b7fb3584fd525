import { ActionIcon } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { related } from "~/api/records";
import type { Formats } from "~/fields";
import { type Named, type RelatedDoc, say } from "~/meta/documents";
import { asked, columnOf, type ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";
import css from "~/page/Related.module.css";
import { RelatedRows } from "~/page/RelatedRows";
import { firstRows, relatedKey } from "./opened";

interface Props {
  object: ObjectModel;
  id: string;
  list: Named<RelatedDoc>;
  formats: Formats;
  /** The page has been opened, and with it the first rows have come. */
  ready: boolean;
  onAdd(): void;
}

const few = 5; // that are shown at first
const many = 50;

/** The first records that refer to this one, with the columns of the layout. */
export function RelatedList({ object, id, list, formats, ready, onAdd }: Props) {
  const { t } = useTranslation();
  const { me, model } = useSession();
  const [limit, setLimit] = useState(firstRows);
  const other = model.objects.get(list.object);
  const columns = useMemo(
    () => (other ? (list.columns ?? [other.nameField]).flatMap((path) => columnOf(model, other, path) ?? []) : []),
    [model, other, list],
  );
  const found = useQuery({
    queryKey: relatedKey(me.tenant, list.object, object, id, list.name, limit),
    queryFn: ({ signal }) =>
      related(object.name, id, list.name, { fields: asked(columns), limit, count: "true" }, signal),
    enabled: ready && other !== undefined,
    placeholderData: (before) => before,
  });
  if (!other) return null;
  const rows = (found.data?.items ?? []).slice(0, limit === firstRows ? few : limit);
  const label = say(list.label, formats.language, other.plural);
  const total = found.data?.total;
  return (
    <section className={css.related} aria-label={label}>
      <header>
        <h2>{label}</h2>
        <span className="quiet">{total ?? ""}</span>
        {other.can.create && (
          <ActionIcon variant="subtle" size="sm" aria-label={t("record.new", { object: other.label })} onClick={onAdd}>
            <IconPlus size={16} />
          </ActionIcon>
        )}
      </header>
      {found.isSuccess && rows.length === 0 ? (
        <p className="quiet">{t("record.related_none")}</p>
      ) : (
        rows.length > 0 && <RelatedRows of={other} columns={columns} rows={rows} formats={formats} />
      )}
      {limit === firstRows && total !== undefined && total > few && (
        <button type="button" className={css.more} onClick={() => setLimit(many)}>
          {t("record.show_more", { count: Math.min(total, many) - few })}
        </button>
      )}
    </section>
  );
}
