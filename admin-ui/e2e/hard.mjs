// What makes a tenant hard on the pages: many objects, an object of many fields, long labels, a long list, and
// somebody who may see almost nothing. It is made over the API.
import assert from "node:assert/strict";

export const objects = 300;
export const fields = 500;
/** Of the long list; FORMWORK_UI_ROWS says another number, as `make measure-ui` does. */
export const rows = Number(process.env.FORMWORK_UI_ROWS ?? 5_000);
export const guest = "guest@example.com";

/** A text of 80 characters that begins with a word. */
const long = (word, filler) => [...`${word}${filler.repeat(80)}`].slice(0, 80).join("");
const label = (en, zh) => ({ en: long(`${en} `, "of exceptionally long-winded nomenclature "), zh: long(zh, "名称特别冗长而且无法断行的") });

const option = (en, zh, order, more) => ({ label: label(en, zh), order, ...more });

/** An object of 16 fields, with a view of each kind that is looked at. */
const shipment = {
  kind: "object",
  name: "shipment",
  label: { en: "Shipment", zh: "货运" },
  label_plural: { en: "Shipments", zh: "货运" },
  name_field: "name",
  visibility: "write",
  fields: {
    name: { type: "text", label: { en: "Name", zh: "名称" }, required: true, indexed: true, order: 1 },
    state: {
      type: "picklist",
      label: { en: "State", zh: "状态" },
      options: {
        packed: { label: { en: "Packed", zh: "已打包" }, order: 1, color: "blue" },
        sent: { label: { en: "Sent", zh: "已发出" }, order: 2, color: "orange" },
        there: { ...option("Arrived", "到达", 3), color: "green" },
      },
      order: 2,
    },
    weight: { type: "number", label: { en: "Weight", zh: "重量" }, min: 0, order: 3 },
    worth: { type: "currency", currency: "USD", label: label("Worth", "价值"), order: 4 },
    due: { type: "date", label: { en: "Due", zh: "期限" }, order: 5 },
    fragile: { type: "checkbox", label: label("Fragile", "易碎"), order: 6 },
    ...Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`note_${i}`, { type: "text", label: label(`Note ${i}`, `备注${i}`), order: 10 + i }])),
  },
};
export const columns = Object.keys(shipment.fields);
const views = [
  { name: "all_shipments", label: label("All", "全部"), columns, sort: ["name"], show: "table", order: 1 },
  { name: "by_state", label: { en: "By state", zh: "按状态" }, columns: ["name", "worth"], group: "state", show: "kanban", order: 2 },
].map((view) => ({ kind: "view", object: "shipment", ...view }));

/** An object of 500 fields of several types. */
function form() {
  const types = [{ type: "text" }, { type: "number" }, { type: "date" }, { type: "checkbox" }, { type: "long_text" }];
  const own = { name: { type: "text", label: label("Name", "名称"), required: true, order: 1 } };
  for (let i = 1; i < fields; i++) own[`f${i}`] = { ...types[i % types.length], label: label(`Field ${i}`, `字段${i}`), order: i + 1 };
  return { kind: "object", name: "questionnaire", label: label("Questionnaire", "问卷"), label_plural: label("Questionnaires", "问卷"), name_field: "name", visibility: "write", fields: own };
}

const others = () =>
  Array.from({ length: objects - 2 }, (_, i) => ({
    kind: "object",
    name: `thing_${i}`,
    label: label(`Thing ${i}`, `事物${i}`),
    label_plural: label(`Things ${i}`, `事物${i}`),
    name_field: "name",
    visibility: "write",
    fields: { name: { type: "text", label: label("Name", "名称"), order: 1 }, to: { type: "lookup", object: "shipment", label: label("Goes to", "前往"), order: 2 } },
  }));

/** Three apps of as many items as one may have. */
const apps = () =>
  [0, 1, 2].map((n) => {
    const of = ["shipment", "questionnaire", ...others().map(({ name }) => name)].slice(n * 100, (n + 1) * 100);
    const items = Object.fromEntries(of.map((object, order) => [object, { object, order }]));
    return { kind: "app", name: `app_${n}`, label: label(`App ${n}`, `应用${n}`), order: 100 + n, items };
  });

/** Reads one object, and of it two fields. */
const little = {
  kind: "permission",
  name: "little",
  label: "Little",
  objects: { shipment: { read: true, read_all: true, fields: { "*": "none", name: "read", state: "read" } } },
  system: ["api"],
};

export const shipmentName = (i) => `Shipment ${String(i).padStart(6, "0")}`;

/** Burdens a tenant as its administrator; tells how long the rows took, in ms, and which record has many fields. */
export async function burden(api, password) {
  await api("POST", "/metadata/apply", { documents: [shipment, ...views, form(), ...others(), little, ...apps()] });
  const begun = performance.now();
  await fill(api);
  const took = performance.now() - begun;
  const { id: questionnaire } = await api("POST", "/records/questionnaire", { name: "The only one", f1: 1 });
  const { id } = await api("POST", "/records/user", { name: "Guest", email: guest, active: true, permissions: ["little"] });
  await api("PUT", `/users/${id}/password`, { password });
  return { took, questionnaire };
}

const batch = 1000; // operations of one request
const states = ["packed", "sent", "there"];

/** Makes the long list. Two requests at a time: one is read and checked while the other is written. */
async function fill(api) {
  let next = 0;
  const load = async () => {
    while (next < rows) {
      const from = next;
      next += batch;
      const operations = Array.from({ length: Math.min(batch, rows - from) }, (_, i) => ({ op: "create", data: one(from + i) }));
      const { failed } = await api("POST", "/records/shipment/bulk", { operations });
      assert.equal(failed, 0);
    }
  };
  await Promise.all([load(), load()]);
}

const one = (i) => ({
  name: shipmentName(i),
  state: states[i % states.length],
  weight: (i * 7919) % 1000,
  worth: ((i * 104_729) % 100_000) / 100,
  due: new Date(Date.UTC(2026, 0, 1 + (i % 700))).toISOString().slice(0, 10),
  fragile: i % 3 === 0,
  ...Object.fromEntries(Array.from({ length: 9 }, (_, n) => [`note_${n}`, `Note ${n} of ${i}`])),
});
