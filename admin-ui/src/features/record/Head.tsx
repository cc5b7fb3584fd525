import { ActionIcon, Button, Menu } from "@mantine/core";
import { IconChevronDown, IconChevronUp, IconDots, IconMail, IconMap, IconPhone } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Stored } from "~/api/client";
import type { ObjectModel } from "~/meta/model";
import css from "~/page/Page.module.css";
import { enabled, isSecond, perform, useCommandStore } from "~/ui/commands";
import { Title } from "~/ui/Title";
import { reachedBy } from "./reached";
import type { RecordCommands } from "./useRecordCommands";

interface Props {
  object: ObjectModel;
  record: Stored;
  called: string;
  commands: RecordCommands;
  phone: boolean;
  /** The record is shown beside another page, which has the title. */
  beside: boolean;
}

/** How many workflows have a button of their own; others are in the menu. */
const most = 2;

const icons = { call: IconPhone, mail: IconMail, map: IconMap };

/** The name of a record, the way to its neighbours, and what else can be done with it. */
export function Head({ object, record, called, commands, phone, beside }: Props) {
  const { t } = useTranslation();
  const { steps, marks, workflows, letters, menu, neighbours } = commands;
  const busy = useCommandStore((s) => s.busy);
  const roomy = !phone && !beside;
  const buttons = roomy ? workflows.slice(0, most) : [];
  const size = phone ? 44 : "md";
  return (
    <header className={css.head}>
      <div className={css.title}>
        <p className="quiet small">{object.label}</p>
        {!beside && <Title>{called}</Title>}
        <h1>{called}</h1>
      </div>
      <div className={css.actions}>
        {phone &&
          reachedBy(object, record).map(({ kind, href }) => {
            const Icon = icons[kind];
            return (
              <ActionIcon
                key={kind}
                component="a"
                href={href}
                variant="default"
                size={size}
                aria-label={t(`record.reach.${kind}`)}
                {...(kind === "map" ? { target: "_blank", rel: "noopener noreferrer" } : {})}
              >
                <Icon size={18} />
              </ActionIcon>
            );
          })}
        {neighbours && !phone && (
          <>
            <span className="quiet small">{t("record.place", { place: neighbours.place, of: neighbours.of })}</span>
            {steps.map((command, i) => (
              <ActionIcon
                key={command.id}
                variant="subtle"
                color="gray"
                size={size}
                aria-label={command.label}
                title={enabled(command) === true ? command.label : String(enabled(command))}
                disabled={enabled(command) !== true}
                onClick={() => void perform(command)}
              >
                {i === 0 ? <IconChevronUp size={16} /> : <IconChevronDown size={16} />}
              </ActionIcon>
            ))}
          </>
        )}
        {buttons.map((command) => (
          <Button
            key={command.id}
            className={css.workflow}
            size="compact-sm"
            variant="default"
            title={command.label}
            aria-busy={busy.includes(command.id)}
            onClick={(event) => !isSecond(event) && void perform(command)}
          >
            {command.label}
          </Button>
        ))}
        {roomy && <Marks marks={marks} />}
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon variant="default" size={size} aria-label={t("record.menu")}>
              <IconDots size={16} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            {[...(roomy ? [] : marks), ...workflows.slice(buttons.length), ...letters, ...menu].map((command) => {
              const can = enabled(command);
              const Icon = command.icon;
              return (
                <Menu.Item
                  key={command.id}
                  leftSection={Icon && <Icon size={14} />}
                  color={command.id === "record.delete" ? "red" : undefined}
                  disabled={can !== true}
                  title={can === true ? undefined : can}
                  onClick={() => void perform(command)}
                >
                  {command.label}
                  {can !== true && <div className="quiet small">{can}</div>}
                </Menu.Item>
              );
            })}
          </Menu.Dropdown>
        </Menu>
      </div>
    </header>
  );
}

/** What can be marked of the record: that one follows it, and that it is a favourite. */
function Marks({ marks: [follow, favourite] }: { marks: RecordCommands["marks"] }) {
  const { t } = useTranslation();
  const Bell = follow.icon;
  const Star = favourite.icon;
  return (
    <>
      <Button
        size="compact-sm"
        variant={follow.is ? "light" : "default"}
        leftSection={<Bell size={14} />}
        disabled={enabled(follow) !== true}
        title={follow.label}
        onClick={() => void perform(follow)}
      >
        {t(follow.is ? "record.following" : "record.follow")}
      </Button>
      <ActionIcon
        variant={favourite.is ? "light" : "default"}
        size="md"
        aria-label={t("record.favourite")}
        aria-pressed={favourite.is}
        title={`${favourite.label} *`}
        onClick={() => void perform(favourite)}
      >
        <Star size={16} />
      </ActionIcon>
    </>
  );
}
