// What the pages say in a language: the program's own texts, and the labels of the documents that a person is shown. A
// journey that names all that it looks for in these is one journey for all languages.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import i18next from "i18next";

/** The program's texts in a language, by their key. */
export function texts(language) {
  const all = JSON.parse(readFileSync(new URL(`../src/i18n/${language}.json`, import.meta.url), "utf8"));
  return (key, values = {}) => {
    let text = key.split(".").reduce((at, step) => at?.[step], all);
    assert.ok(text, `${key} in ${language}`);
    for (const [name, value] of Object.entries(values)) text = text.replaceAll(`{{${name}}}`, value);
    return text;
  };
}

/** The program names these itself; see system in src/meta/model.ts. */
const own = { owner: { en: "Owner", zh: "负责人" } };

/** The words of a language, by what they name. `api` asks as the person who reads the pages. */
export async function wordsOf(api, language) {
  const texts = JSON.parse(readFileSync(new URL(`../src/i18n/${language}.json`, import.meta.url), "utf8"));
  const i18n = i18next.createInstance();
  await i18n.init({ lng: language, resources: { [language]: { translation: texts } }, interpolation: { escapeValue: false } });
  const { documents } = await api("GET", "/session");
  const find = (kind, name) => {
    const found = documents.find((one) => one.kind === kind && one.name === name);
    assert.ok(found, `there is no ${kind} ${name}`);
    return found;
  };
  const say = (label) => (typeof label === "string" ? label : (label[language] ?? label.en));
  const field = (object, name) => find("object", object).fields[name] ?? { label: own[name] };
  return {
    language,
    t(key, more) {
      assert.ok(i18n.exists(key, more), `there is no text ${key}`);
      return i18n.t(key, more);
    },
    object: (name) => say(find("object", name).label),
    plural: (name) => say(find("object", name).label_plural),
    view: (name) => say(find("view", name).label),
    field: (object, name) => say(field(object, name).label),
    option(object, name, value) {
      const { options, picklist } = field(object, name);
      return say((options ?? find("picklist", picklist).options)[value].label);
    },
    related: (layout, list) => say(find("layout", layout).related[list].label),
    section: (layout, tab, section) => say(find("layout", layout).tabs[tab].sections[section].label),
    rule: (object, name) => say(find("object", object).duplicates[name].label),
    item: (app, name) => say(find("app", app).items[name].label),
  };
}
