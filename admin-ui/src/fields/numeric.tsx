import type { Field } from "~/meta/model";
import { type FieldType, fieldType, type InputProps, type Shown } from "./field";
import { readNumber } from "./formats";
import { TextField } from "./TextField";

/** The digits after the point, as the server has them where a field says none. */
const digits = (field: Field) => field.doc.scale ?? (field.shows === "number" ? 0 : 2);

function Input(props: InputProps<number>) {
  const { locale, number } = props.formats;
  return (
    <TextField
      {...props}
      inputMode="decimal"
      unreadable="number"
      write={(value) => number(value, digits(props.field))}
      read={(typed) => readNumber(typed, locale)}
    />
  );
}

/** A type of numbers, by how they are written. */
export function numeric(type: string, write: (value: number, scale: number, at: Shown) => string): FieldType<number> {
  const text = (value: number, at: Shown) => write(value, digits(at.field), at);
  return fieldType({
    type,
    width: 130,
    align: "right",
    cell: text,
    text,
    // The sign of a currency may be letters; between digits they are none.
    parse: (typed, { formats }) =>
      readNumber(
        typed.replace(/^([-+]?)\p{L}+|[^\P{L}万萬亿億]+$/gu, "$1").replace(/\p{Sc}|\u2212/gu, ""),
        formats.locale,
      ),
    sample: () => 1250,
    Input,
  });
}
