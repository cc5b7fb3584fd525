import { useMediaQuery } from "@mantine/hooks";
import { useTranslation } from "react-i18next";
import type { ObjectModel } from "~/meta/model";
import { Duplicates, Elsewhere, FormFields } from "../FormFields";
import { type NewRecord, useNewRecord } from "../useNewRecord";
import { ComposerForm } from "./ComposerForm";
import type { ActivityList } from "./stream";

interface Props {
  of: ActivityList;
  about: { object: string; id: string };
  aboutName: string;
  onDone(): void;
}

/** Makes a task, an event, a call, a note, or whatever else hangs on a record, where that record is. */
export function Composer({ of, about, aboutName, onDone }: Props) {
  const { t } = useTranslation();
  const phone = useMediaQuery("(max-width: 720px)") ?? false;
  const { object, list } = of;
  const given = { values: { [list.lookup]: about }, names: { [list.lookup]: aboutName } };
  const record = useNewRecord(object, given, phone ? "phone" : "desktop", `${list.lookup}=${about.id}`);
  const fields = asked(object, of, record);
  return (
    <ComposerForm
      label={t("record.new", { object: object.label })}
      busy={record.busy}
      cancel={t("record.cancel")}
      submit={t("record.save")}
      onSubmit={async () => !!(await record.save())}
      onDiscard={record.discard}
      onDone={onDone}
    >
      <FormFields object={object} record={record} fields={fields} />
      <Duplicates found={record.state?.duplicates ?? []} />
      <Elsewhere record={record} fields={fields} />
    </ComposerForm>
  );
}

/** What is asked for: what names it, what the list shows and needs, and its first long text. */
function asked(object: ObjectModel, { list, columns }: ActivityList, record: NewRecord): string[] {
  const shown = new Set(columns.map((column) => column.path));
  const isText = (name: string) => ["long_text", "rich_text"].includes(object.fields.get(name)?.type ?? "");
  const text = record.enterable.find(isText);
  return record.enterable.filter(
    (name) =>
      name !== list.lookup &&
      (name !== "owner" || record.tried) &&
      (name === object.nameField || name === text || shown.has(name) || record.states[name]?.required),
  );
}
