import { Button, Menu, TextInput } from "@mantine/core";
import { IconChevronDown } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { refusal } from "~/api/client";
import type { ViewDoc } from "~/meta/documents";
import type { ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";
import { notify } from "~/ui/notices";
import css from "../ListPage.module.css";
import { type ListState, ofView } from "../state";
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
  const { me } = useSession();
  const cache = useQueryClient();
  const [open, setOpen] = useState(false);
  const [naming, setNaming] = useState(false);
  const [name, setName] = useState("");
  const own = views.own.has(view.name);
  const adapted = views.adapted.has(view.name);
  const right = me.rights.system.includes("manage_metadata");
  const now: ViewDoc = {
    ...view,
    filter: state.filter || undefined,
    sort: state.sort,
    columns: state.columns ?? view.columns,
    group: state.group,
    show: state.as === "board" ? "kanban" : state.as,
  };
  const clear = () => {
    views.keep(view.name, undefined);
    state.set(Object.fromEntries(ofView.map((one) => [one, undefined])));
  };
  const saveNew = () => {
    if (!name.trim()) return;
    const made = { ...now, name: `mine_${Date.now().toString(36)}`, label: name.trim(), order: undefined };
    views.save(made);
    setNaming(false);
    setOpen(false);
    onView(made.name);
  };
  const forAll = async () => {
    try {
      await views.saveForAll(now);
      if (adapted) views.reset(view.name);
      clear();
      await cache.invalidateQueries({ queryKey: ["me"] });
    } catch (error) {
      const why = refusal(error);
      notify({ text: why?.errors?.[0]?.detail ?? why?.detail ?? t("error.offline"), tone: "bad" });
    }
  };
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
          <form
            className={css.naming}
            onSubmit={(event) => {
              event.preventDefault();
              saveNew();
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
            <Button size="xs" type="submit" disabled={!name.trim()}>
              {t("record.save")}
            </Button>
          </form>
        ) : (
          <>
            <Menu.Item
              disabled={!state.changed}
              onClick={() => {
                views.save(now);
                clear();
              }}
            >
              {t("list.view.save_for_me")}
            </Menu.Item>
            <Menu.Item closeMenuOnClick={false} onClick={() => setNaming(true)}>
              {t("list.view.save_new")}
            </Menu.Item>
            {!own && (
              <Menu.Item disabled={!right || (!state.changed && !adapted)} onClick={() => void forAll()}>
                {t("list.view.save_for_all")}
                {!right && <div className="quiet small">{t("list.view.needs_right")}</div>}
              </Menu.Item>
            )}
            <Menu.Item disabled={!state.changed} onClick={clear}>
              {t("list.view.discard")}
            </Menu.Item>
            {(own || adapted) && (
              <Menu.Item
                onClick={() => {
                  clear();
                  views.reset(view.name);
                  if (own) onView(object.views[0]?.name ?? "");
                }}
              >
                {t(own ? "list.view.delete" : "list.view.original")}
              </Menu.Item>
            )}
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
