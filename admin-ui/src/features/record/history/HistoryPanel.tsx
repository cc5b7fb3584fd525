import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Names } from "~/api/names";
import type { Formats } from "~/fields";
import type { ObjectModel } from "~/meta/model";
import { Changes } from "./Changes";
import css from "./History.module.css";
import { useHistory } from "./useHistory";

interface Props {
  object: ObjectModel;
  id: string;
  known: Names | undefined;
  ready: boolean;
  formats: Formats;
}

/** All changes of a record, with each value before and after. */
export function HistoryPanel({ object, id, known, ready, formats }: Props) {
  const { t } = useTranslation();
  const { entries, names, found, more, next } = useHistory(object, id, known, ready);
  if (found.isSuccess && entries.length === 0) return <p className="quiet">{t("record.related_none")}</p>;
  return (
    <>
      <ol className={css.list}>
        {entries.map((entry) => (
          <li key={entry.id}>
            <Changes object={object} entry={entry} names={names} formats={formats} />
          </li>
        ))}
      </ol>
      {more && (
        <Button variant="subtle" size="compact-xs" loading={found.isFetchingNextPage} onClick={next}>
          {t("record.activity.earlier")}
        </Button>
      )}
    </>
  );
}
