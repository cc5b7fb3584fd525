import {
  IconArrowMerge,
  IconBolt,
  IconChevronDown,
  IconChevronUp,
  IconCopy,
  IconHistory,
  IconMail,
  IconMessage,
  IconPencil,
  IconPlus,
  IconPrinter,
  IconStairs,
  IconTrash,
  IconUser,
} from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { useLocation, useNavigate, useSearchParams } from "react-router";
import type { Schemas, Stored } from "~/api/client";
import type { ObjectModel } from "~/meta/model";
import { type Command, useCommands } from "~/ui/commands";
import type { ActivityList } from "./activity/stream";
import { copyOf } from "./given";
import { type Neighbours, useNeighbours } from "./neighbours";
import { useAhead } from "./useAhead";
import { type Mark, useMarks } from "./useMarks";
import { useRemove } from "./useRemove";
import { useWorkflow } from "./useWorkflow";

interface Of {
  /** The record is shown beside a list, which has the way to the others. */
  beside: boolean;
  object: ObjectModel;
  id: string;
  /** What may be done with this one record, once that is known. */
  can: { delete: boolean } | undefined;
  record: Stored | undefined;
  /** Workflows that may be set off on it now. */
  workflows: Schemas["Button"][];
  /** Documents that are printed of it. */
  documents: Schemas["PrintedDocument"][];
  activities: ActivityList[];
  show(changes: Record<string, string | undefined>): void;
}

export interface RecordCommands {
  /** To the records before and after; none beside a list. */
  steps: Command[];
  /** What can be marked of the record. */
  marks: [follow: Mark, favourite: Mark];
  /** Workflows that may be set off on the record, but for letters. */
  workflows: Command[];
  /** Workflows by which e-mails are written; the buttons for them stand beside the activity. */
  letters: Command[];
  /** What else the menu of the page has. */
  menu: Command[];
  neighbours: Neighbours | undefined;
}

/** The control on the page that edits a field, or the first. */
const editor = (name?: string) =>
  document.querySelector<HTMLElement>(name ? `[data-field="${CSS.escape(name)}"]` : "main article [data-field]");
const stage = () => document.querySelector<HTMLElement>("[data-stages] [aria-current], [data-stages] input");

const comment = () => document.querySelector<HTMLElement>("[data-comments] textarea");

/** Gives something the focus, once it is drawn. */
function focusOn(find: () => HTMLElement | null, frames = 30) {
  const found = find();
  if (found) found.focus();
  else if (frames > 0) requestAnimationFrame(() => focusOn(find, frames - 1));
}

/** Where a document of a record is. */
const printAddress = (object: string, id: string, template: string) =>
  `/api/v1/records/${object}/${id}/print/${template}`;

/** What the history says of a record that was come to from a neighbour. */
interface Came {
  step: "previous" | "next";
}

/** What can be done with the record that is shown. */
export function useRecordCommands({
  beside,
  object,
  id,
  can,
  record,
  workflows,
  documents,
  activities,
  show,
}: Of): RecordCommands {
  const { t } = useTranslation();
  const go = useNavigate();
  const [at] = useSearchParams();
  const found = useNeighbours(object, id);
  const neighbours = beside ? undefined : found;
  // Whoever goes through a list goes on: the next one is read once this one is here.
  const came = (useLocation().state as Came | null)?.step;
  useAhead(object, came && can && neighbours?.[came], "desktop");
  const name = String(record?.[object.nameField] ?? id);
  const marks = useMarks(object, id, name);
  const remove = useRemove(object, id, name);
  const start = useWorkflow(object, id);
  // The tab and the side stay as they are while somebody goes through a list.
  const kept = new URLSearchParams([...at].filter(([key]) => key === "tab" || key === "side")).toString();
  const to = (other: string | undefined, step: Came["step"]) =>
    other && go(`/o/${object.name}/${other}${kept && `?${kept}`}`, { state: { step } satisfies Came });
  const step = (way: "previous" | "next", keys: string, icon: Command["icon"]): Command => ({
    id: `record.${way}`,
    label: t(`record.${way}`),
    icon,
    keys,
    where: "record",
    enabled: () => (neighbours?.[way] ? true : t(neighbours ? `record.no_${way}` : "record.no_list")),
    run: () => to(neighbours?.[way], way),
  });
  const control = (id: string, keys: string, icon: Command["icon"], find: () => HTMLElement | null): Command => ({
    id,
    label: t(id as never),
    icon,
    keys,
    where: "record",
    enabled: () => (find() ? true : t("record.fixed.now")),
    run: () => {
      const found = find();
      found?.focus();
      found?.click();
    },
  });
  const steps = beside ? [] : [step("previous", "k", IconChevronUp), step("next", "j", IconChevronDown)];
  const log = activities.find((one) => one.object.can.create);
  const offered = workflows.map(
    (one): Command => ({
      id: `workflow.${one.name}.${id}`,
      label: one.label,
      icon: one.composes ? IconMail : IconBolt,
      where: "record",
      once: true,
      run: () =>
        one.composes
          ? show({ side: undefined, write: one.name, answers: undefined, log: undefined })
          : one.inputs.length > 0
            ? show({ run: one.name })
            : start(one),
    }),
  );
  const menu: Command[] = [
    ...documents.map(
      (one): Command => ({
        id: `print.${one.name}`,
        label: t("record.print", { document: one.label }),
        icon: IconPrinter,
        where: "record",
        run: () => window.open(printAddress(object.name, id, one.name), "_blank", "noopener"),
      }),
    ),
    {
      id: "record.clone",
      label: t("record.clone"),
      icon: IconCopy,
      where: "record",
      enabled: () => (object.can.create ? true : t("record.fixed.right")),
      run: () => show({ create: object.name, new: copyOf(id) }),
    },
    {
      id: "record.duplicates",
      label: t("record.duplicates"),
      icon: IconArrowMerge,
      where: "record",
      run: () => show({ merge: "" }),
    },
    {
      id: "record.changes",
      label: t("record.changes"),
      icon: IconHistory,
      where: "record",
      run: () => show({ side: "history" }),
    },
    {
      id: "record.delete",
      label: t("record.delete"),
      icon: IconTrash,
      where: "record",
      once: true,
      enabled: () => (object.can.delete && can?.delete !== false ? true : t("record.fixed.right")),
      run: remove,
    },
  ];
  useCommands([
    ...steps,
    control("record.edit", "e", IconPencil, () => editor()),
    control("record.stage", "s", IconStairs, stage),
    control("record.owner", "a", IconUser, () => editor("owner")),
    {
      id: "record.log",
      label: log ? t("record.new", { object: log.object.label }) : t("record.log"),
      icon: IconPlus,
      keys: "l",
      where: "record",
      enabled: () => (log ? true : t("record.fixed.right")),
      run: () => show({ side: undefined, log: log?.list.name, write: undefined, answers: undefined }),
    },
    {
      id: "record.comment",
      label: t("record.comment"),
      icon: IconMessage,
      keys: "m",
      where: "record",
      run: () => {
        show({ side: "comments" });
        focusOn(comment);
      },
    },
    ...marks,
    ...offered,
    ...menu,
  ]);
  const letters = offered.filter((_, i) => workflows[i]?.composes);
  return { steps, marks, workflows: offered.filter((one) => !letters.includes(one)), letters, menu, neighbours };
}
