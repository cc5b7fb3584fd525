import type { Schemas } from "~/api/client";
import { InputsForm } from "~/fields/InputsForm";
import type { ObjectModel } from "~/meta/model";
import { useWorkflow } from "./useWorkflow";

interface Props {
  object: ObjectModel;
  id: string;
  button: Schemas["Button"];
  onClose(): void;
}

/** What a workflow needs of whoever sets it off on a record. */
export function InputsPanel({ object, id, button, onClose }: Props) {
  const start = useWorkflow(object, id);
  const submit = async (values: Record<string, unknown>) => {
    const came = await start(button, values);
    if (came !== true) return came;
    onClose();
  };
  return <InputsForm button={button} onStart={submit} onClose={onClose} />;
}
