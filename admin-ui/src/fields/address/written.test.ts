import { expect, test } from "vitest";
import { type Address, read, text } from "./written";

const full = { street: "Main street 1", postal_code: "10115", city: "Berlin", state: null, country: "DE" };

test("what is written of an address is read as the same address", () => {
  const all: Address[] = [
    full,
    { ...full, state: "BE" },
    { ...full, country: null },
    { ...full, state: "BE", country: null },
    { ...full, street: null },
    { ...full, street: "Main street 1, 2nd floor" },
    { ...full, postal_code: "SW1A 1AA", city: "London" },
    { ...full, postal_code: null },
    { street: null, postal_code: null, city: "上海", state: null, country: null },
  ];
  for (const one of all) expect(read(text(one))).toEqual(one);
  expect(text(full)).toBe("Main street 1, 10115 Berlin, DE");
});

test("what could be meant otherwise is not read", () => {
  expect(read(" ")).toBeNull();
  for (const one of ["Berlin", "1 Main St, Springfield, IL 62701", "a; b", "a, 10115 Berlin, , DE"])
    expect(read(one)).toBeUndefined();
  expect(read("Hauptstraße 1， 10115 Berlin")).toEqual({ ...full, street: "Hauptstraße 1", country: null });
});
