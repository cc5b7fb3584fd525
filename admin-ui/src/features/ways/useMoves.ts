// Records whose fields are changed by being moved: shown at once, put back where the server refuses.
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { refusal, type Stored } from "~/api/client";
import { change, read } from "~/api/records";
import { type Refused, refusedBy } from "~/fields/Missing";
import type { ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";
import { pushUndo, type Undo, undoThis } from "~/ui/commands";
import { notify } from "~/ui/notices";

export interface Moved<T> {
  row: Stored;
  to: T;
  values: Record<string, unknown>;
  /** What is told once it is stored, with a way back. */
  told?: string;
  /** False: the documents say that there is no way back. */
  returns?: boolean;
}

/** A move that the server refused: why, and what could be filled in. */
export interface Question<T> extends Moved<T>, Refused {
  /** What was filled in. */
  filled: Record<string, unknown>;
}

/** What a record has in some fields; a card has not all that a move changes. */
async function had(object: ObjectModel, row: Stored, names: string[]): Promise<Record<string, unknown>> {
  const record = names.every((name) => name in row) ? row : await read(object.name, row.id, names);
  return Object.fromEntries(names.map((name) => [name, record[name] ?? null]));
}

export function useMoves<T>(object: ObjectModel) {
  const { t } = useTranslation();
  const { me } = useSession();
  const cache = useQueryClient();
  const [moves, setMoves] = useState<Moved<T>[]>([]);
  const [question, setQuestion] = useState<Question<T>>();

  /** Changes the values of a record, and of those that were filled in for that. */
  const move = async (moved: Moved<T>, filled: Record<string, unknown> = {}): Promise<void> => {
    const { row, values, told, returns = true } = moved;
    setQuestion(undefined);
    setMoves((all) => [...all.filter((m) => m.row.id !== row.id), moved]);
    const done = () => setMoves((all) => all.filter((m) => m !== moved));
    const sent = { ...filled, ...values };
    let before: Record<string, unknown>;
    try {
      before = await had(object, row, Object.keys(sent));
      await change(object.name, row.id, sent, row.version);
    } catch (error) {
      done();
      const why = refusal(error);
      if (why?.status === 412) void cache.invalidateQueries({ queryKey: [me.tenant, object.name] });
      const refused =
        why && why.status !== 412
          ? refusedBy(object, why, Object.keys(values))
          : { says: why ? t("record.conflict") : t("offline.unsaved"), fields: [] };
      return setQuestion({ ...moved, ...refused, filled });
    }
    const undo: Undo = {
      label: String(row[object.nameField] ?? row.id),
      undo: async () => {
        await change(object.name, row.id, before);
        await cache.invalidateQueries({ queryKey: [me.tenant, object.name] });
      },
    };
    if (returns) pushUndo(undo);
    const back = () =>
      undoThis(undo).catch((error) => notify({ text: refusal(error)?.detail ?? t("error.offline"), tone: "bad" }));
    if (told) notify({ text: told, action: returns ? { label: t("list.undo"), run: back } : undefined });
    await cache.invalidateQueries({ queryKey: [me.tenant, object.name] });
    done();
  };

  const answer = (filled: Record<string, unknown>) => setQuestion((now) => now && { ...now, filled });
  return { moves, question, move, answer, cancel: () => setQuestion(undefined) };
}

/** What useMoves gives. */
export type Moving<T> = ReturnType<typeof useMoves<T>>;
