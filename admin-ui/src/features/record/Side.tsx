import { Tabs } from "@mantine/core";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { Schemas } from "~/api/client";
import type { Names } from "~/api/names";
import type { Formats } from "~/fields";
import type { ObjectModel } from "~/meta/model";
import css from "~/page/Page.module.css";
import { ActivityPanel } from "./activity/ActivityPanel";
import type { ActivityList } from "./activity/stream";
import { CommentsPanel } from "./comments/CommentsPanel";
import { FilesPanel } from "./files/FilesPanel";
import type { AttachedFiles } from "./files/useFiles";
import { HistoryPanel } from "./history/HistoryPanel";
import { RunsPanel } from "./runs/RunsPanel";

interface Props {
  object: ObjectModel;
  id: string;
  name: string;
  /** The names that came with the page. */
  known: Names | undefined;
  ready: boolean;
  activities: ActivityList[];
  files: AttachedFiles;
  formats: Formats;
  chosen: string | null;
  adding: string | undefined;
  /** The workflows by which the reader writes e-mails about the record; which is being written, and what it answers. */
  letters: Schemas["Button"][];
  writing: string | undefined;
  answering: string | undefined;
  /** Workflows ran on the record. */
  ran: boolean;
  show(changes: Record<string, string | undefined>): void;
}

const sides = ["activity", "comments", "files", "history", "runs"] as const;

/** Beside the fields: what happens with the record, the files that hang on it, its changes, and what workflows did. */
export function Side(props: Props) {
  const { object, id, name, known, ready, activities, files, formats, chosen, ran, show } = props;
  const { t } = useTranslation();
  const offered = sides.filter((one) => one !== "runs" || ran || chosen === "runs");
  const side = offered.find((one) => one === chosen) ?? "activity";
  // Where there is one column only, it is below: who comes for it is taken there.
  const place = useRef<HTMLElement>(null);
  const asked = useRef(chosen !== null);
  useEffect(() => {
    const below = (place.current?.getBoundingClientRect().top ?? 0) > window.innerHeight / 2;
    if (asked.current && below) place.current?.scrollIntoView();
    asked.current = false;
  }, []);
  return (
    <aside className={css.side} aria-label={t("record.side.label")} ref={place}>
      <Tabs value={side} onChange={(to) => show({ side: to === "activity" ? undefined : (to ?? undefined) })}>
        <Tabs.List className={css.tabs}>
          {offered.map((one) => (
            <Tabs.Tab key={one} value={one}>
              {t(`record.side.${one}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value={side} pt="sm">
          {side === "activity" && (
            <ActivityPanel
              object={object}
              id={id}
              name={name}
              known={known}
              ready={ready}
              lists={activities}
              formats={formats}
              adding={props.adding}
              onAdd={(log) => show({ log, write: undefined, answers: undefined })}
              letters={props.letters}
              writing={props.writing}
              answering={props.answering}
              onWrite={(write, answers) => show({ write, answers, log: undefined })}
            />
          )}
          {side === "comments" && <CommentsPanel object={object} id={id} formats={formats} />}
          {side === "files" && <FilesPanel files={files} formats={formats} fixed={!object.can.update} />}
          {side === "history" && <HistoryPanel object={object} id={id} known={known} ready={ready} formats={formats} />}
          {side === "runs" && <RunsPanel object={object} id={id} formats={formats} />}
        </Tabs.Panel>
      </Tabs>
    </aside>
  );
}
