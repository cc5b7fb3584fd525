import { useMediaQuery } from "@mantine/hooks";
import { useSettings } from "./mine";

/** The height of the rows of a list, in px: as the person set it, and enough for a finger where one points. */
export function useRowHeight(): number {
  const { density } = useSettings();
  const touch = useMediaQuery("(pointer: coarse)", undefined, { getInitialValueInEffect: false });
  if (touch) return 44;
  return density === "comfortable" ? 40 : 32;
}
