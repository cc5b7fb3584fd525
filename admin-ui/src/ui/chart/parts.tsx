import type { ReactNode } from "react";
import { Link } from "react-router";

export interface Point {
  key: string;
  label: string;
  value: number;
  /** The value as it is written. */
  text: string;
  /** What is measured besides, as it is written. */
  others: string[];
  /** The list of what was measured. */
  to: string;
  /** One of the eight colours. */
  colour?: string;
}

export interface Drawing {
  points: Point[];
  /** Of the place, in pixels. */
  width: number;
  height: number;
}

/** What is told of a point where the pointer is. */
export const told = (p: Point) => [`${p.label}: ${p.text}`, ...p.others].join(" · ");

/** A part of a drawing that leads to the records behind it. */
export function PartLink({ point, children, className }: { point: Point; children: ReactNode; className?: string }) {
  return (
    <Link to={point.to} aria-label={told(point)} className={className}>
      {children}
    </Link>
  );
}
