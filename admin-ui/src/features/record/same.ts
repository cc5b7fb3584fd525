/** Whether two values are the same, whatever the order of their members. Absent and null are both empty. */
export const same = (a: unknown, b: unknown): boolean => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));

function sorted(value: unknown): unknown {
  if (value === undefined || value === null) return null;
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object") return value;
  const members = Object.entries(value).filter(([, member]) => member !== null && member !== undefined);
  return Object.fromEntries(
    members.sort(([x], [y]) => (x < y ? -1 : 1)).map(([name, member]) => [name, sorted(member)]),
  );
}
