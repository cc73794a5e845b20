import { expect, test } from "vitest";
import { formatting } from "~/i18n/format";

test("sizes are in units of 1,024, called so", () => {
  const { bytes } = formatting("en");
  expect([0, 1, 1023, 1024, 1536, 1024 ** 2, 16 * 1024 ** 3, 5 * 1024 ** 5].map(bytes)).toEqual([
    "0 B", "1 B", "1,023 B", "1 KiB", "1.5 KiB", "1 MiB", "16 GiB", "5,120 TiB",
  ]);
});
