/** How a list is sorted once a column sorts it: by that one before all others, or by it no more. */
export function sortedBy(
  sort: string[] | undefined,
  column: string,
  way: "up" | "down" | "none",
): string[] | undefined {
  const others = (sort ?? []).filter((one) => one !== column && one !== `-${column}`);
  const next = way === "none" ? others : [way === "up" ? column : `-${column}`, ...others];
  return next.length > 0 ? next : undefined;
}
