import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { refusal, type Schemas } from "~/api/client";
import { runWorkflow } from "~/api/workflows";
import type { ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";
import { notify } from "~/ui/notices";

/** Sets off a workflow on a record, and says what became of it. */
export function useWorkflow(object: ObjectModel, id: string) {
  const { t } = useTranslation();
  const { me } = useSession();
  const cache = useQueryClient();
  return async ({ name, label }: Schemas["Button"]) => {
    try {
      const { problem, state } = await runWorkflow(object.name, id, name);
      if (state === "failed") notify({ text: problem?.detail ?? t("workflow.failed", { label }), tone: "bad" });
      else notify({ text: t(state === "waiting" ? "workflow.waits" : "workflow.done", { label }) });
    } catch (error) {
      notify({ text: refusal(error)?.detail ?? t("error.offline"), tone: "bad" });
    }
    await cache.invalidateQueries({ queryKey: [me.tenant] });
  };
}
