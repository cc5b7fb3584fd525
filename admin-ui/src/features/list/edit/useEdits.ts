// Changes of cells: shown at once, sent in their order, put back where they are refused.
import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Problem, refusal, type Stored } from "~/api/client";
import { bulk, change, create, type ListQuery, list, type Operation } from "~/api/records";
import type { ObjectModel } from "~/meta/model";
import { pushUndo, type Undo, undoThis } from "~/ui/commands";
import type { GridProblem } from "~/ui/grid";
import { notify } from "~/ui/notices";
import { patchRows } from "../rows";

/** What one row is to become. */
export interface Edit {
  row: Stored;
  values: Record<string, unknown>;
  /** Names of what references lead to, by their paths. */
  names?: Record<string, string | null>;
  /** What was typed, for the case that it is refused. */
  typed?: Record<string, string>;
}

export interface Edits {
  write(edits: Edit[], undoable?: boolean): Promise<void>;
  /** Keeps a text that could not be read, with the reason. */
  refuse(id: string, field: string, problem: GridProblem): void;
  problems: Record<string, Record<string, GridProblem>>;
  /** Rows that no longer belong to what is asked for. */
  strangers: Set<string>;
  /** Rows that were added below the last one; those that could not be saved yet have ids that begin with “new:”. */
  made: Stored[];
  /** Something is on its way, or stands where it does not belong. */
  busy: boolean;
  /** The rows that were changed take their places. */
  settle(): void;
}

export const isDraft = (row: Stored) => String(row.id).startsWith("new:");
let drafts = 0;
export const draft = (values: Record<string, unknown>): Stored => ({ ...values, id: `new:${++drafts}` }) as Stored;

const most = 500; // operations of a request

