//go:build !linux

package sqlite

import "modernc.org/libc"

// fileLayer is the layer that connections read and write files by: SQLite's own.
func fileLayer(*libc.TLS, bool) (uintptr, error) { return 0, nil }

// unload lets go of mapped memory, which here each connection has for itself.
func unload() {}
