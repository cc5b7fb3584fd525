// Documents, records and people whose every text would run as a script, or turn the page around, if it were taken
// for anything but text; and somebody with few rights, for whom much of it is not there.

/** Runs, if a page takes it for markup, an address or a template. `ran` is a complaint (browser.mjs). */
export const evil = `"><img src=x onerror=ran()><script>ran()</script>{{1+1}}$t(record.save)`;
/** Shows what follows it in the same line from right to left. */
export const turned = "\u202Etxt.\u200Bexe";
export const address = "javascript:ran()//";

/** A hostile text of its own for a place, so that it is seen that it is shown there. */
export const at = (place) => `${place} ${evil}`;
const label = (place) => ({ en: at(place), zh: at(place) });

export const fields = {
  name: { type: "text", label: label("Name"), help: label("Help"), max_length: 400, order: 1 },
  state: { type: "picklist", label: label("State"), options: { one: { label: label("One"), order: 1 }, two: { label: label("Two"), order: 2 } }, order: 2 },
  marks: { type: "multi_picklist", label: label("Marks"), options: { a: { label: label("Mark") } }, order: 3 },
  tags: { type: "tags", label: label("Tags"), order: 4 },
  story: { type: "long_text", label: label("Story"), order: 5 },
  rich: { type: "rich_text", label: label("Rich"), order: 6 },
  raw: { type: "json", label: label("Raw"), order: 7 },
  made: { type: "formula", result: "text", expression: 'name + "!"', label: label("Made"), order: 8 },
  leads: { type: "formula", result: "url", expression: `"${address}"`, label: label("Leads"), order: 9 },
  other: { type: "lookup", object: "odd", label: label("Other"), order: 10 },
  day: { type: "date", label: label("Day"), order: 11 },
  until: { type: "date", label: label("Until"), order: 12 },
  size: { type: "number", label: label("Size"), order: 13 },
  papers: { type: "file", label: label("Papers"), order: 14 },
  parts: { type: "children", label: label("Parts"), order: 15, fields: { what: { type: "text", max_length: 400, label: label("What") } } },
};
const columns = Object.keys(fields).filter((name) => !["help", "parts"].includes(name));
const view = (show, more) => ({ kind: "view", name: `odd_${show}`, object: "odd", label: label(show), columns, show, order: 1, ...more });

export const documents = [
  {
    kind: "object",
    name: "odd",
    label: label("Odd"),
    label_plural: label("Odds"),
    name_field: "name",
    visibility: "write",
    search: ["name"],
    fields,
    rules: { small: { must: "size == nil or size < 100", field: "size", message: label("Rule") } },
    duplicates: { same: { match: { name: { how: "text" } }, action: "warn" } },
  },
  view("table", { sum: ["size"], order: 0 }),
  view("kanban", { group: "state" }),
  view("calendar", { start: "day", end: "until" }),
  view("timeline", { start: "day", end: "until" }),
  view("gallery", {}),
  view("chart", { group: "name", sum: [{ op: "sum", field: "size", as: at("Sum") }] }),
  {
    kind: "layout",
    name: "odd",
    object: "odd",
    label: label("Layout"),
    highlights: ["state", "leads"],
    tabs: {
      first: { label: label("Tab"), order: 1, sections: { all: { label: label("Section"), order: 1, fields: Object.fromEntries(columns.map((name, order) => [name, { order }])) } } },
      second: { label: label("Second"), order: 2, sections: { all: { label: label("Rest"), fields: { parts: {} } } } },
    },
    related: { others: { label: label("Others"), object: "odd", lookup: "other", columns: ["name", "state"] } },
  },
  { kind: "app", name: "oddities", label: label("App"), order: 1, items: { odds: { label: label("Item"), object: "odd", view: "odd_table", order: 1 } } },
  {
    kind: "dashboard",
    name: "oddities",
    label: label("Dashboard"),
    order: 0,
    widgets: {
      list: { type: "list", label: label("Widget"), object: "odd", columns: ["name", "state"], order: 1 },
      chart: { type: "chart", label: label("Drawn"), object: "odd", group: "state", chart: "pie", order: 2 },
    },
  },
];

/** A record with a hostile text in each field that takes one. */
export const values = {
  name: at("Called"),
  state: "one",
  marks: ["a"],
  tags: [turned, "<b>tag</b>"],
  story: `${turned}\n${evil}`,
  rich: `<p>Rich<img src=x onerror=ran()><a href="${address}">link</a><script>ran()</script><svg onload=ran()></svg></p>`,
  raw: { [evil]: evil },
  day: "2027-03-10",
  until: "2027-03-12",
  size: 5,
  parts: [{ what: at("Part") }],
};

/** What the clerk may not read, in any answer but one to a question that has it. */
export const secrets = ["13812345678", "1234567", "amber room", "locked away", "whispered", "golden chest", "vault_hidden"];

/** Objects of which the clerk may read little, and the set of the clerk's rights. */
export const guarded = [
  {
    kind: "object",
    name: "vault",
    label: "Vault",
    label_plural: "Vaults",
    name_field: "name",
    visibility: "read",
    search: ["name", "phone", "vault_hidden"],
    fields: {
      name: { type: "text", label: "Name", order: 1 },
      phone: { type: "text", label: "Phone", mask: "###****####", order: 2 },
      vault_hidden: { type: "text", label: "Room", order: 3 },
      safe: { type: "lookup", object: "safe", label: "Safe", order: 4 },
      anything: { type: "any_lookup", objects: ["safe", "strongbox"], label: "Anything", order: 5 },
      state: { type: "picklist", label: "State", options: { open: { label: "Open" }, shut: { label: "Shut" } }, order: 6 },
    },
  },
  { kind: "object", name: "safe", label: "Safe", label_plural: "Safes", name_field: "name", visibility: "private", fields: { name: { type: "text", label: "Name" } } },
  { kind: "object", name: "strongbox", label: "Chest", label_plural: "Chests", name_field: "name", visibility: "read", fields: { name: { type: "text", label: "Name" } } },
  { kind: "view", name: "vaults", label: "Vaults", object: "vault", columns: ["name", "phone", "vault_hidden", "safe", "safe.name", "anything", "state"], sort: ["name"], show: "table", order: 1 },
  { kind: "view", name: "chests", label: "Chests", object: "strongbox", columns: ["name"], show: "table" },
  {
    kind: "permission",
    name: "clerk",
    label: "Clerk",
    objects: {
      vault: { read: true, fields: { "*": "read", phone: "masked", vault_hidden: "none" } },
      safe: { read: true, update: true },
      user: { read: true, fields: { "*": "none", name: "read" } },
    },
    system: ["api"],
  },
  { kind: "permission", name: "exporter", label: "Exporter", objects: {}, system: ["api", "export"] },
];
