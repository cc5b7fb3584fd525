// A tab can show what a draft of the configuration would make the workspace, and as whom: somebody with some permission
// sets and no others. The server answers its questions so, and refuses whatever writes.

export interface Looking {
  /** The id of a draft; "": the configuration that holds. */
  draft: string;
  /** Names of permission sets; none: as oneself. */
  as: string[];
}

const kept = "looking"; // in the storage of the tab, so that it lasts while the tab is open

type Storage = Pick<globalThis.Storage, "getItem" | "setItem" | "removeItem">;

/** What a tab looks at: what its address says at first, and then what it has kept. */
export function begun(search: string, storage: Storage): Looking | undefined {
  const asked = new URLSearchParams(search);
  if (asked.has("look") || asked.has("look_as"))
    storage.setItem(kept, JSON.stringify({ draft: asked.get("look") ?? "", as: listed(asked.get("look_as")) }));
  try {
    const { draft, as } = JSON.parse(storage.getItem(kept) ?? "null") as Looking;
    return { draft: String(draft), as: as.map(String) };
  } catch {
    return undefined;
  }
}

const listed = (text: string | null) => (text ?? "").split(",").filter(Boolean);

/** What has the server answer so. */
export const headersOf = (looking: Looking | undefined): Record<string, string> =>
  looking
    ? {
        ...(looking.draft && { "X-Draft": looking.draft }),
        ...(looking.as.length > 0 && { "X-As": looking.as.join(",") }),
      }
    : {};

/** The address at which a tab begins to look. */
export function lookAt({ draft, as }: Looking, path = "/"): string {
  const asks = new URLSearchParams();
  if (draft) asks.set("look", draft);
  if (as.length > 0 || !draft) asks.set("look_as", as.join(","));
  return `${path}?${asks}`;
}

const here = globalThis.sessionStorage;

/** What this tab looks at; undefined: what holds, as oneself. */
export const looking = here && begun(globalThis.location.search, here);
if (looking && /[?&]look(_as)?=/.test(globalThis.location.search)) {
  const { pathname, search, hash } = globalThis.location;
  const rest = new URLSearchParams(search);
  rest.delete("look");
  rest.delete("look_as");
  history.replaceState(history.state, "", pathname + (rest.size > 0 ? `?${rest}` : "") + hash);
}

/** Has the tab show what holds again, at an address. */
export function stopLooking(to: string) {
  here?.removeItem(kept);
  location.assign(to);
}
