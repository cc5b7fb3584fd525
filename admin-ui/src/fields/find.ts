import { list } from "~/api/records";
import type { Model } from "~/meta/model";
import type { Choice } from "./field";

/** Finds the records of an object by words, as far as the caller may read them. */
export const find =
  (model: Model, object: string) =>
  async (words: string, signal: AbortSignal): Promise<Choice[]> => {
    const name = model.objects.get(object)?.nameField ?? "id";
    const page = await list(object, { q: words || undefined, fields: ["id", name], limit: 20, recent: true }, signal);
    return page.items.map((item) => ({ id: item.id, name: String(item[name] ?? item.id) }));
  };
