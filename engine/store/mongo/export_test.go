package mongo

// Named is the database that an address names.
func Named(uri string) string { return named(uri) }

// ResolveAtMost makes conditions behind lookups that more than n records satisfy
// be decided by joining.
func ResolveAtMost(s *Store, n int) { s.maxKeys = n }

// PageRows bounds the pages of the logs of a store.
func PageRows(s *Store, n int) { s.pageRows = n }
