export * from "./check";
export * from "./filter";
export * from "./parse";
export * from "./print";
export * from "./tree";
