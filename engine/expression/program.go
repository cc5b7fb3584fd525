package expression

// Program is a compiled expression. Immutable, safe for concurrent use.
type Program struct{}
