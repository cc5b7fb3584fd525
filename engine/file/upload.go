package file

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
)

// Upload announces a file.
type Upload struct {
	Name   string
	Type   string // that the uploader claims; it decides nothing
	Size   int64  // bytes
	SHA256 string // of the contents in hex, to be checked at the end; "" if not known
}

// Start begins an upload. Faults: "file.too_large", "file.quota" (TooLarge),
// "file.name", "file.sha256" (Invalid), "file.too_many_uploads" (Conflict).
func (s *Session) Start(ctx context.Context, u Upload) (*File, error) {
	if err := u.check(s.service.limits); err != nil {
		return nil, err
	}
	f := &File{ID: s.service.ids.Next(), Name: u.Name, Claimed: u.Type, Size: u.Size, By: s.caller.User, expected: strings.ToLower(u.SHA256), version: 1,
		touched: s.service.now().UnixMilli()}
	state := sha256.New()
	var err error
	if f.hash, err = marshal(state); err != nil {
		return nil, err
	}
	insert := func(tx store.Tx) error {
		if err := s.service.count(ctx, tx, f.Size); err != nil { // first: it keeps others who start waiting
			return err
		}
		loose, err := tx.Count(ctx, fileTable, query.All{query.Is(colBy, int64(f.By)), query.Is(colObject, nil)}, nil, 0)
		if err != nil {
			return fmt.Errorf("counting uploads: %w", err)
		}
		if !s.caller.System && loose >= int64(s.service.limits.Loose) { // the platform attaches what it uploads
			return fault.New(fault.Conflict, "file.too_many_uploads", "limit", s.service.limits.Loose)
		}
		if err := s.service.collectLater(ctx, tx); err != nil {
			return err
		}
		return tx.Insert(ctx, fileTable, f.ID, map[string]any{query.Version.Name: f.version, "name": f.Name, "claimed": store.Text(f.Claimed), "size": f.Size, "received": int64(0),
			"complete": false, "by": int64(f.By), "expected": store.Text(f.expected), "hash": hex.EncodeToString(f.hash), "parts": int64(0), "touched": f.touched}, nil)
	}
	err = s.tenant.Write(ctx, insert)
	if fault.Is(err, "store.duplicate_id") { // of the count: another first upload was faster
		err = s.tenant.Write(ctx, insert)
	}
	if err != nil {
		return nil, err
	}
	s.service.wake(s.tenant.Name())
	if f.Size == 0 {
		return s.finish(ctx, f, nil, state)
	}
	return f, nil
}

func (u Upload) check(limits Limits) error {
	if u.Size < 0 || u.Size > limits.File {
		return fault.New(fault.TooLarge, "file.too_large", "limit", limits.File)
	}
	hidden := func(r rune) bool { return !unicode.IsPrint(r) && r != ' ' }
	if strings.TrimSpace(u.Name) == "" || !utf8.ValidString(u.Name) || utf8.RuneCountInString(u.Name) > maxName || strings.ContainsFunc(u.Name, hidden) {
		return fault.New(fault.Invalid, "file.name", "max", maxName)
	}
	if len(u.Type) > maxName || strings.ContainsFunc(u.Type, hidden) {
		return fault.New(fault.Invalid, "file.claimed_type", "max", maxName)
	}
	if raw, err := hex.DecodeString(u.SHA256); err != nil || u.SHA256 != "" && len(raw) != sha256.Size {
		return fault.New(fault.Invalid, "file.sha256")
	}
	return nil
}

// Append adds contents to an upload of the caller's, from an offset on that must be
// what was received so far. What arrived before from broke off is kept: the file that
// is returned beside an error tells how much there is. The last byte completes the upload.
// Faults: "file.not_found" (NotFound); "file.offset", "file.parts" (Conflict);
// "file.too_long" (TooLarge) for more than was announced; "file.sum" (Invalid) where the
// contents are not those announced, after which the upload is gone.
func (s *Session) Append(ctx context.Context, key id.ID, offset int64, from io.Reader) (*File, error) {
	f, err := s.own(ctx, s.tenant, key)
	if err != nil {
		return nil, err
	}
	if f.Complete || offset != f.Received {
		return f, fault.New(fault.Conflict, "file.offset", "offset", f.Received)
	}
	state, err := f.sum()
	if err != nil {
		return f, err
	}
	broke := &breaking{from: from}
	in := bufio.NewReader(broke)
	for !f.Complete {
		if _, err := in.Peek(1); err != nil {
			return f, broke.err
		}
		next, err := s.appendPart(ctx, f, in, state)
		if err != nil {
			return f, err
		}
		f = next
	}
	return f, nil
}

