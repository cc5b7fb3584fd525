import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useAnswered } from "~/api/answered";
import { type Approval, myApprovals } from "~/api/approvals";
import { useFormats } from "~/fields/useFormats";
import { inboxKey } from "~/meta/mine";
import { useSession } from "~/meta/session";
import { Glyph } from "~/ui/Glyph";
import css from "../Home.module.css";
import { Part as Under } from "../Part";
import type { OwnProps, Pending as PendingType, WidgetType } from "../widget";

const usual = 3;
const none: Approval[] = [];

/** What waits for its reader to decide, who may do so here; nothing where nothing waits. */
function Part({ widget, label, Pending }: OwnProps & { Pending: PendingType }) {
  const { t } = useTranslation();
  const { me, model } = useSession();
  const formats = useFormats();
  const found = useQuery({
    queryKey: [...inboxKey(me), "approvals"],
    queryFn: ({ signal }) => myApprovals(signal),
  });
  const { all, onAnswered } = useAnswered(found.data?.items ?? none);
  const waiting = all.filter((one) => model.objects.has(one.object));
  if (waiting.length === 0) return null;
  const most = widget.limit ?? usual;
  return (
    <Under widget={widget} label={label} to="/inbox">
      <ul className={css.approvals}>
        {waiting.slice(0, most).map((one) => (
          <li key={one.id}>
            <Link to={`/o/${one.object}/${one.record}`}>
              <Glyph name={model.objects.get(one.object)?.icon} /> {one.name || t("recent.nameless")}
            </Link>
            <Pending approval={one} formats={formats} keys={false} onAnswered={onAnswered} />
          </li>
        ))}
      </ul>
      {waiting.length > most && (
        <Link to="/inbox" className="small">
          {t("home.more", { count: waiting.length - most })}
        </Link>
      )}
    </Under>
  );
}

export default { type: "approvals", Part } satisfies WidgetType;
