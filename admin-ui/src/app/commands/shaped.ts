import type { Model } from "~/meta/model";

/** Where in the studio a page is shaped: a record's, a list, or the first page; undefined: it is of no document. */
export function shapedAt(model: Model, path: string, search: string): string | undefined {
  const [, zone, name, id] = path.split("/");
  if (path === "/" && model.dashboards[0]) return `/studio/pages/shape/dashboard/${model.dashboards[0].name}`;
  const object = zone === "o" ? model.objects.get(name ?? "") : undefined;
  if (!object) return undefined;
  if (id && id !== "import" && id !== "bin") return `/studio/pages/${object.name}?record=${id}`;
  const view = new URLSearchParams(search).get("view");
  if (!id && object.views.some((one) => one.name === view)) return `/studio/pages/${object.name}/views/${view}`;
  return `/studio/objects/${object.name}`;
}
