import { fieldType } from "../field";

/** That there is one is all that anybody is told. */
export default fieldType<true>({ type: "secret", width: 90, cell: () => "••••••", text: () => "••••••" });
