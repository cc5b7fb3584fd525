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

interface Props {
  point: Point;
  /** What it says where it has no words of its own. */
  label?: string;
  className?: string;
  children: ReactNode;
}

/** A part of a drawing that leads to the records behind it. */
export const PartLink = ({ point, label, className, children }: Props) => (
  <Link to={point.to} aria-label={label} className={className}>
    {children}
  </Link>
);
