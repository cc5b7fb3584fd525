import { type ComponentType, lazy, Suspense } from "react";
import type { InputProps } from "./field";

/** An input that is loaded when one is first drawn. */
export function later<V>(load: () => Promise<{ default: ComponentType<InputProps<V>> }>): ComponentType<InputProps<V>> {
  const Loaded = lazy(load);
  return (props) => (
    <Suspense fallback={<div className="quiet">…</div>}>
      <Loaded {...props} />
    </Suspense>
  );
}
