import type { ComponentProps } from "react";
import type { ObjectModel } from "~/meta/model";

interface Props extends Omit<ComponentProps<"a">, "href" | "onClick"> {
  object: ObjectModel;
  id: string;
  onOpen(id: string): void;
}

/** A link to a record, which is opened as the way opens one unless a tab or window of its own is wanted. */
export function OpenLink({ object, id, onOpen, ...rest }: Props) {
  return (
    <a
      {...rest}
      href={`/o/${object.name}/${id}`}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        onOpen(id);
      }}
    />
  );
}
