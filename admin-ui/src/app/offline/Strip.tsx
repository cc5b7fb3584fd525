import { IconCloudOff, IconRefresh } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { doubt, useReached } from "~/api/connection";
import css from "./Strip.module.css";
import { useNewer } from "./worker";

/** A line below the content, so that nothing moves when it comes: the server can't be reached, or a new version is ready. */
export function Strip() {
  const { t } = useTranslation();
  const reached = useReached();
  const newer = useNewer((s) => s.newer);
  const [says, label, run] = !reached
    ? ([t("offline.strip"), t("error.again"), () => void doubt()] as const)
    : newer
      ? ([t("offline.newer"), t("offline.reload"), () => location.reload()] as const)
      : [];
  const Icon = reached ? IconRefresh : IconCloudOff;
  return (
    <div role="status" className={css.strip} data-reached={reached}>
      {says && (
        <>
          <Icon size={16} aria-hidden />
          <span>{says}</span>
          <button type="button" onClick={run}>
            {label}
          </button>
        </>
      )}
    </div>
  );
}
