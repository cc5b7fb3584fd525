import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { type Problem, refusal, type Schemas } from "~/api/client";
import { runWorkflow } from "~/api/workflows";
import type { ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";
import { notify } from "~/ui/notices";

/**
 * Sets off a workflow on a record, and says what became of it: true if there is a run of it, else what was filled in
 * and can't be taken.
 */
export function useWorkflow(object: ObjectModel, id: string) {
  const { t } = useTranslation();
  const { me } = useSession();
  const cache = useQueryClient();
  return async (
    { name, label }: Schemas["Button"],
    inputs: Record<string, unknown> = {},
  ): Promise<true | Problem | undefined> => {
    let came: true | undefined;
    try {
      const { problem, state } = await runWorkflow(object.name, id, name, inputs);
      if (state === "failed") notify({ text: problem?.detail ?? t("workflow.failed", { label }), tone: "bad" });
      else notify({ text: t(state === "waiting" ? "workflow.waits" : "workflow.done", { label }) });
      came = true;
    } catch (error) {
      const why = refusal(error);
      if (why?.code === "workflow.inputs") return why;
      notify({ text: why?.detail ?? t("error.offline"), tone: "bad" });
    }
    await cache.invalidateQueries({ queryKey: [me.tenant] });
    return came;
  };
}
