import type { Formats } from "~/fields";
import { Missing } from "~/fields/Missing";
import type { ObjectModel } from "~/meta/model";
import type { Moving } from "./useMoves";

interface Props<T> {
  object: ObjectModel;
  formats: Formats;
  moving: Moving<T>;
}

/** Why a move was refused, with what can be filled in for it to be tried again. */
export function Refusal<T>({ object, formats, moving }: Props<T>) {
  const { question, move, answer, cancel } = moving;
  if (!question) return null;
  const { row, to, values, told, filled } = question;
  return (
    <Missing
      object={object}
      formats={formats}
      refused={question}
      values={filled}
      onChange={answer}
      onSave={() => void move({ row, to, values, told }, filled)}
      onCancel={cancel}
      id={row.id}
    />
  );
}
