interface Stored {
  id?: unknown;
  name?: unknown;
  alt?: unknown;
}

/** The first picture of a value, small; undefined where there is none. */
export function pictureOf(value: unknown): { src: string; alt: string } | undefined {
  const first: Stored | undefined = Array.isArray(value) ? value[0] : undefined;
  if (typeof first?.id !== "string") return undefined;
  return { src: `/api/v1/files/${encodeURIComponent(first.id)}/thumbnail?size=320`, alt: String(first.name ?? "") };
}
