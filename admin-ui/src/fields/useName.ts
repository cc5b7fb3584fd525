import { useQuery } from "@tanstack/react-query";
import { read } from "~/api/records";
import { useSession } from "~/meta/session";

/**
 * What a record is called: null where it may not be read, undefined while that is asked for. A name that is known,
 * null too, is not asked for.
 */
export function useName(
  object: string | undefined,
  id: string | null,
  known?: string | null,
): string | null | undefined {
  const { me, model } = useSession();
  const name = model.objects.get(object ?? "")?.nameField ?? "id";
  const found = useQuery({
    queryKey: [me.tenant, object, "name", id],
    queryFn: ({ signal }) => read(object as string, id as string, ["id", name], signal),
    enabled: known === undefined && !!object && !!id,
    staleTime: 300_000,
    retry: false,
  });
  if (known !== undefined) return known;
  return found.isError ? null : found.data && String(found.data[name] ?? id);
}
