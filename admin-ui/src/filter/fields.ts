import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { type Uses, uses, usesOf } from "~/api/uses";
import type { Operator, Operators } from "~/expr";
import { operatorsOf } from "~/fields/operators";
import { type Column, columnOf, columnsIn, type Model, type ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";

/**
 * What can be done with the fields of an object: by the server's word as soon as it is here. It is asked for once
 * something is `wanted` that depends on it, so that a list is shown without it.
 */
export function useUses(object: ObjectModel, wanted: boolean): Record<string, Uses> | undefined {
  const { me, model } = useSession();
  return useQuery({
    queryKey: [me.tenant, object.name, "uses", model.revision],
    queryFn: ({ signal }) => uses(object.name, signal),
    staleTime: Number.POSITIVE_INFINITY,
    enabled: wanted,
  }).data;
}

export interface Fields {
  column(path: string): Column | undefined;
  operators: Operators;
  /** Fields that a filter may have, of the object itself, then those one lookup away. */
  all: Column[];
}

export function fieldsOf(model: Model, object: ObjectModel, known: Record<string, Uses> | undefined): Fields {
  const columns = new Map<string, Column | undefined>();
  const offered = new Map<string, Operator[] | undefined>();
  const column = (path: string) => {
    if (!columns.has(path)) columns.set(path, columnOf(model, object, path));
    return columns.get(path);
  };
  const operators: Operators = (path) => {
    if (!offered.has(path)) {
      const at = column(path);
      const may = at?.through ? undefined : usesOf(known, path)?.operators;
      const refused = at?.field.masked || (known && at && !at.through && !may);
      const of = at && !refused ? operatorsOf(at.field.shows).filter((one) => !may || may.includes(one.needs)) : [];
      offered.set(path, of.length > 0 ? of : undefined);
    }
    return offered.get(path);
  };
  const own = columnsIn(model, object);
  const behind = own.flatMap((c) => (c.field.targets.length === 1 ? columnsIn(model, object, c) : []));
  return { column, operators, all: [...own, ...behind].filter((c) => operators(c.path)) };
}

export function useFields(object: ObjectModel, known: Record<string, Uses> | undefined): Fields {
  const { model } = useSession();
  return useMemo(() => fieldsOf(model, object, known), [model, object, known]);
}
