import { ActionIcon, Tooltip } from "@mantine/core";
import { IconArrowDown, IconArrowsMaximize, IconArrowUp, IconX } from "@tabler/icons-react";
import { type ReactNode, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { ObjectModel } from "~/meta/model";
import css from "./ListPage.module.css";

interface Props {
  object: ObjectModel;
  id: string;
  children: ReactNode;
  onClose(): void;
  onOpen(id: string): void;
  onStep(by: -1 | 1): void;
}

/** A record beside its list. Escape closes it; the list keeps its place. */
export function PeekPanel({ object, id, children, onClose, onOpen, onStep }: Props) {
  const { t } = useTranslation();
  const panel = useRef<HTMLElement>(null);
  const button = (label: string, icon: ReactNode, run: () => void) => (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" aria-label={label} onClick={run}>
        {icon}
      </ActionIcon>
    </Tooltip>
  );
  return (
    <aside
      ref={panel}
      className={css.peek}
      aria-label={t("list.peek.label", { object: object.label })}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || event.defaultPrevented) return;
        event.stopPropagation();
        onClose();
        document.querySelector<HTMLElement>("[role=grid]")?.focus();
      }}
    >
      <header className={css.peekHead}>
        {button(t("list.peek.previous"), <IconArrowUp size={16} />, () => onStep(-1))}
        {button(t("list.peek.next"), <IconArrowDown size={16} />, () => onStep(1))}
        <span className={css.space} />
        {button(t("list.peek.open"), <IconArrowsMaximize size={16} />, () => onOpen(id))}
        {button(t("list.peek.close"), <IconX size={16} />, onClose)}
      </header>
      <div className={css.peekBody}>{children}</div>
    </aside>
  );
}
