import { Button } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { refusal } from "~/api/client";
import { binned } from "~/api/past";
import { restore } from "~/api/records";
import type { Formats } from "~/fields";
import type { ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";
import { Failure } from "~/ui/Failure";

interface Props {
  object: ObjectModel;
  id: string;
  formats: Formats;
}

/** A record that is not there: where it is in the bin, it says so and can be taken out. */
export function Missing({ object, id, formats }: Props) {
  const { t } = useTranslation();
  const { me } = useSession();
  const cache = useQueryClient();
  const [problem, setProblem] = useState<string>();
  const found = useQuery({
    queryKey: [me.tenant, object.name, "bin", id],
    queryFn: ({ signal }) => binned(object.name, id, signal),
    enabled: object.can.delete,
    retry: false,
  });
  if (!found.data) return <Failure says={t("record.not_found")} lost />;
  const back = async () => {
    try {
      await restore(object.name, id);
      await cache.invalidateQueries({ queryKey: [me.tenant] });
    } catch (error) {
      setProblem(refusal(error)?.detail ?? t("error.offline"));
    }
  };
  return (
    <div style={{ padding: 24 }}>
      <p>
        {t("record.in_bin", { name: found.data.name || object.label, at: formats.datetime(found.data.deleted_at) })}
      </p>
      <Button size="xs" onClick={() => void back()}>
        {t("record.restore")}
      </Button>
      {problem && (
        <p className="bad" role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}
