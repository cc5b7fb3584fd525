import { candidates } from "~/api/records";
import type { Choice } from "~/fields";
import type { ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";

/** Asks for the records that may be chosen in a reference of what is being written. */
export function useCandidates(object: ObjectModel, writing: { id?: string; data: Record<string, unknown> }) {
  const { model } = useSession();
  return (field: string, target: string | undefined) =>
    async (q: string, signal: AbortSignal): Promise<Choice[]> => {
      const name = model.objects.get(target ?? "")?.nameField ?? "id";
      const page = await candidates(
        object.name,
        { field, ...writing, q: q || undefined, fields: ["id", name], limit: 20, recent: true },
        signal,
      );
      return page.items.map((item) => ({ id: item.id as string, name: String(item[name] ?? item.id) }));
    };
}
