import { Textarea, type TextareaProps } from "@mantine/core";
import { useTranslation } from "react-i18next";

/** How many characters of a comment with a decision the server takes. */
const most = 2000;

interface Props extends Omit<TextareaProps, "onChange" | "value"> {
  value: string;
  onChange(value: string): void;
}

/** What somebody says with a decision. What is too long is told while it is written, and never cut off. */
export function Comment({ value, onChange, ...more }: Props) {
  const { t, i18n } = useTranslation();
  const has = [...value].length;
  const number = (of: number) => of.toLocaleString(i18n.language);
  const says = has > 0.8 * most && t("approval.length", { has: number(has), most: number(most) });
  return (
    <Textarea
      {...more}
      autosize
      value={value}
      description={has <= most && says}
      error={has > most && says}
      inputWrapperOrder={["label", "input", "description", "error"]}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}
