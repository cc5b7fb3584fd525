export * from "./check";
export * from "./filter";
export * from "./holds";
export * from "./parse";
export * from "./print";
export * from "./tree";
