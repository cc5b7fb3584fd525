// Two people changed one record: what of it can be told apart, and what has to be decided.
import type { Stored } from "~/api/client";
import { same } from "./same";

export interface Collision {
  field: string;
  before: unknown;
  mine: unknown;
  theirs: unknown;
}

export interface Comparison {
  /** My values that nobody else touched: they can be saved on what is stored now. */
  free: Record<string, unknown>;
  /** Fields that both sides changed, each to another value. */
  collisions: Collision[];
}

/** Compares my values with what is stored now; both began from `before`. What both changed alike is settled. */
export function compare(before: Stored, mine: Record<string, unknown>, theirs: Stored): Comparison {
  const found: Comparison = { free: {}, collisions: [] };
  for (const [field, value] of Object.entries(mine)) {
    if (same(value, theirs[field])) continue;
    if (same(before[field], theirs[field])) found.free[field] = value;
    else found.collisions.push({ field, before: before[field] ?? null, mine: value, theirs: theirs[field] ?? null });
  }
  return found;
}
