// The order of the members of a collection: each has a number, and people only ever move one of them.
import type { Patch } from "~/api/drafts";

type Members = Record<string, { order?: number }>;

/** The order of what comes last. */
export const lastOrder = (of: Members | undefined): number =>
  Math.max(0, ...Object.values(of ?? {}).map((one) => one.order ?? 0)) + 10;

/** The orders by which one of the members, which are named in order, is at a place: only those that have to change. */
export function ordersFor(of: Members, names: string[], member: string, to: number): Patch {
  const order = names.filter((name) => name !== member);
  order.splice(to, 0, member);
  const changes: Patch = {};
  let last = Number.NEGATIVE_INFINITY;
  for (const [i, name] of order.entries()) {
    const has = of[name]?.order;
    const next = order[i + 1];
    const bound = next === undefined ? Number.POSITIVE_INFINITY : (of[next]?.order ?? Number.POSITIVE_INFINITY);
    const stays = name !== member && has !== undefined && has > last;
    const value = stays ? has : name === member ? between(last, bound) : Math.max(last, 0) + 10;
    if (value !== has) changes[name] = { order: value };
    last = value;
  }
  return changes;
}

/** An order between two others, where there is room; else one behind the first. */
function between(after: number, before: number): number {
  if (!Number.isFinite(after)) return Number.isFinite(before) ? before - 10 : 10;
  const room = Math.floor((before - after) / 2);
  return after + Math.max(1, Math.min(10, room));
}
