import { Button, Checkbox, Menu, TextInput } from "@mantine/core";
import { IconChevronDown } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { refusal } from "~/api/client";
import type { ViewDoc } from "~/meta/documents";
import type { ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";
import { pushUndo } from "~/ui/commands";
import { notify } from "~/ui/notices";
import { numbersOf } from "../groups";
import css from "../ListPage.module.css";
import { type ListState, ofView, viewOf } from "../state";
import type { Views } from "./useViews";

interface Props {
  object: ObjectModel;
  views: Views;
  view: ViewDoc;
  state: ListState;
  onView(name: string): void;
}

/** What can be done with what was changed of a view. Nothing of it is seen by others but by “for everyone”. */
export function ViewMenu({ object, views, view, state, onView }: Props) {
  const { t } = useTranslation();
  const { model } = useSession();
  const [open, setOpen] = useState(false);
  const [naming, setNaming] = useState(false);
  const { saved, instead, own, lacks } = views.of(view.name);
  const now = viewOf(view, state, numbersOf(model, object, state.columns ?? view.columns));
  const clear = () => {
    views.keep(view.name, undefined);
    state.set(Object.fromEntries(ofView.map((one) => [one, undefined])));
  };
  /** What was changed stays where it can't be stored, with the reason. */
  const store = async (what: Promise<unknown>, then?: () => void) => {
    try {
      await what;
      then?.();
    } catch (error) {
      const why = refusal(error);
      notify({ text: why?.errors?.[0]?.detail ?? why?.detail ?? t("error.offline"), tone: "bad" });
    }
  };
  const saveNew = (label: string, shared: "me" | "everyone") => {
    setNaming(false);
    setOpen(false);
    void store(
      views.saveNew(now, label, shared).then((name) => {
        clear(); // what was changed is in the new one
        onView(name);
      }),
    );
  };
  const remove = () =>
    void store(views.remove(view.name), () => {
      clear();
      onView(object.views[0]?.name ?? "");
      if (saved && !lacks && own)
        pushUndo({
          label: t("list.view.delete"),
          undo: async () => onView(await views.saveNew(view, view.label, "me")),
        });
    });
  const item = (label: string, enabled: boolean, run: () => void, why?: string) => (
    <Menu.Item disabled={!enabled} onClick={run}>
      {label}
      {why && <div className="quiet small">{why}</div>}
    </Menu.Item>
  );
  const needs = lacks && t(`list.view.needs.${lacks}`);
  return (
    <Menu
      position="bottom-start"
      shadow="sm"
      opened={open}
      onChange={setOpen}
      onClose={() => setNaming(false)}
      returnFocus
    >
      <Menu.Target>
        <button type="button" className={css.more} aria-label={t("list.view.menu")}>
          <IconChevronDown size={12} />
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        {naming ? (
          <Naming onSave={saveNew} />
        ) : (
          <>
            {item(t("list.view.save_for_me"), state.changed, () => void store(views.saveForMe(now), clear))}
            <Menu.Item closeMenuOnClick={false} onClick={() => setNaming(true)}>
              {t("list.view.save_new")}
            </Menu.Item>
            {!own &&
              item(
                t("list.view.save_for_all"),
                !lacks && (state.changed || instead !== undefined),
                () => void store(views.saveForAll(now), clear),
                needs,
              )}
            {item(t("list.view.discard"), state.changed, clear)}
            {instead && item(t("list.view.original"), true, () => void store(views.reset(view.name), clear))}
            {saved && item(t(own ? "list.view.delete" : "list.view.delete_for_all"), !lacks, remove, needs)}
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}

/** Asks what a new view is called, and whether others are to see it. */
function Naming({ onSave }: { onSave(label: string, shared: "me" | "everyone"): void }) {
  const { t } = useTranslation();
  const { me } = useSession();
  const [name, setName] = useState("");
  const [shared, setShared] = useState(false);
  const shares = me.rights.system.includes("share_views");
  return (
    <form
      className={css.naming}
      onSubmit={(event) => {
        event.preventDefault();
        if (name.trim()) onSave(name.trim(), shared ? "everyone" : "me");
      }}
    >
      <TextInput
        size="xs"
        autoFocus
        label={t("list.view.name")}
        value={name}
        maxLength={80}
        onChange={(event) => setName(event.currentTarget.value)}
        onKeyDown={(event) => event.key !== "Escape" && event.stopPropagation()}
      />
      <Checkbox
        size="xs"
        label={t("list.view.for_all")}
        description={shares ? undefined : t("list.view.needs.share_views")}
        disabled={!shares}
        checked={shared}
        onChange={(event) => setShared(event.currentTarget.checked)}
      />
      <Button size="xs" type="submit" disabled={!name.trim()}>
        {t("record.save")}
      </Button>
    </form>
  );
}
