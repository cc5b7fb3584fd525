package backup

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"path"

	"github.com/klauspost/compress/zstd"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/store"
)

// window bounds what a compressed file may make its reader hold, in bytes.
const window = 8 << 20

// blobPage is how many blobs are listed at once.
const blobPage = 1000

// counted sums what passes through it.
type counted struct {
	io.Reader
	size int64
	sum  hash.Hash
}

func sums(r io.Reader) *counted { return &counted{Reader: r, sum: sha256.New()} }

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.sum.Write(p[:n])
	c.size += int64(n)
	return n, err
}

func (c *counted) done() Sum { return Sum{c.size, hex.EncodeToString(c.sum.Sum(nil))} }

// put compresses what write writes into a file, and sums the file up.
func (k *Keeper) put(ctx context.Context, name string, write func(w io.Writer) error) (Sum, error) {
	from, to := io.Pipe()
	go func() {
		packed, err := zstd.NewWriter(to, zstd.WithWindowSize(window), zstd.WithEncoderConcurrency(1))
		if err == nil {
			err = write(packed)
			if closed := packed.Close(); err == nil {
				err = closed
			}
		}
		to.CloseWithError(err)
	}()
	in := sums(from)
	err := k.Place.Put(ctx, name, in)
	from.CloseWithError(errors.Join(io.ErrClosedPipe, err))
	return in.done(), err
}

// open opens a file that a copy names. Fault "backup.damaged" (Invalid) if it is not there.
func (k *Keeper) open(ctx context.Context, name string) (io.ReadCloser, error) {
	file, err := k.Place.Open(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, damaged(name)
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return file, nil
}

// unpack decompresses a file, with a bound for what that holds in memory.
func unpack(r io.Reader) (*zstd.Decoder, error) {
	return zstd.NewReader(r, zstd.WithDecoderMaxWindow(window), zstd.WithDecoderConcurrency(1))
}

// get reads a file and sees whether it is what its sum says, once read has read it.
func (k *Keeper) get(ctx context.Context, name string, want Sum, read func(r io.Reader) error) error {
	file, err := k.open(ctx, name)
	if err != nil {
		return err
	}
	defer file.Close()
	in := sums(file)
	unpacked, err := unpack(in)
	if err != nil {
		return fmt.Errorf("reading %s: %w", name, err)
	}
	defer unpacked.Close()
	err = read(unpacked)
	if _, left := io.Copy(io.Discard, in); left != nil {
		return errors.Join(err, fmt.Errorf("reading %s: %w", name, left))
	}
	if in.done() != want {
		return damaged(name).Because(err)
	}
	return err
}

func damaged(name string) *fault.Fault {
	return fault.New(fault.Invalid, "backup.damaged", "file", name)
}

// line is a blob in the list of a copy.
type line struct {
	key  id.ID
	size int64
	sum  string // of the contents, in hexadecimal digits
}

func (l line) String() string { return fmt.Sprintf("%s %d %s\n", l.key, l.size, l.sum) }

// lines reads the list of a copy's blobs.
func (k *Keeper) lines(ctx context.Context, c *Copy, do func(l line) error) error {
	return k.get(ctx, c.file(blobsName), c.List, func(r io.Reader) error {
		for in := bufio.NewReader(r); ; {
			var key string
			var l line
			switch _, err := fmt.Fscanln(in, &key, &l.size, &l.sum); {
			case errors.Is(err, io.EOF):
				return nil
			case err != nil:
				return fmt.Errorf("reading the list of blobs: %w", err)
			}
			var ok bool
			if l.key, ok = id.Parse(key); !ok {
				return damaged(c.file(blobsName))
			}
			if err := do(l); err != nil {
				return err
			}
		}
	})
}

func (k *Keeper) blobFile(tenant string, key id.ID) string {
	return path.Join(tenant, blobsFolder, key.String()+".zst")
}

// errBefore tells that the list of the copy before can't be read.
var errBefore = errors.New("reading the copy before")

// putBlobs copies the blobs that the copy before does not have, and writes the list of all.
func (k *Keeper) putBlobs(ctx context.Context, t store.Tenant, before *Copy, w io.Writer) (n int64, err error) {
	have := make(chan line)
	reading, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		defer close(have)
		if before == nil {
			ended <- nil
			return
		}
		ended <- k.lines(reading, before, func(l line) error {
			select {
			case have <- l:
				return nil
			case <-reading.Done():
				return reading.Err()
			}
		})
	}()
	defer stop()
	known, more := <-have
	for after := id.ID(0); ; {
		page, err := t.Blobs().List(ctx, after, blobPage)
		if err != nil {
			return n, err
		}
		for _, blob := range page {
			for more && known.key < blob.Key {
				known, more = <-have
			}
			l := known
			if !more || known.key != blob.Key {
				if l, err = k.putBlob(ctx, t, blob); fault.Is(err, "blob.not_found") {
					continue // removed meanwhile: it was no row's any more
				} else if err != nil {
					return n, err
				}
			}
			if _, err := io.WriteString(w, l.String()); err != nil {
				return n, err
			}
			n++
		}
		if len(page) < blobPage {
			break
		}
		after = page[len(page)-1].Key
	}
	stop()
	for range have {
	}
	if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
		return n, fmt.Errorf("%w: %w", errBefore, err)
	}
	return n, nil
}

func (k *Keeper) putBlob(ctx context.Context, t store.Tenant, blob store.Blob) (line, error) {
	in, err := t.Blobs().Open(ctx, blob.Key, 0, -1)
	if err != nil {
		return line{}, err
	}
	defer in.Close()
	contents := sums(in)
	_, err = k.put(ctx, k.blobFile(t.Name(), blob.Key), func(w io.Writer) error { _, err := io.Copy(w, contents); return err })
	if err != nil {
		return line{}, err
	}
	sum := contents.done()
	return line{blob.Key, sum.Size, sum.SHA256}, nil
}

// getBlobs restores the blobs of a copy.
func (k *Keeper) getBlobs(ctx context.Context, c *Copy, t store.Tenant) error {
	return k.lines(ctx, c, func(l line) error {
		name := k.blobFile(c.Tenant, l.key)
		file, err := k.open(ctx, name)
		if err != nil {
			return err
		}
		defer file.Close()
		unpacked, err := unpack(file)
		if err != nil {
			return fmt.Errorf("reading %s: %w", name, err)
		}
		defer unpacked.Close()
		put, err := t.Blobs().Put(ctx, l.key, unpacked, l.size)
		if err != nil {
			return fmt.Errorf("restoring %s: %w", name, err)
		}
		if put.Size != l.size || hex.EncodeToString(put.SHA256[:]) != l.sum {
			return damaged(name)
		}
		return nil
	})
}
