import type { InputProps } from "./field";

/** What every control of the kit is given of an input. Without a label beside it, its name is the field's. */
export const control = ({
  field,
  label,
  required,
  disabled,
  autoFocus,
  problem,
}: Omit<InputProps<never>, "value" | "onChange">) => ({
  size: "xs" as const,
  label,
  "aria-label": label ? undefined : field.label,
  withAsterisk: required,
  disabled,
  autoFocus,
  "data-autofocus": autoFocus || undefined, // a panel that opens looks for it
  error: problem,
});
