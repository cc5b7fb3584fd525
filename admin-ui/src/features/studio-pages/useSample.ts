// A page as it would be: the model and the record that it is drawn with, under the draft, for the designer or as some
// permission sets.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { previewList, previewPage, previewSession } from "~/api/preview";
import type { Document, Me } from "~/api/session";
import type { LayoutDoc, ObjectDoc } from "~/meta/documents";
import { type Model, modelOf } from "~/meta/model";
import { useSession } from "~/meta/session";
import { type Documents, useDrafting } from "~/studio/drafting";

export type Device = "desktop" | "phone";

/** Whoever shapes a page sees all that may stand on it. */
function allOf(documents: Document[]): Me["rights"]["objects"] {
  const objects: Me["rights"]["objects"] = {};
  for (const doc of documents as unknown as ObjectDoc[]) {
    if (doc.kind !== "object") continue;
    const names = [
      ...Object.keys(doc.fields),
      "record_type",
      "owner",
      "created_at",
      "created_by",
      "updated_at",
      "updated_by",
    ];
    const fields = Object.fromEntries(names.map((name) => [name, "edit" as const]));
    objects[doc.name] = { create: true, read: true, update: true, delete: true, fields } as never;
  }
  return objects;
}

/** What the draft is at the moment, so that what was asked of it before is asked anew. */
export function useLook(as: string[]) {
  const { draft } = useDrafting();
  const { me } = useSession();
  const id = draft && draft.documents.length > 0 ? draft.id : "";
  return { look: { draft: id, as }, key: [me.tenant, "studio-pages", id, id && draft?.changed_at, as.join(",")] };
}

/** The model in which a page is drawn: of the draft as it is here, or as the server tells it to permission sets. */
export function useSeen(documents: Documents, as: string[], language: string): Model | undefined {
  const { me } = useSession();
  const { look, key } = useLook(as);
  const seen = useQuery({
    queryKey: [...key, "session"],
    queryFn: ({ signal }) => previewSession(look, signal),
    enabled: as.length > 0,
    placeholderData: keepPreviousData,
  });
  const own = useMemo(() => {
    const of = [...documents.values()].filter((d) => ["object", "picklist", "layout", "view"].includes(String(d.kind)));
    return modelOf(of, 0, { ...me.rights, objects: allOf(of) }, language);
  }, [documents, me.rights, language]);
  const theirs = useMemo(
    () => seen.data && modelOf(seen.data.documents as Document[], 0, seen.data.rights, language),
    [seen.data, language],
  );
  return as.length > 0 ? theirs : own;
}

/** The page of a record as the server would show it. */
export function useSample(layout: LayoutDoc, record: string | undefined, device: Device, as: string[]) {
  const { look, key } = useLook(as);
  return useQuery({
    queryKey: [...key, layout.object, record, device],
    queryFn: ({ signal }) => previewPage(look, layout.object, record as string, device, signal),
    enabled: record !== undefined,
    placeholderData: keepPreviousData,
    retry: false,
  });
}

/** Records to try a page with, those changed last first. */
export function useSamples(object: string, nameField: string | undefined) {
  const { look, key } = useLook([]);
  return useQuery({
    queryKey: [...key.slice(0, 2), "samples", object],
    queryFn: ({ signal }) =>
      previewList(
        look,
        object,
        { fields: nameField ? [nameField] : ["id"], sort: ["-updated_at"], limit: 50 } as never,
        signal,
      ),
    placeholderData: keepPreviousData,
    retry: false,
  });
}
