package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sort"

	"formwork/engine/store"
)

// Contents are what is in a file, complete.
type Contents struct {
	Size  int64
	blobs store.Blobs
	parts []part
}

// Open finds the contents of a file that the caller may read. Faults: those of Get, and
// "file.incomplete" (Conflict) of an upload that has not come to its end.
func (s *Session) Open(ctx context.Context, f *File) (*Contents, error) {
	if !f.Complete {
		return nil, incomplete()
	}
	all, err := parts(ctx, s.tenant, f.ID, 0)
	if err != nil {
		return nil, err
	}
	return &Contents{Size: f.Size, blobs: s.tenant.Blobs(), parts: all}, nil
}

// Range reads length bytes from an offset on; both lie within the contents. The reader
// lasts as long as ctx.
func (c *Contents) Range(ctx context.Context, offset, length int64) io.ReadCloser {
	first := sort.Search(len(c.parts), func(i int) bool { return c.parts[i].offset+c.parts[i].size > offset })
	return &contents{ctx: ctx, blobs: c.blobs, parts: c.parts[first:], at: offset, end: offset + length}
}

// contents reads parts one after the other.
type contents struct {
	ctx     context.Context
	blobs   store.Blobs
	parts   []part // from the one on in which at lies
	at, end int64
	open    io.ReadCloser // of parts[0]
}

func (c *contents) Read(p []byte) (int, error) {
	for {
		if c.at >= c.end {
			return 0, io.EOF
		}
		if len(c.parts) == 0 {
			return 0, errShort
		}
		if c.open == nil {
			from := c.at - c.parts[0].offset
			opened, err := c.blobs.Open(c.ctx, c.parts[0].blob, from, min(c.parts[0].size-from, c.end-c.at))
			if err != nil {
				return 0, fmt.Errorf("reading a part of a file: %w", err)
			}
			c.open = opened
		}
		n, err := c.open.Read(p)
		c.at += int64(n)
		if err == io.EOF {
			err = c.Close()
			if ended := c.at == min(c.parts[0].offset+c.parts[0].size, c.end); err == nil && !ended {
				err = errShort
			}
			c.parts = c.parts[1:]
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

var errShort = errors.New("a part of a file is missing")

func (c *contents) Close() error {
	if c.open == nil {
		return nil
	}
	opened := c.open
	c.open = nil
	return opened.Close()
}