// breaking ends where its source ends or breaks, and remembers the break.
type breaking struct {
	from io.Reader
	err  error
}

func (b *breaking) Read(p []byte) (int, error) {
	n, err := b.from.Read(p)
	if err != nil && err != io.EOF {
		b.err, err = err, io.EOF
	}
	return n, err
}

// appendPart stores the next part of an upload and returns the file as it is then.
func (s *Session) appendPart(ctx context.Context, f *File, in *bufio.Reader, state hash.Hash) (*File, error) {
	if f.parts >= maxParts {
		return nil, fault.New(fault.Conflict, "file.parts", "max", maxParts)
	}
	p := part{blob: s.service.ids.Next(), offset: f.Received}
	most := min(partSize, f.Size-f.Received)
	d, err := s.tenant.Blobs().Put(ctx, p.blob, io.TeeReader(io.LimitReader(in, most), state), most)
	if err != nil {
		return nil, err
	}
	p.size = d.Size
	next, err := s.addPart(ctx, f, p, in, state)
	if err != nil {
		return nil, errors.Join(err, s.tenant.Blobs().Delete(context.WithoutCancel(ctx), p.blob))
	}
	return next, nil
}

// addPart makes a part that was put one of the file's.
func (s *Session) addPart(ctx context.Context, f *File, p part, in *bufio.Reader, state hash.Hash) (*File, error) {
	if f.Received+p.size == f.Size {
		if _, err := in.Peek(1); err == nil {
			return nil, fault.New(fault.TooLarge, "file.too_long", "size", f.Size)
		}
		return s.finish(ctx, f, &p, state)
	}
	raw, err := marshal(state)
	if err != nil {
		return nil, err
	}
	next := *f
	next.Received, next.hash, next.parts, next.version = f.Received+p.size, raw, f.parts+1, f.version+1
	err = s.tenant.Write(ctx, func(tx store.Tx) error {
		if err := insertPart(ctx, tx, f.ID, 0, p); err != nil {
			return err
		}
		return f.change(ctx, tx, map[string]any{"received": next.Received, "hash": hex.EncodeToString(raw), "parts": next.parts, "touched": s.service.now().UnixMilli()})
	})
	return &next, moved(err, f)
}

// moved says of an upload that somebody else has gone on with, that it has.
func moved(err error, f *File) error {
	if fault.Is(err, "store.stale") || fault.Is(err, "store.not_unique") {
		return fault.New(fault.Conflict, "file.offset", "offset", f.Received).Because(err)
	}
	return err
}

// finish completes an upload with its last part; an empty file has none.
func (s *Session) finish(ctx context.Context, f *File, last *part, state hash.Hash) (*File, error) {
	next := *f
	next.Received, next.Complete, next.version = f.Size, true, f.version+1
	next.SHA256 = hex.EncodeToString(state.Sum(nil))
	if f.expected != "" && next.SHA256 != f.expected {
		refused := fault.New(fault.Invalid, "file.sum", "expected", f.expected, "found", next.SHA256)
		return nil, errors.Join(refused, s.service.remove(ctx, s.tenant, f.ID, func(now *File) bool { return now.version == f.version }))
	}
	all, err := parts(ctx, s.tenant, f.ID, 0)
	if err != nil {
		return nil, err
	}
	if last != nil {
		all = append(all, *last)
		next.parts++
	}
	if err := examine(ctx, &next, &contents{ctx: ctx, blobs: s.tenant.Blobs(), parts: all, end: next.Size}); err != nil {
		return nil, err
	}
	err = s.tenant.Write(ctx, func(tx store.Tx) error {
		if last != nil {
			if err := insertPart(ctx, tx, f.ID, 0, *last); err != nil {
				return err
			}
		}
		return f.change(ctx, tx, map[string]any{"received": next.Received, "complete": true, "sha256": next.SHA256, "hash": nil, "type": next.Type,
			"width": next.Width, "height": next.Height, "parts": next.parts, "touched": s.service.now().UnixMilli()})
	})
	return &next, moved(err, f)
}

// sum is the hash of what was received so far.
func (f *File) sum() (hash.Hash, error) {
	state := sha256.New()
	if f.Complete {
		return state, nil
	}
	if err := state.(encoding.BinaryUnmarshaler).UnmarshalBinary(f.hash); err != nil {
		return nil, fmt.Errorf("reading the sum of upload %v: %w", f.ID, err)
	}
	return state, nil
}

// marshal is the state of a hash, with which another process goes on.
func marshal(state hash.Hash) ([]byte, error) {
	raw, err := state.(encoding.BinaryMarshaler).MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("keeping the sum of an upload: %w", err)
	}
	return raw, nil
}
