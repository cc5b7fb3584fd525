package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
)

// folder is a Place in a folder of this machine.
type folder struct{ dir string }

// unfinished begins the names of files that are being written.
const unfinished = ".unfinished-"

// Folder is a place in a folder, which is made if it is not there. Folders and files are
// for their owner alone.
func Folder(dir string) (Place, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of the backups: %w", err)
	}
	return folder{dir}, nil
}

func (f folder) path(name string) (string, error) {
	if local := filepath.FromSlash(name); filepath.IsLocal(local) {
		return filepath.Join(f.dir, local), nil
	}
	return "", fmt.Errorf("%q is no name of a file", name)
}

// Put implements Place. The file and its name are on the disk when it returns.
func (f folder) Put(ctx context.Context, name string, r io.Reader) error {
	path, err := f.path(name)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), unfinished+"*") // 0600
	if err != nil {
		return err
	}
	_, err = io.Copy(file, r)
	if err = errors.Join(err, file.Sync(), file.Close(), ctx.Err()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// Open implements Place.
func (f folder) Open(_ context.Context, name string) (io.ReadCloser, error) {
	path, err := f.path(name)
	if err != nil {
		return nil, err
	}
	return os.Open(path)
}

// Names implements Place.
func (f folder) Names(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		root, err := f.path(strings.TrimSuffix(prefix, "/"))
		if err != nil {
			yield("", err)
			return
		}
		err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err = errors.Join(err, ctx.Err()); err != nil {
				return err
			}
			if entry.IsDir() || strings.HasPrefix(entry.Name(), unfinished) {
				return nil
			}
			name, err := filepath.Rel(f.dir, path)
			if err == nil && !yield(filepath.ToSlash(name), nil) {
				return fs.SkipAll
			}
			return err
		})
		if err != nil {
			yield("", err)
		}
	}
}

// Remove implements Place. A folder that it leaves empty goes, too.
func (f folder) Remove(_ context.Context, name string) error {
	path, err := f.path(name)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	_ = os.Remove(filepath.Dir(path)) // fails unless it is empty
	return nil
}