export function useEdits(object: ObjectModel, key: unknown[], query: ListQuery): Edits {
  const { t } = useTranslation();
  const cache = useQueryClient();
  const [problems, setProblems] = useState<Edits["problems"]>({});
  const [strangers, setStrangers] = useState(new Set<string>());
  const [made, setMade] = useState<Stored[]>([]);
  const [pending, setPending] = useState(0);
  const queue = useRef(Promise.resolve());
  const versions = useRef(new Map<string, number>());
  const changed = useRef(false);
  const asked = useRef(query);
  asked.current = query;

  const patch = useCallback(
    (id: string, by: (row: Stored) => Stored) => {
      patchRows(cache, key, (row) => (row.id === id ? by(row) : row));
      setMade((rows) => rows.map((row) => (row.id === id ? by(row) : row)));
    },
    [cache, key],
  );
  const refuse = useCallback(
    (id: string, field: string, problem: GridProblem) =>
      setProblems((now) => ({ ...now, [id]: { ...now[id], [field]: problem } })),
    [],
  );

  /** Puts back what was refused, and says why at the cell that the server names. */
  const putBack = useCallback(
    (edit: Edit, why: Problem | undefined) => {
      const id = edit.row.id as string;
      if (!isDraft(edit.row)) {
        const before = Object.fromEntries(
          [...Object.keys(edit.values), ...Object.keys(edit.names ?? {})].map((name) => [name, edit.row[name] ?? null]),
        );
        patch(id, (row) => ({ ...row, ...before }) as Stored);
      }
      // A sentence about a field that was not changed here stands at the first one that was.
      const first = Object.keys(edit.values)[0] ?? object.nameField;
      const told = why?.errors?.length ? why.errors : [{ pointer: "", detail: why?.detail ?? t("offline.unsaved") }];
      for (const { pointer, detail } of told) {
        const named = pointer?.split("/")[1] ?? "";
        const field =
          Object.hasOwn(edit.values, named) || (isDraft(edit.row) && object.fields.has(named)) ? named : first;
        refuse(id, field, { says: why?.status === 412 ? t("list.conflict") : detail, typed: edit.typed?.[field] });
      }
      if (why?.status === 412) changed.current = true;
    },
    [object, patch, refuse, t],
  );

  const send = useCallback(
    async (edits: Edit[]): Promise<Edit[]> => {
      const done: Edit[] = [];
      const stored = (edit: Edit, saved: Record<string, unknown>) => {
        const id = edit.row.id as string;
        versions.current.set(saved.id as string, saved.version as number);
        patch(id, (row) => ({ ...row, ...saved }) as Stored);
        // What could not be read of a new row stays with it.
        if (isDraft(edit.row))
          setProblems(({ [id]: own, ...now }) => (own ? { ...now, [saved.id as string]: own } : now));
        done.push(edit);
      };
      const version = (edit: Edit) =>
        versions.current.get(edit.row.id as string) ?? (edit.row.version as number | undefined);
      for (let i = 0; i < edits.length; i += most) {
        const some = edits.slice(i, i + most);
        try {
          if (some.length === 1) {
            const edit = some[0] as Edit;
            const { warnings: _, ...saved } = (
              isDraft(edit.row)
                ? await create(object.name, edit.values)
                : await change(object.name, edit.row.id as string, edit.values, version(edit))
            ) as Stored & { warnings?: unknown };
            stored(edit, saved);
            continue;
          }
          const operations = some.map(
            (edit): Operation =>
              isDraft(edit.row)
                ? { op: "create", data: edit.values }
                : { op: "update", id: edit.row.id as string, version: version(edit), data: edit.values },
          );
          const { results } = await bulk(object.name, operations);
          for (const [at, result] of results.entries()) {
            const edit = some[at] as Edit;
            if (result.problem) putBack(edit, result.problem);
            else stored(edit, { id: result.id, version: result.version });
          }
        } catch (error) {
          for (const edit of some) putBack(edit, refusal(error));
        }
      }
      return done;
    },
    [object.name, patch, putBack],
  );

  /** Finds out which rows still belong to what is asked for, and what else of them has changed. */
  const look = useCallback(
    async (ids: string[]) => {
      for (let i = 0; i < ids.length; i += 100) {
        const some = ids.slice(i, i + 100);
        const those = `id in [${some.map((id) => JSON.stringify(id)).join(", ")}]`;
        const { view, filter, q, fields } = asked.current;
        const [all, fitting] = await Promise.all([
          list(object.name, { filter: those, fields, limit: 100 }),
          view || filter || q
            ? list(object.name, {
                view,
                q,
                filter: filter ? `(${filter}) and ${those}` : those,
                fields: ["id"],
                limit: 100,
              })
            : undefined,
        ]);
        for (const row of all.items) patch(row.id as string, (now) => ({ ...now, ...row }) as Stored);
        if (!fitting) continue;
        const fits = new Set(fitting.items.map((row) => row.id));
        setStrangers(
          (now) => new Set([...[...now].filter((id) => !fits.has(id)), ...some.filter((id) => !fits.has(id))]),
        );
      }
    },
    [object.name, patch],
  );

  const write = useCallback(
    (edits: Edit[], undoable = true): Promise<void> => {
      if (edits.length === 0) return Promise.resolve();
      changed.current = true;
      setPending((n) => n + 1);
      setMade((rows) => [
        ...rows,
        ...edits.map((edit) => edit.row).filter((row) => isDraft(row) && !rows.some((one) => one.id === row.id)),
      ]);
      setProblems((now) => {
        const next = { ...now };
        for (const { row, values } of edits)
          next[row.id as string] = Object.fromEntries(
            Object.entries(next[row.id as string] ?? {}).filter(([field]) => !Object.hasOwn(values, field)),
          );
        return next;
      });
      for (const { row, values, names } of edits)
        patch(row.id as string, (now) => ({ ...now, ...values, ...names }) as Stored);
      queue.current = queue.current.then(async () => {
        try {
          const done = await send(edits);
          await look(done.map((edit) => (isDraft(edit.row) ? "" : (edit.row.id as string))).filter(Boolean)).catch(
            () => undefined,
          );
          const back = done.filter((edit) => !isDraft(edit.row));
          if (!undoable || back.length === 0) return;
          const text = t("list.changed", { count: back.length });
          const undo: Undo = { label: text, undo: () => write(back.map(inverse), false) };
          pushUndo(undo);
          // Of many rows not all are in sight.
          if (back.length > 1) notify({ text, action: { label: t("list.undo"), run: () => undoThis(undo) } });
        } finally {
          setPending((n) => n - 1);
        }
      });
      return queue.current;
    },
    [look, patch, send, t],
  );

  const settle = useCallback(() => {
    if (!changed.current) return;
    changed.current = false;
    setStrangers((now) => (now.size > 0 ? new Set() : now));
    setMade((rows) => rows.filter(isDraft));
    void cache.invalidateQueries({ queryKey: key });
  }, [cache, key]);

  const busy = pending > 0 || strangers.size > 0 || made.some((row) => !isDraft(row));
  return useMemo(
    () => ({ write, refuse, problems, strangers, made, busy, settle }),
    [write, refuse, problems, strangers, made, busy, settle],
  );
}

/** The edit that takes another one back. The version is that of now. */
const inverse = ({ row, values, names }: Edit): Edit => ({
  row: { ...row, ...values, version: undefined } as unknown as Stored,
  values: Object.fromEntries(Object.keys(values).map((field) => [field, row[field] ?? null])),
  names: names && Object.fromEntries(Object.keys(names).map((path) => [path, (row[path] as string | null) ?? null])),
});
