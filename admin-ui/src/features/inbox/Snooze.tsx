import { ActionIcon, Button, Menu, TextInput } from "@mantine/core";
import { IconClock } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useFormats } from "~/fields/useFormats";
import { addDays, dayOf } from "~/meta/days";
import css from "./Inbox.module.css";
import { morningOf, type Until, untilOf } from "./snooze";

interface Props {
  opened: boolean;
  timeZone: string;
  onOpened(opened: boolean): void;
  onSnooze(until: string): void;
}

const choices: Until[] = ["later_today", "tomorrow", "next_week"];

/** Until when something is put off: a time that is near, or the morning of a day. */
export function Snooze({ opened, timeZone, onOpened, onSnooze }: Props) {
  const { t } = useTranslation();
  const formats = useFormats();
  const [day, setDay] = useState<string>();
  const now = new Date();
  const tomorrow = addDays(dayOf(now, timeZone), 1);
  const chosen = day && day >= tomorrow ? morningOf(day, timeZone) : undefined;
  return (
    <Menu
      opened={opened}
      onChange={onOpened}
      onClose={() => setDay(undefined)}
      position="bottom-end"
      shadow="sm"
      returnFocus
    >
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={t("inbox.snooze")} title={t("inbox.snooze")}>
          <IconClock size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t("inbox.until")}</Menu.Label>
        {day === undefined ? (
          <>
            {choices.map((choice) => {
              const until = untilOf(choice, now, timeZone);
              return (
                <Menu.Item key={choice} disabled={!until} onClick={() => until && onSnooze(until)}>
                  {t(`inbox.${choice}`)}
                  <div className="quiet small">{until ? formats.datetime(until) : t("inbox.not_today")}</div>
                </Menu.Item>
              );
            })}
            <Menu.Item closeMenuOnClick={false} onClick={() => setDay(tomorrow)}>
              {t("inbox.on_date")}
            </Menu.Item>
          </>
        ) : (
          <form
            className={css.date}
            onSubmit={(event) => {
              event.preventDefault();
              if (!chosen) return;
              onOpened(false);
              onSnooze(chosen);
            }}
          >
            <TextInput
              size="xs"
              type="date"
              autoFocus
              label={t("inbox.on_date")}
              min={tomorrow}
              value={day}
              onChange={(event) => setDay(event.currentTarget.value)}
              onKeyDown={(event) => event.key !== "Escape" && event.stopPropagation()}
            />
            <Button size="xs" type="submit" disabled={!chosen}>
              {t("record.save")}
            </Button>
          </form>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
