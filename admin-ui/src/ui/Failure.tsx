import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

interface Props {
  /** The sentence of the server; absent: it could not be reached. */
  says?: string;
  /** Each thing that is wrong, with where that is. */
  problems?: { document?: string; detail: string }[];
  /** Of an internal error, as the log of the server has it. */
  id?: string;
  again?(): void;
  /** There is nothing here: the way to where there is something. */
  lost?: boolean;
}

/** What went wrong, where it went wrong. */
export function Failure({ says, problems = [], id, again, lost }: Props) {
  const { t } = useTranslation();
  return (
    <div role="alert" className="failure">
      <p>{says ?? t("offline.unread")}</p>
      {problems.slice(0, 20).map(({ document, detail }) => (
        <p key={`${document} ${detail}`} className="small">
          {document && <strong>{document} </strong>}
          {detail}
        </p>
      ))}
      {id && <p className="quiet small">{t("error.id", { id })}</p>}
      {lost && <Link to="/">{t("app.to_home")}</Link>}
      {again && (
        <Button size="xs" variant="default" onClick={again}>
          {t("error.again")}
        </Button>
      )}
    </div>
  );
}
