import { useId } from "react";
import css from "./AskedInputs.module.css";
import type { Step } from "./rating";

interface Props {
  name: string;
  label: string;
  required: boolean;
  problem: string | undefined;
  steps: Step[];
  value: unknown;
  onChange(value: unknown): void;
}

/** A choice of few, side by side. */
export function Rating({ name, label, required, problem, steps, value, onChange }: Props) {
  const wrong = useId();
  return (
    <fieldset className={css.rating} aria-describedby={problem && wrong} aria-invalid={!!problem || undefined}>
      <legend>
        {label}
        {required && (
          <span className="bad" aria-hidden>
            {" *"}
          </span>
        )}
      </legend>
      <div className={css.row}>
        {steps.map((one) => (
          <label key={one.value} className={css.step}>
            <input
              type="radio"
              name={name}
              required={required}
              checked={value === one.value}
              onChange={() => onChange(one.value)}
            />
            <b>{one.mark}</b>
            {one.says && <span>{one.says}</span>}
          </label>
        ))}
      </div>
      {problem && (
        <p className="bad small" id={wrong}>
          {problem}
        </p>
      )}
    </fieldset>
  );
}
