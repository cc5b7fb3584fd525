// Options that are offered for some values of another field.
import type { OptionDoc } from "~/meta/documents";

type Option = OptionDoc & { for?: string[] };

/** Whether an option is offered for a value: for all, where it says nothing. */
export const offered = (option: Option, value: string): boolean => option.for?.includes(value) ?? true;

/** What an option says for whom it is once it is offered for a value, or no more; null: for all, of which nothing is said. */
export function offers(option: Option, values: string[], value: string, on: boolean): string[] | null {
  const now = values.filter((one) => offered(option, one));
  const next = values.filter((one) => (one === value ? on : now.includes(one)));
  return next.length === values.length ? null : next;
}
