export { CreatePanel } from "./CreatePanel";
export { RecordPage } from "./RecordPage";
