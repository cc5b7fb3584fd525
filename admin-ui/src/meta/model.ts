// The configuration as the pages use it: documents by name, joined with the caller's rights.
import { calledPath } from "~/api/names";
import type { Document, Me } from "~/api/session";
import {
  type AppDoc,
  type DashboardDoc,
  type FieldDoc,
  type Head,
  type LayoutDoc,
  type Named,
  type ObjectDoc,
  type OptionDoc,
  ordered,
  type PicklistDoc,
  say,
  type ViewDoc,
} from "./documents";

/** A field of an object that the caller may read. */
export interface Field {
  object: string;
  name: string;
  type: string;
  /** The type of what is shown: that of the result, for what is computed. */
  shows: string;
  doc: FieldDoc;
  label: string;
  help?: string;
  editable: boolean;
  /** The caller is shown what a mask leaves, and can't filter, sort or group by it. */
  masked: boolean;
  required: boolean;
  options: Named<OptionDoc>[];
  /** The objects that a reference leads to. */
  targets: string[];
  /** The fields of child rows, in order. */
  rows: Field[];
  /** What a value consists of, by the name that stands behind a dot. */
  parts: Map<string, Field>;
}

export interface ObjectModel {
  name: string;
  label: string;
  plural: string;
  icon?: string;
  doc: ObjectDoc;
  /** The field that names a record; `id` where there is none that may be read. */
  nameField: string;
  fields: Map<string, Field>;
  can: { create: boolean; read: boolean; update: boolean; delete: boolean };
  views: ViewDoc[];
  layouts: LayoutDoc[];
}

export interface Model {
  revision: number;
  language: string;
  objects: Map<string, ObjectModel>;
  apps: AppDoc[];
  dashboards: DashboardDoc[];
  /** The options that several fields share, by the name of the picklist. */
  picklists: Map<string, Record<string, OptionDoc>>;
  /** What the values are called that expressions read by name, by how they do: `settings.large_deal`. */
  called: Map<string, string>;
}

const computed = new Set(["formula", "rollup", "auto_number"]);
const texts = new Set(["text", "long_text", "email", "phone", "url", "auto_number"]);
/** Of the types of text those of one line. */
const lines = new Set(["text", "email", "phone", "url"]);
/** What every record has besides its fields. */
const system: Record<string, FieldDoc & { label: Record<string, string> }> = {
  owner: { type: "user", object: "user", label: { en: "Owner", zh: "负责人" } },
  created_at: { type: "datetime", read_only: true, label: { en: "Created", zh: "创建时间" } },
  created_by: { type: "user", object: "user", read_only: true, label: { en: "Created by", zh: "创建人" } },
  updated_at: { type: "datetime", read_only: true, label: { en: "Changed", zh: "修改时间" } },
  updated_by: { type: "user", object: "user", read_only: true, label: { en: "Changed by", zh: "修改人" } },
};

/** Of an object whose records have types. */
const recordType: FieldDoc & { label: Record<string, string> } = {
  type: "picklist",
  label: { en: "Record type", zh: "记录类型" },
};

/** The types whose values have parts, which are fields by themselves. */
const parted: Record<string, Record<string, FieldDoc & { label: Record<string, string> }>> = {
  address: {
    street: { type: "text", label: { en: "Street", zh: "街道" } },
    city: { type: "text", label: { en: "City", zh: "城市" } },
    state: { type: "text", label: { en: "State", zh: "省份" } },
    postal_code: { type: "text", label: { en: "Postal code", zh: "邮政编码" } },
    country: { type: "text", label: { en: "Country", zh: "国家" } },
  },
  location: {
    lat: { type: "number", scale: 6, label: { en: "Latitude", zh: "纬度" } },
    lng: { type: "number", scale: 6, label: { en: "Longitude", zh: "经度" } },
  },
};

/** What a mask leaves something of; who has anything else masked is not shown it. */
const maskable = (doc: FieldDoc): boolean => !!doc.mask && texts.has(doc.result ?? doc.type);

/** Joins the documents that the caller may see with their rights, in a language. */
export function modelOf(documents: Document[], revision: number, rights: Me["rights"], language: string): Model {
  const of = <T>(kind: string) => documents.filter((d) => d.kind === kind) as unknown as T[];
  const shared = new Map(of<PicklistDoc>("picklist").map((p) => [p.name, p.options]));
  const views = of<ViewDoc>("view").sort(byOrder);
  const layouts = of<LayoutDoc>("layout").sort(byOrder);
  const objects = new Map<string, ObjectModel>();
  for (const doc of of<ObjectDoc>("object")) {
    const may = rights.objects[doc.name];
    if (!may) continue;
    const fields = new Map<string, Field>();
    const typed = doc.record_types ? { record_type: { ...recordType, options: doc.record_types } } : {};
    for (const [name, field] of Object.entries({ ...doc.fields, ...typed, ...system })) {
      const right = may.fields?.[name] ?? (may.masked?.[name] && maskable(field) ? "masked" : undefined);
      if (right) fields.set(name, fieldOf(doc.name, name, field, right, shared, language));
    }
    objects.set(doc.name, {
      name: doc.name,
      label: say(doc.label, language, doc.name),
      plural: say(doc.label_plural ?? doc.label, language, doc.name),
      icon: doc.icon,
      doc,
      nameField: doc.name_field && fields.has(doc.name_field) ? doc.name_field : "id",
      fields,
      can: { create: may.create, read: may.read, update: may.update, delete: may.delete },
      views: views.filter((v) => v.object === doc.name),
      layouts: layouts.filter((l) => l.object === doc.name),
    });
  }
  const calledOf = (kind: "constant" | "setting") =>
    of<Head>(kind).map((d) => [`${kind}s.${d.name}`, say(d.label, language, d.name)] as const);
  return {
    revision,
    language,
    objects,
    apps: of<AppDoc>("app").sort(byOrder),
    dashboards: of<DashboardDoc>("dashboard").sort(byOrder),
    picklists: shared,
    called: new Map([...calledOf("constant"), ...calledOf("setting")]),
  };
}

