export { CreatePanel, givenBy } from "./CreatePanel";
export { RecordPage } from "./RecordPage";
