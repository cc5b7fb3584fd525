import { useMemo } from "react";
import { filterOf, written } from "~/expr";
import { useFormats } from "~/fields/useFormats";
import Builder from "~/filter/Builder";
import { fieldsOf } from "~/filter/fields";
import { SessionProvider, useSession } from "~/meta/session";
import { useDraftModel } from "../draftModel";
import { InWords } from "./InWords";

interface Props {
  object: string;
  text: string;
  /** It is built by pointing, too. */
  building: boolean;
  write(text: string): void;
}

/** What an expression means, in words, and conditions by pointing: of the fields that the draft has. */
export default function Meaning({ object, text, building, write }: Props) {
  const session = useSession();
  const model = useDraftModel();
  const formats = useFormats();
  const of = model?.objects.get(object);
  const fields = useMemo(() => model && of && fieldsOf(model, of, undefined), [model, of]);
  const filter = useMemo(() => fields && filterOf(text, fields.operators), [text, fields]);
  const all = useMemo(() => model && { ...session, model }, [session, model]);
  if (!all || !fields || !filter) return null;
  return (
    <SessionProvider value={all}>
      <InWords text={text} fields={fields} formats={formats} />
      {building && (
        <Builder
          filter={filter}
          fields={fields}
          formats={formats}
          onChange={(next) => {
            const source = written(next, fields.operators);
            if (source !== written(filter, fields.operators)) write(source);
          }}
        />
      )}
    </SessionProvider>
  );
}
