// The ways of showing a list besides the table, each loaded when it is first shown.
import { type ComponentType, lazy } from "react";
import type { WayProps } from "~/features/ways/types";

const board = lazy(() => import("~/features/ways/board"));

/** By what a view says in `show`, or an address in `as`. */
export const ways: Record<string, ComponentType<WayProps>> = {
  kanban: board,
  board,
  calendar: lazy(() => import("~/features/ways/calendar")),
  timeline: lazy(() => import("~/features/ways/timeline")),
  gallery: lazy(() => import("~/features/ways/gallery")),
  chart: lazy(() => import("~/features/ways/chart")),
};
