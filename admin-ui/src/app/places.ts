// Where the side bar leads: what the apps have, as far as the caller may see it.
import { ordered, say } from "~/meta/documents";
import type { Model, ObjectModel } from "~/meta/model";

export interface Place {
  key: string;
  label: string;
  to: string;
  object: ObjectModel;
  view?: string;
}

export interface AppPlaces {
  name: string;
  label: string;
  icon?: string;
  places: Place[];
}

export function placesOf(model: Model, language: string): AppPlaces[] {
  return model.apps
    .map((app) => ({
      name: app.name,
      label: say(app.label, language, app.name),
      icon: app.icon,
      places: ordered(app.items).flatMap((item) => {
        const object = model.objects.get(item.object ?? "");
        if (!object) return [];
        return {
          key: `${app.name}/${item.name}`,
          label: say(item.label, language, object.plural),
          to: `/o/${object.name}${item.view ? `?view=${item.view}` : ""}`,
          object,
          view: item.view,
        };
      }),
    }))
    .filter((app) => app.places.length > 0);
}

/** The place that an address is at: of those of its object the one of its view, else the first. */
export function placeAt(apps: AppPlaces[], path: string, search: string): Place | undefined {
  const object = /^\/o\/([^/]+)/.exec(path)?.[1];
  const view = new URLSearchParams(search).get("view");
  const of = apps.flatMap((app) => app.places).filter((place) => place.object.name === object);
  return of.find((place) => view && place.view === view) ?? of[0];
}
