import { TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { fieldType, type InputProps } from "../field";

interface Location {
  lat: number;
  lng: number;
}

/** Degrees with a point, as maps and devices write them in every language; undefined for what is no place. */
function read(text: string): Location | null | undefined {
  if (text.trim() === "") return null;
  const found = /^\s*(-?\d{1,2}(?:\.\d{1,6})?)\s*[,，;\s]\s*(-?\d{1,3}(?:\.\d{1,6})?)\s*$/.exec(text);
  if (!found) return undefined;
  const at = { lat: Number(found[1]), lng: Number(found[2]) };
  return Math.abs(at.lat) <= 90 && Math.abs(at.lng) <= 180 ? at : undefined;
}

const write = ({ lat, lng }: Location) => `${lat}, ${lng}`;

/** Two numbers; a pair that is pasted into either fills both. */
function Input({
  value,
  field,
  label,
  problem,
  required,
  onChange,
  onDone,
  autoFocus,
  disabled,
}: InputProps<Location>) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState<{ lat: string; lng: string }>();
  const now = typed ?? { lat: value ? String(value.lat) : "", lng: value ? String(value.lng) : "" };
  const wrong = read(`${now.lat},${now.lng}`) === undefined && now.lat !== "" && now.lng !== "";
  const set = (next: { lat: string; lng: string }) => {
    const pair = read(next.lat) ?? read(next.lng);
    const parts = pair ? { lat: String(pair.lat), lng: String(pair.lng) } : next;
    setTyped(parts);
    const at = parts.lat === "" && parts.lng === "" ? null : read(`${parts.lat},${parts.lng}`);
    if (at !== undefined) onChange(at);
  };
  return (
    <fieldset className="parts" aria-label={label ?? field.label} disabled={disabled}>
      {label && (
        <legend>
          {label}
          {required && " *"}
        </legend>
      )}
      {(["lat", "lng"] as const).map((part, i) => (
        <TextInput
          key={part}
          size="xs"
          autoFocus={autoFocus && i === 0}
          aria-label={field.parts.get(part)?.label}
          placeholder={field.parts.get(part)?.label}
          inputMode="decimal"
          value={now[part]}
          error={i === 1 && wrong ? t("unreadable.location") : i === 0 ? problem : undefined}
          onChange={(event) => set({ ...now, [part]: event.currentTarget.value })}
          onKeyDown={(event) => event.key === "Enter" && !wrong && onDone?.()}
        />
      ))}
    </fieldset>
  );
}

export default fieldType<Location>({
  type: "location",
  width: 180,
  cell: (value) => (
    <a
      href={`https://www.openstreetmap.org/?mlat=${value.lat}&mlon=${value.lng}&zoom=16`}
      target="_blank"
      rel="noopener noreferrer"
    >
      {write(value)}
    </a>
  ),
  text: write,
  parse: read,
  follows: true,
  sample: () => ({ lat: 52.520008, lng: 13.404954 }),
  Input,
});
