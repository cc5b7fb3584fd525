import { expect, test } from "vitest";
import { readCSV, writeCSV } from "./csv";

test("what is written is read as it was", () => {
  const rows = [
    ["a", 'b "c"', ""],
    ["1,5", "two\nlines", "张三"],
    ["'=1", " ", "x"],
  ];
  expect(readCSV(writeCSV(rows))).toEqual(rows);
  expect(readCSV(writeCSV([["a"], [""], ["b"]]))).toEqual([["a"], [""], ["b"]]);
});

test("line ends of both kinds end rows, and the last needs none", () => {
  expect(readCSV('a,b\r\n"1\r\n2",3\n4,')).toEqual([
    ["a", "b"],
    ["1\r\n2", "3"],
    ["4", ""],
  ]);
});
