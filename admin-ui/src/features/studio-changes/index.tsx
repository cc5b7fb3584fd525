import { SegmentedControl } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { useDrafting } from "~/studio/drafting";
import { WaitingRows } from "~/studio/WaitingRows";
import css from "./Changes.module.css";
import { History } from "./History";
import { Publishing } from "./Publishing";

/** What a draft changes and would do, and what was published before. */
export default function Changes() {
  const { t } = useTranslation();
  const [params, setParams] = useSearchParams();
  const { draft, ready } = useDrafting();
  const history = params.get("view") === "history";
  const show = (view: string, without = false) =>
    setParams((now) => {
      const next = new URLSearchParams(now);
      if (without) next.delete("draft");
      if (view === "history") next.set("view", view);
      else next.delete("view");
      return next;
    });
  return (
    <div className={css.page}>
      <div className={css.inner}>
        <h1>{t("studio.section.changes")}</h1>
        <SegmentedControl
          size="xs"
          style={{ justifySelf: "start" }}
          value={history ? "history" : "draft"}
          onChange={(view) => show(view)}
          data={[
            { value: "draft", label: t("studio.draft") },
            { value: "history", label: t("studio.history") },
          ]}
        />
        <WaitingRows />
        {history ? (
          <History />
        ) : draft ? (
          <Publishing key={draft.id} draft={draft} done={() => show("history", true)} />
        ) : (
          ready && <p className={css.empty}>{t("studio.nothing_changed")}</p>
        )}
      </div>
    </div>
  );
}
