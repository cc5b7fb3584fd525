import { expect, test } from "vitest";
import { readCSV } from "./csv";
import { readRefused, remaining, toSend } from "./refused";

const text = `name,amount,_row,_reasons\nA,x,3,Amount: no number. | Name: taken.\n'=B,y,7,Amount: no number.\n`;

test("refused rows are read with their numbers and reasons, and corrected ones are sent", async () => {
  const refused = readRefused(text);
  expect(refused.headings).toEqual(["name", "amount"]);
  expect(refused.rows[0]).toEqual({ number: 3, cells: ["A", "x"], reasons: ["Amount: no number.", "Name: taken."] });
  // A row that is no longer refused is not sent, whatever was written into it.
  const { file, numbers } = toSend(refused, { 7: ["'=B", "5"], 9: ["C", "1"] });
  expect(numbers).toEqual([7]);
  expect(readCSV(await file.text())).toEqual([
    ["name", "amount"],
    ["'=B", "5"],
  ]);
});

test("what remains are the rows that were not sent again, and those that were refused again", () => {
  const all = { refused: readRefused(text) };
  const numbersOf = (parts: Parameters<typeof remaining>[0]) => remaining(parts).rows.map((row) => row.number);
  expect(numbersOf([all])).toEqual([3, 7]);
  expect(numbersOf([all, { numbers: [7] }])).toEqual([3]);
  const again = { numbers: [7, 3], refused: readRefused("name,amount,_row,_reasons\nA,z,3,why\n", [7, 3]) };
  expect(remaining([all, again])).toEqual({
    headings: ["name", "amount"],
    rows: [{ number: 3, cells: ["A", "z"], reasons: ["why"] }],
  });
});
