import { Button } from "@mantine/core";
import { IconArrowBackUp, IconArrowDownLeft, IconArrowUpRight } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { refusal } from "~/api/client";
import { read } from "~/api/records";
import { type Formats, typeOf } from "~/fields";
import { FileList } from "~/fields/files/FileList";
import type { ObjectModel } from "~/meta/model";
import { useSession } from "~/meta/session";
import { useFiles } from "../files/useFiles";
import { recordKey } from "../opened";
import css from "./Activity.module.css";
import { envelopeOf } from "./mail";

interface Props {
  object: ObjectModel;
  row: Record<string, unknown>;
  at: string | undefined;
  formats: Formats;
  /** Begins an answer; absent where the reader writes none. */
  onAnswer?(): void;
}

/** A message: who wrote to whom, what is wrong with it, and, opened, its text and files. */
export function Message({ object, row, at, formats, onAnswer }: Props) {
  const { t } = useTranslation();
  const [opened, setOpened] = useState(false);
  const id = String(row.id);
  const { from, to, incoming, state, reason, problem } = envelopeOf(row);
  const Way = incoming ? IconArrowDownLeft : IconArrowUpRight;
  const option = (name: string, value: string) => {
    const field = object.fields.get(name);
    return field && typeOf(field.shows).cell(value, { field, formats });
  };
  return (
    <li className={css.entry}>
      <div className={css.head}>
        <span className="quiet small">
          <Way size={12} aria-hidden /> {t(incoming ? "mail.incoming" : "mail.outgoing")}
        </span>
        <span className="quiet small">{at === undefined ? "" : formats.moment(at)}</span>
      </div>
      <Link to={`/o/${object.name}/${id}`}>{String(row[object.nameField] ?? "") || t("mail.no_subject")}</Link>
      {(from || to) && (
        <div className="small">
          <span className="quiet">{t("mail.from")}</span> {from || "…"} <span className="quiet">{t("mail.to")}</span>{" "}
          {to || "…"}
        </div>
      )}
      {(state || reason || problem) && (
        <div className="small">
          {state && <span className={css.part}>{option("state", state)}</span>}
          {reason ? <span title={problem}>{option("reason", reason)}</span> : <span className="bad">{problem}</span>}
        </div>
      )}
      <div className={css.add}>
        <Button size="compact-xs" variant="subtle" aria-expanded={opened} onClick={() => setOpened(!opened)}>
          {t(opened ? "mail.fold" : "mail.unfold")}
        </Button>
        {onAnswer && (
          <Button size="compact-xs" variant="subtle" leftSection={<IconArrowBackUp size={12} />} onClick={onAnswer}>
            {t("mail.answer")}
          </Button>
        )}
      </div>
      {opened && <Contents object={object} id={id} formats={formats} />}
    </li>
  );
}

/** As many characters as are shown here. */
const most = 5000;

/** The text of a message and its files. Markup that came along is shown on its own page, cleaned; here stands what it says. */
function Contents({ object, id, formats }: { object: ObjectModel; id: string; formats: Formats }) {
  const { t } = useTranslation();
  const { me } = useSession();
  const wanted = ["text", "cc_addresses"].filter((name) => object.fields.has(name));
  const found = useQuery({
    queryKey: [...recordKey(me.tenant, object, id), "message"],
    queryFn: ({ signal }) => read(object.name, id, wanted, signal),
  });
  const files = useFiles(object, id, true);
  if (found.isError) return <p className="bad small">{refusal(found.error)?.detail ?? t("error.offline")}</p>;
  if (!found.data) return <p className="quiet small" aria-busy="true" />;
  const { text, cc_addresses: copies } = found.data as { text?: string | null; cc_addresses?: string | null };
  return (
    <div className={css.message}>
      {copies && (
        <p className="small">
          <span className="quiet">{t("mail.cc")}</span> {copies}
        </p>
      )}
      <div className={css.text}>{text?.slice(0, most) || <span className="quiet">{t("mail.no_text")}</span>}</div>
      {(text?.length ?? 0) > most && <Link to={`/o/${object.name}/${id}`}>{t("mail.whole")}</Link>}
      <FileList files={files.items} uploads={[]} formats={formats} />
    </div>
  );
}
