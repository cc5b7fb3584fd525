// The program's own texts. A language is a file here: its name is the language.
import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import { isolated } from "./isolated";

const files = import.meta.glob<{ default: Record<string, unknown> }>("./*.json", { eager: true });
const resources = Object.fromEntries(
  Object.entries(files).map(([path, file]) => [path.slice(2, -5), { translation: file.default }]),
);

export const languages = Object.keys(resources).sort();

/** The language of the program's texts for one that a person or a browser asks for. */
export const nearest = (wanted: string | undefined): string =>
  languages.find((one) => wanted?.toLowerCase().startsWith(one)) ?? "en";

export const i18n = i18next.createInstance();
await i18n.use(initReactI18next).init({
  resources,
  lng: nearest(globalThis.navigator?.language),
  fallbackLng: "en",
  interpolation: { escape: isolated }, // of markup React takes care
});
