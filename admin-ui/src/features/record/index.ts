export { Pending } from "./approvals/Pending";
export { CreatePanel } from "./CreatePanel";
export { RecordPage, RecordPanel } from "./RecordPage";
export { useAhead } from "./useAhead";
