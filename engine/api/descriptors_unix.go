//go:build unix

package api

import "syscall"

// descriptors is how many files and connections the process may have open at once; 0 if
// that can't be found out.
func descriptors() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	return int(min(uint64(limit.Cur), 1<<20))
}