/** A field of no object, which a person is asked to fill in. */
export const enteredField = (model: Pick<Model, "picklists" | "language">, name: string, doc: FieldDoc): Field =>
  fieldOf("", name, doc, "edit", model.picklists, model.language);

function fieldOf(
  object: string,
  name: string,
  doc: FieldDoc,
  right: "read" | "edit" | "masked",
  shared: Map<string, Record<string, OptionDoc>>,
  language: string,
): Field {
  const shows = doc.result ?? (doc.type === "rollup" ? "number" : doc.type);
  return {
    object,
    name,
    type: doc.type,
    shows,
    doc,
    label: say(doc.label, language, name),
    help: doc.help ? say(doc.help, language, "") : undefined,
    editable: right === "edit" && !doc.read_only && !computed.has(doc.type),
    masked: right === "masked",
    required: doc.required === true,
    options: ordered(doc.picklist ? shared.get(doc.picklist) : doc.options),
    parts: new Map(
      Object.entries(parted[shows] ?? {}).map(([part, of]) => [
        part,
        fieldOf(object, part, of, "read", shared, language),
      ]),
    ),
    rows: ordered(doc.fields).map((one) => fieldOf(object, one.name, one, right, shared, language)),
    targets:
      doc.type === "user" ? ["user"] : (doc.objects ?? (doc.object && doc.type !== "rollup" ? [doc.object] : [])),
  };
}

const byOrder = (a: { order?: number; name: string }, b: { order?: number; name: string }) =>
  (a.order ?? Number.POSITIVE_INFINITY) - (b.order ?? Number.POSITIVE_INFINITY) || (a.name < b.name ? -1 : 1);

/**
 * The field that tells records of one name apart: the first line of text, other than the name, of those by which the
 * object is searched, as far as the caller is shown them. The search across objects tells the same.
 */
export function tellsApart({ doc, fields }: ObjectModel): string | undefined {
  return doc.search?.find((one) => one !== doc.name_field && fields.has(one) && lines.has(doc.fields[one]?.type ?? ""));
}

/** The fields to ask for so that a record can be told among others that are called alike. */
export function calledBy(object: ObjectModel | undefined): string[] {
  const told = object ? [object.nameField, tellsApart(object)] : [];
  return [...new Set(["id", ...told.filter((name) => name !== undefined)])];
}

/** A column: a field or a part of one, maybe reached through lookups. */
export interface Column {
  path: string;
  /** It is of another record. */
  through?: true;
  label: string;
  field: Field;
  /** Where the name of the record stands that a reference leads to. */
  namePath?: string;
  /** The same for groups, which are not told by what is masked. */
  groupNamePath?: string;
}

/** The column of a path such as `account.industry`; undefined where the caller may not read it. */
export function columnOf(model: Model, object: ObjectModel, path: string): Column | undefined {
  let at = object;
  const labels: string[] = [];
  const steps = path.split(".");
  for (const [i, step] of steps.entries()) {
    const field = at.fields.get(step);
    if (!field) return undefined;
    labels.push(field.label);
    const through = i > 0 ? ({ through: true } as const) : {};
    const part = i === steps.length - 2 ? field.parts.get(steps[i + 1] as string) : undefined;
    if (part) return { path, ...through, label: [...labels, part.label].join(" · "), field: part };
    if (i === steps.length - 1) {
      const target = field.targets.length === 1 ? model.objects.get(field.targets[0] as string) : undefined;
      const named = target && target.nameField !== "id" ? `${path}.${target.nameField}` : undefined;
      const namePath = field.shows === "any_lookup" ? calledPath(path) : named;
      const groupNamePath = target?.fields.get(target.nameField)?.masked ? undefined : named;
      return { path, ...through, label: labels.join(" · "), field, namePath, groupNamePath };
    }
    const next = model.objects.get(field.targets[0] ?? "");
    if (!next) return undefined;
    at = next;
  }
  return undefined;
}

/** The columns that the fields of an object can be, each followed by its parts; behind a lookup if `of` is one. */
export function columnsIn(model: Model, object: ObjectModel, of?: Column): Column[] {
  const target = of ? model.objects.get(of.field.targets[0] as string) : object;
  return [...(target?.fields.values() ?? [])]
    .flatMap(({ name, parts }) => [name, ...[...parts.keys()].map((part) => `${name}.${part}`)])
    .flatMap((path) => columnOf(model, object, of ? `${of.path}.${path}` : path) ?? []);
}

/** The fields to ask for so that columns can be drawn. */
export const asked = (columns: Column[]): string[] => [
  ...new Set(["id", "version", ...columns.flatMap((c) => (c.namePath ? [c.path, c.namePath] : [c.path]))]),
];
