import { Button } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Approval } from "~/api/approvals";
import type { Formats } from "~/fields";
import type { Choice } from "~/fields/field";
import { find } from "~/fields/find";
import { ReferenceInput } from "~/fields/ReferenceInput";
import type { Field } from "~/meta/model";
import { useSession } from "~/meta/session";
import css from "./Approvals.module.css";

interface Props {
  approval: Approval;
  /** One that refers to users. */
  field: Field;
  formats: Formats;
  busy: boolean;
  onPass(to: string): void;
}

/** Who decides instead: neither whoever asks, nor anybody who was asked already. */
export function PassOn({ approval, field, formats, busy, onPass }: Props) {
  const { t } = useTranslation();
  const { model } = useSession();
  const [to, setTo] = useState<Pick<Choice, "id" | "name">>();
  const users = find(model, "user");
  const taken = [approval.by, ...approval.approvers.map((one) => one.user)];
  return (
    <div className={css.passing}>
      <ReferenceInput
        field={field}
        formats={formats}
        target="user"
        value={to?.id ?? null}
        name={to?.name}
        label={t("approval.pass_to")}
        autoFocus
        candidates={async (words, signal) => (await users(words, signal)).filter(({ id }) => !taken.includes(id))}
        onChange={(id, name) => setTo(id ? { id, name: name ?? "" } : undefined)}
      />
      <Button size="xs" disabled={!to || busy} onClick={() => to && onPass(to.id)}>
        {to ? t("approval.pass_on_to", { who: to.name }) : t("approval.pass_on")}
      </Button>
    </div>
  );
}
