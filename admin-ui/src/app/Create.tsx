import { CreatePanel } from "~/features/record";
import type { ObjectModel } from "~/meta/model";

interface Props {
  object: ObjectModel;
  given: string;
  onClose(): void;
  onCreated(id: string): void;
}

export default function Create({ object, given, onClose, onCreated }: Props) {
  return <CreatePanel object={object} given={given} onClose={onClose} onCreated={onCreated} />;
}
