import { ActionIcon, Button, SegmentedControl } from "@mantine/core";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { add, addDays, startOf, type Unit } from "~/meta/days";
import css from "./Periods.module.css";

interface Props<S extends Unit> {
  day: string;
  today: string;
  span: S;
  spans: S[];
  onGo(day: string, span?: S): void;
}

/** Which part of time is in sight: its name, the ones before and behind it, and how much of it. */
export function Periods<S extends Unit>({ day, today, span, spans, onGo }: Props<S>) {
  const { t, i18n } = useTranslation();
  const written = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(i18n.language, { timeZone: "UTC", ...options });
  const first = startOf(day, span);
  const date = (at: string) => new Date(`${at}T00:00:00Z`);
  const label =
    span === "week"
      ? written({ year: "numeric", month: "short", day: "numeric" }).formatRange(date(first), date(addDays(first, 6)))
      : span === "quarter"
        ? written({ year: "numeric", month: "short" }).formatRange(date(first), date(add(first, 2, "month")))
        : written(span === "month" ? { year: "numeric", month: "long" } : { dateStyle: "long" }).format(date(first));
  return (
    <div className={css.periods}>
      <Button size="xs" variant="default" onClick={() => onGo(today)}>
        {t("ways.today")}
      </Button>
      <ActionIcon variant="subtle" size="lg" aria-label={t("ways.before")} onClick={() => onGo(add(first, -1, span))}>
        <IconChevronLeft size={16} />
      </ActionIcon>
      <ActionIcon variant="subtle" size="lg" aria-label={t("ways.behind")} onClick={() => onGo(add(first, 1, span))}>
        <IconChevronRight size={16} />
      </ActionIcon>
      <h2 aria-live="polite">{label}</h2>
      <span className={css.space} />
      <SegmentedControl
        size="xs"
        aria-label={t("ways.span")}
        value={span}
        data={spans.map((value) => ({ value, label: t(`ways.${value}` as never) }))}
        onChange={(value) => onGo(day, value as S)}
      />
    </div>
  );
}
