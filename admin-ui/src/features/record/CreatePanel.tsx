import { Button, Drawer } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { read } from "~/api/records";
import { asked, type ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";
import { shortOf } from "~/page/short";
import panel from "~/ui/FormPanel.module.css";
import { notify } from "~/ui/notices";
import { useReturnFocus } from "~/ui/useReturnFocus";
import css from "./CreatePanel.module.css";
import type { Draft } from "./draft";
import { Duplicates, Elsewhere, FormFields } from "./FormFields";
import { cloneOf, givenBy, originalOf } from "./given";
import { useColumns } from "./useColumns";
import { useNewRecord } from "./useNewRecord";

interface Props {
  object: ObjectModel;
  /** What the address gives the record to begin with; see given.ts. */
  given: string;
  onClose(): void;
  onCreated(id: string): void;
}

/** A new record. The server says at every step what it would be and what stands in the way. */
export function CreatePanel(props: Props) {
  const { object, given } = props;
  const { me } = useSession();
  const columns = useColumns(object);
  const from = originalOf(given);
  const original = useQuery({
    queryKey: [me.tenant, object.name, "record", from, "clone"],
    queryFn: ({ signal }) => read(object.name, from as string, asked([...columns.values()]), signal),
    enabled: from !== undefined,
  });
  if (from !== undefined && original.isPending) return null;
  const begin = original.data ? cloneOf(object, columns, original.data) : { values: {}, names: {} };
  return <Panel {...props} begin={{ ...begin, values: { ...begin.values, ...givenBy(object, given) } }} />;
}

function Panel({ object, given, begin, onClose, onCreated }: Props & { begin: Draft }) {
  const { t } = useTranslation();
  const go = useNavigate();
  const phone = useMediaQuery("(max-width: 720px)") ?? false;
  const [all, setAll] = useState(false);
  const [key, setKey] = useState(0);
  useReturnFocus();
  const record = useNewRecord(object, begin, phone ? "phone" : "desktop", given || "new");
  const { enterable, states, tried, values, busy, restored } = record;
  const also = (name: string) => name in begin.values || (tried && record.problemOf(name));
  const short = all ? enterable : shortOf(object, enterable, states, values, also);

  const submit = async (next: "open" | "new") => {
    const saved = await record.save();
    if (!saved) return;
    if (next === "open") return onCreated(saved.id);
    const name = String(saved[object.nameField] ?? saved.id);
    const open = { label: t("record.open"), run: () => go(`/o/${object.name}/${saved.id}`) };
    notify({ text: t("record.created", { name }), action: open });
    setKey((n) => n + 1);
  };
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size={phone ? "100%" : all || enterable.some((name) => object.fields.get(name)?.rows.length) ? 720 : 480}
      title={t("record.new", { object: object.label })}
      closeButtonProps={{ "aria-label": t("record.close") }}
      classNames={{ content: panel.panel, body: panel.body }}
    >
      <form
        className={panel.form}
        onSubmit={(event) => {
          event.preventDefault();
          void submit("open");
        }}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || !(event.metaKey || event.ctrlKey)) return;
          event.preventDefault();
          void submit(event.shiftKey ? "new" : "open");
        }}
      >
        {restored && (
          <div className={css.restored} role="status">
            {t("record.draft_restored")}
            <Button
              variant="subtle"
              size="compact-xs"
              onClick={() => {
                record.discard();
                setKey((n) => n + 1);
              }}
            >
              {t("record.discard")}
            </Button>
          </div>
        )}
        <FormFields key={key} object={object} record={record} fields={short} />
        {!all && short.length < enterable.length && (
          <Button className={css.more} variant="subtle" size="compact-sm" onClick={() => setAll(true)}>
            {t("record.more")}
          </Button>
        )}
        <Duplicates found={record.state?.duplicates ?? []} />
        <Elsewhere record={record} fields={short} />
        <footer className={panel.foot}>
          <Button
            variant="default"
            size="xs"
            onClick={() => {
              record.discard();
              onClose();
            }}
          >
            {t("record.cancel")}
          </Button>
          <Button variant="default" size="xs" disabled={busy} onClick={() => void submit("new")}>
            {t("record.save_and_new")}
          </Button>
          <Button type="submit" size="xs" loading={busy}>
            {t("record.save")}
          </Button>
        </footer>
      </form>
    </Drawer>
  );
}
