import { Button } from "@mantine/core";
import { IconMail, IconPlus } from "@tabler/icons-react";
import { useQueries } from "@tanstack/react-query";
import { useRef } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Schemas } from "~/api/client";
import type { Names } from "~/api/names";
import { related } from "~/api/records";
import { type Formats, typeOf } from "~/fields";
import { asked, type ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";
import { Changes } from "../history/Changes";
import { useHistory } from "../history/useHistory";
import { firstRows, relatedKey } from "../opened";
import css from "./Activity.module.css";
import { Composer } from "./Composer";
import { MailComposer } from "./MailComposer";
import { Message } from "./Message";
import { isMail } from "./mail";
import { type ActivityList, type Entry, streamOf } from "./stream";

interface Props {
  object: ObjectModel;
  id: string;
  name: string;
  known: Names | undefined;
  ready: boolean;
  lists: ActivityList[];
  formats: Formats;
  /** The list that something is being added to. */
  adding: string | undefined;
  onAdd(list: string | undefined): void;
  /** The workflows by which the reader writes e-mails about the record. */
  letters: Schemas["Button"][];
  /** Which of them is being written, and the message that it answers. */
  writing: string | undefined;
  answering: string | undefined;
  onWrite(letter: string | undefined, answers?: string): void;
}

/** What happened with a record and what is planned, in one stream, and a way to add to it without leaving. */
export function ActivityPanel(props: Props) {
  const { object, id, name, known, ready, lists, formats, adding, onAdd, letters, writing, answering, onWrite } = props;
  const { t } = useTranslation();
  const { me } = useSession();
  const past = useHistory(object, id, known, ready);
  const pages = useQueries({
    queries: lists.map(({ list, columns, when }) => ({
      queryKey: relatedKey(me.tenant, list.object, object, id, list.name, firstRows),
      enabled: ready,
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        related(
          object.name,
          id,
          list.name,
          { fields: [...new Set([...asked(columns), when])], limit: firstRows },
          signal,
        ),
    })),
  });
  const entries: Entry[] = lists.flatMap((of, i) =>
    (pages[i]?.data?.items ?? []).map(
      (row): Entry => ({
        kind: "record",
        key: String(row.id),
        at: (row[of.when] as string | null) ?? undefined,
        of,
        row,
      }),
    ),
  );
  for (const change of past.entries) entries.push({ kind: "change", key: change.id, at: change.at, change });
  const { ahead, past: was } = streamOf(entries, new Date());
  const open = lists.find((one) => one.list.name === adding);
  const adds = useRef<HTMLDivElement>(null);
  /** Closes what is being added; who works by keys is back where it is opened. */
  const close = () => {
    if (adding) onAdd(undefined);
    else onWrite(undefined);
    adds.current?.querySelector<HTMLElement>("[aria-expanded=true]")?.focus();
  };
  const letter = letters.find((one) => one.name === writing);
  const answered = answering
    ? entries.find((one) => one.kind === "record" && isMail(one.of) && one.key === answering)
    : undefined;
  const line = (entry: Entry) => {
    if (entry.kind === "change")
      return (
        <li key={`c${entry.key}`} className={css.change}>
          <Changes object={object} entry={entry.change} names={past.names} formats={formats} most={3} />
        </li>
      );
    if (!isMail(entry.of)) return <Activity key={entry.key} entry={entry} formats={formats} />;
    const [first] = letters;
    return (
      <Message
        key={entry.key}
        object={entry.of.object}
        row={entry.row}
        at={entry.at}
        formats={formats}
        onAnswer={first && (() => onWrite(first.name, entry.key))}
      />
    );
  };
  return (
    <div className={css.panel}>
      <div className={css.add} ref={adds}>
        {lists
          .filter((one) => one.object.can.create)
          .map(({ list, object: other }) => (
            <Button
              key={list.name}
              size="compact-xs"
              variant={adding === list.name ? "light" : "default"}
              leftSection={<IconPlus size={12} />}
              aria-expanded={adding === list.name}
              onClick={() => onAdd(adding === list.name ? undefined : list.name)}
            >
              {other.label}
            </Button>
          ))}
        {letters.map((one) => (
          <Button
            key={one.name}
            size="compact-xs"
            variant={writing === one.name ? "light" : "default"}
            leftSection={<IconMail size={12} />}
            aria-expanded={writing === one.name}
            onClick={() => onWrite(writing === one.name ? undefined : one.name)}
          >
            {one.label}
          </Button>
        ))}
      </div>
      {letter && (!answering || answered) && (
        <MailComposer
          key={`${letter.name}/${answering ?? ""}`}
          object={object}
          id={id}
          button={letter}
          answers={
            answered?.kind === "record"
              ? { id: answered.key, subject: String(answered.row[answered.of.object.nameField] ?? "") }
              : undefined
          }
          onDone={close}
        />
      )}
      {open && (
        <Composer key={open.list.name} of={open} about={{ object: object.name, id }} aboutName={name} onDone={close} />
      )}
      {ahead.length > 0 && (
        <>
          <h3>{t("record.activity.ahead")}</h3>
          <ul>{ahead.map(line)}</ul>
        </>
      )}
      {was.length > 0 && (
        <>
          {ahead.length > 0 && <h3>{t("record.activity.past")}</h3>}
          <ul>{was.map(line)}</ul>
        </>
      )}
      {past.more && (
        <Button variant="subtle" size="compact-xs" onClick={past.next}>
          {t("record.activity.earlier")}
        </Button>
      )}
    </div>
  );
}

function Activity({ entry, formats }: { entry: Entry & { kind: "record" }; formats: Formats }) {
  const { t } = useTranslation();
  const { of, row, at } = entry;
  const [title, ...rest] = of.columns;
  const cell = ({ path, field, namePath }: (typeof of.columns)[number]) => {
    const value = row[path];
    if (value === null || value === undefined) return null;
    return typeOf(field.shows).cell(value, { field, formats, name: namePath && (row[namePath] as string | null) });
  };
  return (
    <li className={css.entry}>
      <div className={css.head}>
        <span className="quiet small">{of.object.label}</span>
        <span className="quiet small">
          {at === undefined ? "" : at.length === 10 ? formats.date(at) : formats.moment(at)}
        </span>
      </div>
      <Link to={`/o/${of.object.name}/${row.id}`}>{(title && cell(title)) ?? t("record.open")}</Link>
      <div className="small">
        {rest
          .filter((column) => column.path !== of.when)
          .map((column) => {
            const shown = cell(column);
            return shown === null ? null : (
              <span key={column.path} className={css.part} title={column.label}>
                {shown}
              </span>
            );
          })}
      </div>
    </li>
  );
}
