import { ActionIcon, Menu } from "@mantine/core";
import { IconGripVertical, IconPlus } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { labelOf } from "~/studio/DocumentList";
import { useChanging, useKind } from "~/studio/drafting";
import { addressOf } from "~/studio/kinds";
import { nameOf } from "~/studio/patching";
import css from "./Access.module.css";
import { below, type RoleDoc, treeOf } from "./tree";

/** Roles as a tree: who is above somebody reaches what is theirs. One is moved by dragging it, or by its menu. */
export function Roles() {
  const { t, i18n } = useTranslation();
  const [params] = useSearchParams();
  const roles = useKind("role") as unknown as RoleDoc[] | undefined;
  const { patch } = useChanging();
  const [dragged, setDragged] = useState<string>();
  const [over, setOver] = useState<string>();
  if (!roles) return null;
  const called = (name: string) => {
    const role = roles.find((one) => one.name === name);
    return role ? labelOf(role as never, i18n.language) : name;
  };
  const may = (role: string, under: string | null) => under !== role && !(under && below(roles, role).has(under));
  const move = (role: string, under: string | null) => {
    setDragged(undefined);
    setOver(undefined);
    if (!may(role, under) || (roles.find((one) => one.name === role)?.parent ?? null) === under) return;
    void patch({ kind: "role", name: role }, { parent: under }, t("studio.changed_this", { label: called(role) }));
  };
  const add = (under: string | undefined) => {
    const name = nameOf("", (one) => roles.some((role) => role.name === one), "role");
    const label = t("studio.access.new_role");
    void patch({ kind: "role", name }, { label, ...(under ? { parent: under } : {}) }, t("studio.made", { label }));
  };
  const draw = (parent: string | null) => (
    <ul className={parent === null ? css.tree : undefined}>
      {(treeOf(roles).get(parent) ?? []).map(({ name }) => (
        <li key={name}>
          {/* biome-ignore lint/a11y/noStaticElementInteractions: what is dragged can be moved by the menu as well */}
          <div
            className={css.role}
            data-over={!!dragged && over === name && may(dragged, name)}
            onDragOver={(event) => {
              if (!dragged || !may(dragged, name)) return;
              event.preventDefault();
              setOver(name);
            }}
            onDrop={(event) => {
              event.preventDefault();
              if (dragged) move(dragged, name);
            }}
          >
            <Menu position="bottom-start">
              <Menu.Target>
                <button
                  type="button"
                  className={css.grip}
                  draggable
                  aria-label={t("studio.move_this", { label: called(name) })}
                  onDragStart={(event) => {
                    event.dataTransfer.effectAllowed = "move";
                    setDragged(name);
                  }}
                  onDragEnd={() => setDragged(undefined)}
                >
                  <IconGripVertical size={14} />
                </button>
              </Menu.Target>
              <Menu.Dropdown mah={320} style={{ overflowY: "auto" }}>
                <Menu.Label>{t("studio.access.move_under")}</Menu.Label>
                <Menu.Item onClick={() => move(name, null)}>{t("studio.access.top")}</Menu.Item>
                {roles
                  .filter((one) => may(name, one.name))
                  .map((one) => (
                    <Menu.Item key={one.name} onClick={() => move(name, one.name)}>
                      {called(one.name)}
                    </Menu.Item>
                  ))}
              </Menu.Dropdown>
            </Menu>
            <Link to={addressOf({ kind: "role", name }, params.get("draft") ?? undefined)}>{called(name)}</Link>
            <ActionIcon
              size={24}
              variant="subtle"
              color="gray"
              aria-label={t("studio.access.add_below", { label: called(name) })}
              onClick={() => add(name)}
            >
              <IconPlus size={14} />
            </ActionIcon>
          </div>
          {draw(name)}
        </li>
      ))}
    </ul>
  );
  return (
    <>
      <header className={css.head}>
        <h1>{t("studio.access.roles")}</h1>
        <ActionIcon variant="default" aria-label={t("studio.access.new_role")} onClick={() => add(undefined)}>
          <IconPlus size={16} />
        </ActionIcon>
      </header>
      <p className="quiet">{t("studio.access.roles_say")}</p>
      {draw(null)}
    </>
  );
}
