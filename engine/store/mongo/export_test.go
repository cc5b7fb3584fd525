package mongo

// ResolveAtMost makes conditions behind lookups that more than n records satisfy
// be decided by joining.
func ResolveAtMost(s *Store, n int) { s.maxKeys = n }
