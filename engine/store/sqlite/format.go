package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// formatFile holds the stamp of the folder.
const formatFile = "format"

// Format implements store.Store.
func (s *Store) Format(context.Context) (int, error) {
	raw, err := os.ReadFile(filepath.Join(s.dir, formatFile))
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("reading the format of the folder: %w", err)
	}
	format, err := strconv.Atoi(strings.TrimSpace(string(raw)))
	if err != nil {
		return 0, fmt.Errorf("the file %s of the folder holds no number: %w", formatFile, err)
	}
	return format, nil
}

// Stamp implements store.Store. The file is there whole or not at all.
func (s *Store) Stamp(_ context.Context, format int) error {
	file, err := os.CreateTemp(s.dir, formatFile+".*")
	if err != nil {
		return fmt.Errorf("stamping the folder: %w", err)
	}
	_, err = fmt.Fprintln(file, format)
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = os.Rename(file.Name(), filepath.Join(s.dir, formatFile))
	}
	if err == nil {
		err = syncFolder(s.dir)
	} else {
		err = errors.Join(err, os.Remove(file.Name()))
	}
	if err != nil {
		return fmt.Errorf("stamping the folder: %w", err)
	}
	return nil
}

// Format implements store.Tenant: it is the file's user_version.
func (t *tenant) Format(ctx context.Context) (format int, err error) {
	c, err := t.pool.acquire(ctx)
	if err != nil {
		return 0, err
	}
	defer t.pool.release(c)
	err = c.fresh("PRAGMA user_version", func(s *stmt) error { format = int(s.integer(0)); return nil })
	return format, err
}

// Stamp implements store.Tenant.
func (t *tenant) Stamp(ctx context.Context, format int) error {
	return t.alone(ctx, func(c *conn) error {
		return change(c, func() error { return c.once("PRAGMA user_version = " + strconv.Itoa(format)) })
	})
}
