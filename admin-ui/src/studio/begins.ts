// What new documents begin with, so that they are whole, or say what is missing.
import type { Patch } from "~/api/drafts";
import type { ObjectDoc } from "~/meta/documents";
import type { Documents } from "./drafting";

interface Begun {
  name: string;
  /** Empty: it is of none. */
  object: string;
  documents: Documents | undefined;
}

/** By kind; a kind that is not here begins with nothing. */
export const begins: Record<string, ((of: Begun) => Patch) | undefined> = {
  picklist: () => ({ options: { first: { label: { en: "Option 1", zh: "选项 1" }, order: 10 } } }),
  view: () => ({ show: "table", columns: ["id"] }),
  layout: () => ({
    tabs: { details: { label: { en: "Details", zh: "详情" }, sections: { main: { columns: 2, fields: {} } } } },
  }),
  app: () => ({ items: {} }),
  dashboard: () => ({ widgets: {} }),
  permission: () => ({ objects: {} }),
  sharing: () => ({ access: "read", to: { everyone: true }, when: "false" }), // it shares nothing yet
  policy: ({ name }) => ({ rego: `package formwork.custom.${name}\n\ndeny if {\n\tfalse\n}\n` }),
  workflow: ({ object }) => ({
    ...(object && { object }),
    active: true,
    trigger: { type: "manual" },
    start: "stop",
    steps: { stop: { type: "stop" } },
  }),
  form: ({ object, documents }) => {
    const of = documents?.get(`object/${object}`) as ObjectDoc | undefined;
    return { fields: [{ field: of?.name_field ?? Object.keys(of?.fields ?? {})[0] }] };
  },
  constant: () => ({ type: "text", value: "…" }),
};
