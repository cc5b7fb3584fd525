// Records whose fields are changed by being moved: shown at once, put back where the server refuses.
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { refusal, type Stored } from "~/api/client";
import { candidates, change } from "~/api/records";
import { type Refused, refusedBy } from "~/fields/Missing";
import type { ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";
import { pushUndo, type Undo } from "~/ui/commands";

export interface Moved<T> {
  row: Stored;
  to: T;
  values: Record<string, unknown>;
}

/** A move that the server refused: why, and what could be filled in. */
export interface Question<T> extends Moved<T>, Refused {
  /** What was filled in. */
  filled: Record<string, unknown>;
}

export function useMoves<T>(object: ObjectModel) {
  const { t } = useTranslation();
  const { me, model } = useSession();
  const cache = useQueryClient();
  const [moves, setMoves] = useState<Moved<T>[]>([]);
  const [question, setQuestion] = useState<Question<T>>();

  /** Changes the values of a record; how to take that back once it is stored, undefined where it is not. */
  const move = async (moved: Moved<T>, filled: Record<string, unknown> = {}): Promise<Undo | undefined> => {
    const { row, values } = moved;
    setQuestion(undefined);
    setMoves((all) => [...all.filter((m) => m.row.id !== row.id), moved]);
    const done = () => setMoves((all) => all.filter((m) => m !== moved));
    try {
      await change(object.name, row.id, { ...filled, ...values }, row.version);
    } catch (error) {
      done();
      const why = refusal(error);
      if (why?.status === 412) void cache.invalidateQueries({ queryKey: [me.tenant, object.name] });
      const refused =
        why && why.status !== 412
          ? refusedBy(object, why, Object.keys(values))
          : { says: why ? t("record.conflict") : t("offline.unsaved"), fields: [] };
      setQuestion({ ...moved, ...refused, filled });
      return undefined;
    }
    const before = Object.fromEntries(Object.keys(values).map((name) => [name, row[name] ?? null]));
    const undo = {
      label: String(row[object.nameField] ?? row.id),
      undo: async () => {
        await change(object.name, row.id, before);
        await cache.invalidateQueries({ queryKey: [me.tenant, object.name] });
      },
    };
    pushUndo(undo);
    await cache.invalidateQueries({ queryKey: [me.tenant, object.name] });
    done();
    return undo;
  };

  /** The records that a field that is asked for may refer to. */
  const offers = async (field: string, words: string, signal: AbortSignal) => {
    const target = model.objects.get(object.fields.get(field)?.targets[0] ?? "");
    const name = target?.nameField ?? "id";
    const page = await candidates(
      object.name,
      {
        field,
        id: question?.row.id,
        data: question?.filled ?? {},
        q: words || undefined,
        fields: ["id", name],
        limit: 20,
        recent: true,
      },
      signal,
    );
    return page.items.map((item) => ({ id: item.id as string, name: String(item[name] ?? item.id) }));
  };
  const answer = (filled: Record<string, unknown>) => setQuestion((now) => now && { ...now, filled });
  return { moves, question, move, answer, offers, cancel: () => setQuestion(undefined) };
}

/** What useMoves gives. */
export type Moving<T> = ReturnType<typeof useMoves<T>>;
