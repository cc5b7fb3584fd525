import { useMemo } from "react";
import type { Problem, Schemas } from "~/api/client";
import { enteredField, type Field } from "~/meta/model";
import type { Formats } from "./formats";
import { typeOf } from "./index";
import { Rating } from "./Rating";
import { steps } from "./rating";

export type Values = Record<string, unknown>;

/** What somebody outside is asked, who has no account: the fields, and what each begins with. */
export function useAsked(inputs: Schemas["ButtonInput"][] | undefined, language: string) {
  return useMemo(
    () =>
      (inputs ?? []).map((one) => ({
        field: enteredField(
          { picklists: new Map(), language },
          one.name,
          one.field as Parameters<typeof enteredField>[2],
        ),
        begins: one.value as unknown,
      })),
    [inputs, language],
  );
}

/** A refusal but for what it says of a place, which is being changed. */
export const without = (why: Problem | undefined, pointer: string): Problem | undefined =>
  why && { ...why, errors: why.errors?.filter((one) => one.pointer !== pointer) };

/** What a refusal says of a place. */
export const problemAt = (why: Problem | undefined, pointer: string) =>
  why?.errors?.find((one) => one.pointer === pointer)?.detail;

interface Props {
  fields: Field[];
  values: Values;
  formats: Formats;
  problemOf(name: string): string | undefined;
  onChange(name: string, value: unknown): void;
}

/** The fields that somebody outside fills in, large enough for a thumb. */
export function AskedInputs({ fields, values, formats, problemOf, onChange }: Props) {
  return fields.map((field) => {
    const row = steps(field, formats.language);
    const Input = typeOf(field.shows).Input;
    const change = (value: unknown) => onChange(field.name, value);
    return (
      <div key={field.name}>
        {row ? (
          <Rating
            name={field.name}
            label={field.label}
            required={field.required}
            problem={problemOf(field.name)}
            steps={row}
            value={values[field.name] ?? null}
            onChange={change}
          />
        ) : (
          Input && (
            <Input
              field={field}
              formats={formats}
              label={field.label}
              value={(values[field.name] ?? null) as never}
              required={field.required}
              problem={problemOf(field.name)}
              onChange={change}
            />
          )
        )}
        {field.help && <p className="quiet small">{field.help}</p>}
      </div>
    );
  });
}
