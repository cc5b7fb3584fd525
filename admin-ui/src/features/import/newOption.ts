// A value of a file that becomes an option of its field, for everybody.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { patchDocument } from "~/api/documents";
import { sessionKey } from "~/meta/mine";
import type { Field, ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";

const longest = 63; // characters of a name

/** A name for an option that is called so, which none of the others has. */
export function optionName(label: string, taken: string[]): string {
  const plain = label
    .normalize("NFKD")
    .toLowerCase()
    .replace(/\p{M}/gu, "")
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^[^a-z]+|_+$/g, "");
  const name = (plain || "option").slice(0, longest - 4).replace(/_+$/, "");
  for (let n = 1; ; n++) {
    const one = n === 1 && plain ? name : `${name}_${n}`;
    if (!taken.includes(one)) return one;
  }
}

/** Whether a field has options that a value can be added to. What follows on what among stages is decided elsewhere. */
export const takesOptions = (object: ObjectModel, field: Field): boolean =>
  ["picklist", "multi_picklist"].includes(field.type) &&
  field.name !== "record_type" &&
  field.name !== object.doc.stages?.field;

/** Adds an option where those of the field stand: in its object, or in the picklist that it shares. */
export function useNewOption(object: ObjectModel) {
  const { me } = useSession();
  const cache = useQueryClient();
  const adding = useMutation({
    mutationFn: async ({ field, label }: { field: Field; label: string }) => {
      const name = optionName(
        label,
        field.options.map((one) => one.name),
      );
      const order = Math.max(0, ...field.options.map((one) => one.order ?? 0)) + 10;
      const options = { [name]: { label, order } };
      if (field.doc.picklist) await patchDocument("picklist", field.doc.picklist, { options });
      else await patchDocument("object", object.name, { fields: { [field.name]: { options } } });
      await cache.invalidateQueries({ queryKey: sessionKey });
      return name;
    },
  });
  return { may: me.rights.system.includes("manage_metadata"), adding };
}
