import { expect, test } from "vitest";
import { columnsOf, objectFromFile } from "./fromFile";

const preview = {
  upload: "1",
  rows: 3,
  unknown: [],
  columns: [
    { heading: "deal_id", samples: ["A1"], as: { type: "text", names: true } },
    { heading: "owner", samples: ["Moses"], as: { type: "text" } },
    { heading: "Stage", samples: ["Won"], as: { type: "picklist", options: ["Won", "In talks", "谈判", "Won!"] } },
    { heading: "close_date", samples: ["3/1/2017"], as: { type: "date" } },
    { heading: "Value", samples: ["$10.5"], as: { type: "currency", currency: "USD" } },
    { heading: "Account", samples: ["Acme"], as: { type: "lookup", object: "account" } },
    { heading: "金额", samples: ["1"], as: { type: "number", scale: 3 } },
    { heading: "", samples: ["?"], as: { type: "text" } },
  ],
};

test("the columns of a file become fields, and its object is whole", () => {
  const columns = columnsOf(preview).map((one) => (one.heading === "Account" ? { ...one, type: "text" } : one));
  const { made, fields } = objectFromFile(
    { name: "deal", label: "Deal", plural: "Deals", columns, naming: "deal_id" },
    [],
  );
  const [object, view, layout] = made as unknown as [
    Record<string, unknown>,
    Record<string, unknown>,
    Record<string, unknown>,
  ];
  expect(object.name_field).toBe("deal_id");
  expect(object.fields).toEqual({
    deal_id: { type: "text", label: "Deal id", order: 10, required: true },
    owner_2: { type: "text", label: "Owner", order: 20 }, // every object has an owner of itself
    stage: {
      type: "picklist",
      label: "Stage",
      order: 30,
      options: {
        won: { label: "Won", order: 10 },
        in_talks: { label: "In talks", order: 20 },
        option_1: { label: "谈判", order: 30 },
        won_2: { label: "Won!", order: 40 },
      },
    },
    close_date: { type: "date", label: "Close date", order: 40 },
    value: { type: "currency", label: "Value", order: 50, currency: "USD" },
    account: { type: "text", label: "Account", order: 60 }, // as somebody wanted it
    field_1: { type: "number", label: "金额", order: 70, scale: 3 },
  });
  expect(fields).toEqual({
    deal_id: "deal_id",
    owner: "owner_2",
    Stage: "stage",
    close_date: "close_date",
    Value: "value",
    Account: "account",
    金额: "field_1",
  });
  expect(view.columns).toEqual(["deal_id", "owner_2", "stage", "close_date", "value", "account", "field_1"]);
  const { tabs } = layout as { tabs: { details: { sections: { main: { fields: object } } } } };
  expect(Object.keys(tabs.details.sections.main.fields)).toEqual([...Object.values(fields), "owner"]);
});

test("what is left out is not made", () => {
  const columns = columnsOf(preview).map((one) => ({ ...one, taken: ["deal_id", "Stage"].includes(one.heading) }));
  const { made } = objectFromFile({ name: "deal", label: "Deal", plural: "Deals", columns, naming: "Stage" }, []);
  expect(made[0]).toMatchObject({ name_field: "stage", fields: { stage: { type: "text", required: true } } });
  expect(Object.keys((made[0] as unknown as { fields: object }).fields)).toEqual(["deal_id", "stage"]);
});
