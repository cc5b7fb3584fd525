import { useTranslation } from "react-i18next";
import { useSession } from "~/meta/session";
import { Title } from "~/ui/Title";
import { Keys } from "./Keys";
import { Look } from "./Look";
import css from "./Me.module.css";
import { Profile } from "./Profile";
import { Region } from "./Region";
import { Security } from "./Security";

/** One's own settings. Each is stored where it is changed. */
export default function Me() {
  const { t } = useTranslation();
  const { me } = useSession();
  return (
    <div className={css.page}>
      <Title>{t("me.title")}</Title>
      <div className={css.inner}>
        <h1>{t("me.title")}</h1>
        <Profile />
        <Region />
        <Look />
        <Security />
        {me.rights.system.includes("manage_keys") && <Keys />}
      </div>
    </div>
  );
}
