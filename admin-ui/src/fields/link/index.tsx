import { TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { control } from "../control";
import { fieldType, type InputProps } from "../field";
import { followable } from "../href";

interface Link {
  url: string;
  label?: string;
}

function Input(props: InputProps<Link>) {
  const { value, field, label, onChange, onDone, disabled, problem } = props;
  const { t } = useTranslation();
  const done = (event: React.KeyboardEvent) => event.key === "Enter" && !event.nativeEvent.isComposing && onDone?.();
  const set = (next: Link) => onChange(next.url || next.label ? next : null);
  return (
    <fieldset className="parts" aria-label={label ?? field.label} disabled={disabled}>
      {label && <legend>{label}</legend>}
      <TextInput
        {...control({ ...props, label: undefined })}
        aria-label={t("fields.link.url")}
        placeholder="https://"
        inputMode="url"
        error={problem}
        value={value?.url ?? ""}
        onChange={(event) => set({ ...value, url: event.currentTarget.value.trim() })}
        onKeyDown={done}
      />
      <TextInput
        size="xs"
        aria-label={t("fields.link.label")}
        placeholder={t("fields.link.label")}
        maxLength={255}
        value={value?.label ?? ""}
        onChange={(event) => set({ url: value?.url ?? "", label: event.currentTarget.value || undefined })}
        onKeyDown={done}
      />
    </fieldset>
  );
}

/** What is on this site stays in this window. An address that may not be followed is text. */
export default fieldType<Link>({
  type: "link",
  width: 160,
  cell: (value) =>
    followable(value.url) ? (
      <a href={value.url} {...(value.url.startsWith("/") ? {} : { target: "_blank", rel: "noopener noreferrer" })}>
        {value.label || value.url}
      </a>
    ) : (
      value.label || value.url
    ),
  // Where a link leads is told beside what it is called.
  text: ({ url, label }) => (label && label !== url ? `${label} <${url}>` : url),
  parse: (text) => {
    const plain = text.trim();
    const found = /^(.*?)\s*<([^<>]+)>$/.exec(plain);
    if (plain === "") return null;
    const url = (found?.[2] ?? plain).trim();
    return followable(url) ? { url, label: found?.[1] || url } : undefined;
  },
  follows: true,
  sample: () => ({ url: "https://example.com/a", label: "The plan" }),
  Input,
});
