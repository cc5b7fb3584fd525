//go:build unix

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// lockFolder has this process serve a folder alone, until release is called or it
// dies. Other commands may use the folder meanwhile.
func lockFolder(dir string) (release func(), err error) {
	file, err := os.OpenFile(filepath.Join(dir, "server.lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the folder: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("another server serves the folder %s", dir)
		}
		return nil, fmt.Errorf("locking the folder %s: %w", dir, err)
	}
	return func() { file.Close() }, nil
}
