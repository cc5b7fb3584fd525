import type { Schemas } from "~/api/client";
import { type FilledIn, InputsForm } from "~/fields/InputsForm";
import type { ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";
import { writingOf } from "./draft";
import { useWorkflow } from "./useWorkflow";

interface Props {
  object: ObjectModel;
  id: string;
  button: Schemas["Button"];
  onClose(): void;
}

/** What a workflow needs of whoever sets it off on a record. */
export function InputsPanel({ object, id, button, onClose }: Props) {
  const { me } = useSession();
  const start = useWorkflow(object, id);
  const kept = writingOf<FilledIn>(`${me.tenant}/${me.user.id}`, `${object.name}/run/${id}/${button.name}`);
  const close = () => {
    kept.keep(undefined);
    onClose();
  };
  const submit = async (values: Record<string, unknown>) => {
    const came = await start(button, values);
    if (came !== true) return came;
    close();
  };
  return <InputsForm button={button} kept={kept} onStart={submit} onClose={close} />;
}
