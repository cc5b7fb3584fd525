import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import type { Document } from "~/api/session";
import { type ObjectDoc, ordered, say } from "~/meta/documents";
import { labelOf } from "~/studio/DocumentList";
import { useChanging, useDocuments } from "~/studio/drafting";
import css from "./Access.module.css";
import { type Line, Matrix, type Tick } from "./Matrix";
import {
  cellOf,
  entryOf,
  type FieldRight,
  fieldCell,
  givesField,
  givesRight,
  includedBy,
  rights,
  type SetDoc,
  setOf,
} from "./rights";

/** The rights of a permission set: an object a line, its fields below it once it is opened. */
export function SetMatrix({ document }: { document: Document }) {
  const { t, i18n } = useTranslation();
  const [params] = useSearchParams();
  const documents = useDocuments();
  const set = setOf(document);
  const label = labelOf(document, i18n.language);
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const objects = useMemo(
    () =>
      [...(documents?.values() ?? [])]
        .filter((d) => d.kind === "object")
        .map((d) => ({ doc: d as unknown as ObjectDoc, label: labelOf(d, i18n.language) }))
        .sort((a, b) => a.label.localeCompare(b.label, i18n.language)),
    [documents, i18n.language],
  );
  const included = useMemo(() => (documents ? includedBy(documents, set) : []), [documents, set]);
  const ticks = useTicks();
  const lines = (words: string): Line[] => {
    // Objects that are called so come before those that have fields called so.
    const so = ({ doc, label: called }: (typeof objects)[number]) =>
      `${called} ${doc.name}`.toLowerCase().includes(words);
    const inOrder = words ? [...objects.filter(so), ...objects.filter((one) => !so(one))] : objects;
    return inOrder.flatMap(({ doc, label: called }) => {
      const fields = ordered(doc.fields).map((one) => ({ ...one, label: say(one.label, i18n.language, one.name) }));
      const found = !words || `${called} ${doc.name}`.toLowerCase().includes(words);
      const among = found ? fields : fields.filter((one) => `${one.label} ${one.name}`.toLowerCase().includes(words));
      if (!found && among.length === 0) return [];
      const opened = open.has(doc.name) || !found;
      const toggle = () =>
        setOpen((now) => {
          const next = new Set(now);
          if (!next.delete(doc.name)) next.add(doc.name);
          return next;
        });
      const line: Line = {
        id: doc.name,
        label: called,
        text: called,
        about: narrowed(set, doc.name) ? t("studio.access.narrowed") : undefined,
        open: opened,
        toggle,
        ticks: rights.map((right) => ticks.onObject(set, included, doc.name, right)),
      };
      if (!opened) return [line];
      return [
        line,
        ...among.map(
          (one): Line => ({
            id: `${doc.name}.${one.name}`,
            label: one.label,
            text: `${called}, ${one.label}`,
            deep: true,
            ticks: ticks.onField(set, included, doc.name, one.name),
          }),
        ),
      ];
    });
  };
  const draft = params.get("draft");
  return (
    <>
      <header className={css.head}>
        <h1>{label}</h1>
        <code className="quiet small">{set.name}</code>
        <Link to={`?as=form${draft ? `&draft=${draft}` : ""}`}>{t("studio.access.else")}</Link>
      </header>
      {(set.includes?.length ?? 0) > 0 && (
        <p className="quiet small">
          {t("studio.access.includes")}{" "}
          {set.includes
            ?.map((one) => say(documents?.get(`permission/${one}`)?.label as never, i18n.language, one))
            .join(", ")}
        </p>
      )}
      {(set.system?.length ?? 0) > 0 && (
        <p className="quiet small">
          {t("studio.access.system")} {set.system?.join(", ")}
        </p>
      )}
      <Matrix
        of={t("studio.kind.object")}
        label={t("studio.access.matrix", { label })}
        columns={rights.map((one) => t(`studio.access.right.${one}`))}
        lines={lines}
      />
    </>
  );
}

/** Whether a set holds back fields of an object. */
const narrowed = (set: SetDoc, object: string): boolean => {
  const entry = entryOf(set, object);
  return !!entry?.fields && Object.values(entry.fields).some((one) => one !== "edit");
};

/** The ticks of a set, with what a click on each puts into the draft. */
export function useTicks() {
  const { t, i18n } = useTranslation();
  const documents = useDocuments();
  const { patch } = useChanging();
  const called = (name: string) => say(documents?.get(`permission/${name}`)?.label as never, i18n.language, name);
  const whence = (from: string | undefined) =>
    from === undefined
      ? undefined
      : from === "*"
        ? t("studio.access.of_all")
        : t("studio.access.from", { label: called(from) });
  const says = (set: SetDoc) => t("studio.changed_this", { label: called(set.name) });
  const key = (set: SetDoc) => ({ kind: "permission", name: set.name });
  return {
    onObject(set: SetDoc, included: SetDoc[], object: string, right: (typeof rights)[number]): Tick {
      const cell = cellOf(set, included, object, right);
      const bound = cell.on && !cell.own && cell.from !== "*"; // what is included can't be taken away here
      return {
        on: cell.on,
        faint: cell.on && !cell.own,
        why: bound ? `${whence(cell.from)} ${t("studio.access.there")}` : whence(cell.from),
        change: bound ? undefined : (on) => void patch(key(set), givesRight(set, object, right, on), says(set)),
      };
    },
    /** In the columns of rights: reading and changing have ticks. */
    onField(set: SetDoc, included: SetDoc[], object: string, field: string): (Tick | undefined)[] {
      const { right, own, from } = fieldCell(set, included, object, field);
      const give = (next: FieldRight) => void patch(key(set), givesField(set, object, field, next), says(set));
      const reads = right === "read" || right === "edit";
      const masked = right === "masked" ? t("studio.access.masked") : undefined;
      return rights.map((one): Tick | undefined => {
        if (one !== "read" && one !== "update") return undefined;
        const on = one === "read" ? reads : right === "edit";
        const bound = on && from !== undefined && !(one === "read" ? own === "read" || own === "edit" : own === "edit");
        return {
          on,
          faint: on && from !== undefined,
          why: bound ? `${whence(from)} ${t("studio.access.there")}` : (masked ?? whence(from)),
          change: bound ? undefined : (to) => give(one === "read" ? (to ? "read" : "none") : to ? "edit" : "read"),
        };
      });
    },
  };
}
