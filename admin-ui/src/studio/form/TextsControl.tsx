import { Button, Textarea, TextInput } from "@mantine/core";
import { IconLanguage } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { languages } from "~/i18n";
import type { Label } from "~/meta/documents";
import { type ControlProps, commonOf, keysOf } from "./controls";
import css from "./Form.module.css";
import { useTyped } from "./kept";

/** A text that people read: one for all, or one for each language. */
export function TextsControl({ shape, label, value, say, problem }: ControlProps<Exclude<Label, undefined>>) {
  const { t, i18n } = useTranslation();
  const lines = shape.is === "texts" && shape.long;
  if (value === undefined || typeof value === "string")
    return (
      <div className={css.texts}>
        <One
          {...commonOf({ shape, label, problem })}
          lines={lines}
          value={value ?? ""}
          say={(text) => say(text || undefined)}
        />
        {value && (
          <Button
            size="compact-xs"
            variant="subtle"
            leftSection={<IconLanguage size={14} />}
            style={{ justifySelf: "start" }}
            onClick={() => say({ [i18n.language]: value })}
          >
            {t("studio.translate")}
          </Button>
        )}
      </div>
    );
  const all = [...new Set([...languages, ...Object.keys(value)])];
  const named = new Intl.DisplayNames(i18n.language, { type: "language" });
  return (
    <fieldset className={css.group}>
      <legend className="small">{label}</legend>
      <div className={css.texts}>
        {all.map((language) => (
          <One
            key={language}
            size="xs"
            aria-label={`${label}, ${named.of(language)}`}
            placeholder={named.of(language)}
            leftSection={<span className="small quiet">{language}</span>}
            error={problem && language === all[0] ? problem : undefined}
            lines={lines}
            value={value[language] ?? ""}
            say={(text) => {
              const { [language]: _, ...others } = value;
              const next = text ? { ...others, [language]: text } : others;
              say(Object.keys(next).length > 0 ? next : undefined);
            }}
          />
        ))}
      </div>
    </fieldset>
  );
}

interface OneProps {
  value: string;
  say(text: string): void;
  lines: boolean;
  size: "xs";
  label?: string;
  description?: string;
  error?: string;
  placeholder?: string;
  leftSection?: React.ReactNode;
  "aria-label"?: string;
}

function One({ value, say, lines, ...looks }: OneProps) {
  const text = useTyped(value, say);
  const all = {
    ...looks,
    value: text.typed,
    onChange: (event: React.ChangeEvent<HTMLInputElement | HTMLTextAreaElement>) =>
      text.type(event.currentTarget.value),
    ...keysOf(text, lines),
  };
  return lines ? <Textarea {...all} autosize maxRows={16} /> : <TextInput {...all} />;
}
