package policy

// Set is the compiled policy of one revision.
type Set struct{}
