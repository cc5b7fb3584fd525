// A workflow that is run on chosen rows, some at a time, so that it can be stopped and tells how far it came.
import type { Problem } from "~/api/client";
import type { Stored } from "~/api/records";
import { runOnAll } from "~/api/workflows";
import type { ObjectModel } from "~/meta/model";

/** A person sets it off on no more at once. */
export const mostPressed = 200;

const atOnce = 20;

interface Refused {
  id: string;
  name: string;
  why: string;
}

export interface Reached {
  of: number;
  tried: number;
  done: number;
  refused: Refused[];
  over: boolean;
}

/**
 * Runs it until all rows are tried or it is stopped, and tells after each part how far it came. Where nothing of the first part
 * was done because of what was filled in, it ends with that.
 */
export async function runOn(
  object: ObjectModel,
  workflow: string,
  rows: Stored[],
  values: Record<string, unknown>,
  stopped: () => boolean,
  tell: (reached: Reached) => void,
  send: typeof runOnAll = runOnAll,
): Promise<Reached & { inputs?: Problem }> {
  let reached: Reached = { of: rows.length, tried: 0, done: 0, refused: [], over: rows.length === 0 };
  tell(reached);
  const names = new Map(rows.map((row) => [row.id as string, String(row[object.nameField] ?? "")]));
  for (let i = 0; i < rows.length && !stopped(); i += atOnce) {
    const ids = rows.slice(i, i + atOnce).map((row) => row.id as string);
    const { results } = await send(object.name, workflow, ids, values);
    const inputs = results[0]?.problem;
    if (i === 0 && inputs && results.every(({ problem }) => problem?.code === "workflow.inputs"))
      return { ...reached, inputs };
    const failed = results.filter(({ problem, run }) => problem || run?.state === "failed");
    reached = {
      ...reached,
      tried: reached.tried + results.length,
      done: reached.done + results.length - failed.length,
      refused: [
        ...reached.refused,
        ...failed.map(({ record, problem, run }) => ({
          id: record,
          name: names.get(record) ?? "",
          why: problem?.errors?.[0]?.detail ?? problem?.detail ?? run?.problem?.detail ?? "",
        })),
      ],
    };
    tell(reached);
  }
  reached = { ...reached, over: true };
  tell(reached);
  return reached;
}
