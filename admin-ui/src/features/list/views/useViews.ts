// The views of an object as somebody has them: the package's and shared ones, with what they saved for
// themselves, and their own. What they change without saving is kept apart, and changes nothing for others.
import { useCallback, useMemo } from "react";
import { applyDocument } from "~/api/documents";
import type { ViewDoc } from "~/meta/documents";
import type { ObjectModel } from "~/meta/model";
import { useSetting } from "~/meta/settings";
import { type Changes, ofView } from "../state";

type Kept = Record<string, Changes | undefined>;
type Saved = Record<string, ViewDoc>;

export interface Views {
  all: ViewDoc[];
  /** Own ones, which nobody else sees. */
  own: Set<string>;
  /** Those of everybody for which somebody saved something for themselves. */
  adapted: Set<string>;
  /** Of each view what was changed and not saved. */
  kept: Kept;
  keep(view: string, changes: Changes | undefined): void;
  /** Saves a view for whoever is here alone. */
  save(view: ViewDoc): void;
  saveForAll(view: ViewDoc): Promise<unknown>;
  /** A view of everybody is again as others have it; an own one goes. */
  reset(view: string): void;
}

export function useViews(object: ObjectModel): Views {
  const [saved, setSaved] = useSetting<Saved>(`views.${object.name}`);
  const [kept, setKept] = useSetting<Kept>(`kept.${object.name}`);
  const lists = useMemo(() => {
    const shared = new Set(object.views.map((v) => v.name));
    const mine = Object.values(saved ?? {});
    return {
      all: [...object.views.map((v) => saved?.[v.name] ?? v), ...mine.filter((v) => !shared.has(v.name))],
      own: new Set(mine.map((v) => v.name).filter((name) => !shared.has(name))),
      adapted: new Set(mine.map((v) => v.name).filter((name) => shared.has(name))),
    };
  }, [object, saved]);
  const keep = useCallback(
    (view: string, changes: Changes | undefined) => {
      const mine = ofView.flatMap((name) => (changes?.[name] === undefined ? [] : [[name, changes[name]] as const]));
      setKept({ ...kept, [view]: mine.length > 0 ? Object.fromEntries(mine) : undefined });
    },
    [kept, setKept],
  );
  return {
    ...lists,
    kept: kept ?? {},
    keep,
    save: (view) => setSaved({ ...saved, [view.name]: view }),
    saveForAll: applyDocument,
    reset: (view) => setSaved(Object.fromEntries(Object.entries(saved ?? {}).filter(([name]) => name !== view))),
  };
}
