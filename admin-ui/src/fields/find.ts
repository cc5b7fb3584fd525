// Records that may be chosen, found by words; without words those opened last come first.
import { candidates, list, type Writing } from "~/api/records";
import { calledBy, type Model, type ObjectModel, tellsApart } from "~/meta/model";
import type { Choice } from "./field";

type Find = (words: string, signal: AbortSignal) => Promise<Choice[]>;

const most = 20;
const asking = (words: string, target: ObjectModel | undefined) => ({
  q: words || undefined,
  fields: calledBy(target),
  limit: most,
  recent: true,
});

/** Finds the records of an object, as far as the caller may read them. */
export const find = (model: Model, object: string): Find => {
  const target = model.objects.get(object);
  return async (words, signal) => choicesOf((await list(object, asking(words, target), signal)).items, target);
};

/** Finds the records that a field of what is being written may refer to. */
export const findFor = (model: Model, object: ObjectModel, field: string, writing: Writing = { data: {} }): Find => {
  const target = model.objects.get(object.fields.get(field)?.targets[0] ?? "");
  return async (words, signal) => {
    const page = await candidates(object.name, { field, ...writing, ...asking(words, target) }, signal);
    return choicesOf(page.items, target);
  };
};

const choicesOf = (items: Record<string, unknown>[], target: ObjectModel | undefined): Choice[] =>
  items.map((item) => {
    const about = target && item[tellsApart(target) ?? ""];
    return {
      id: item.id as string,
      name: String(item[target?.nameField ?? "id"] ?? item.id),
      about: typeof about === "string" ? about : undefined,
    };
  });
