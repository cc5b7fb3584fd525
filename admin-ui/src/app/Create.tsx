import { CreatePanel, givenBy } from "~/features/record";
import type { ObjectModel } from "~/meta/model";

interface Props {
  object: ObjectModel;
  given: string;
  onClose(): void;
  onCreated(id: string): void;
}

export default function Create({ object, given, onClose, onCreated }: Props) {
  return <CreatePanel object={object} given={givenBy(object, given)} onClose={onClose} onCreated={onCreated} />;
}
