package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// uploadsKept is how long a file is kept that was sent to be looked at, and not imported.
const uploadsKept = 24 * time.Hour

// upload is a file that was sent to be looked at: its sender may have it imported.
type upload struct {
	id        id.ID
	name      string // as its sender calls it
	sha256    string
	size      int64
	delimiter rune
	sheet     string // of a workbook, with all that there are
	sheets    []string
}

var (
	colSheet  = query.Column{Name: "sheet", Storage: fieldtype.Text}
	colSheets = query.Column{Name: "sheets", Storage: fieldtype.List}
)

var uploadColumns = []query.Column{colUser, colFileName, colSHA256, colSize, colHeld, colDelimiter, colSheet, colSheets}

// received is the upload that is named, or what is made of a file that comes with it.
func (s *Service) received(ctx context.Context, t store.Tenant, c *policy.Caller, o *Options, file File) (*upload, error) {
	if file.Upload != 0 {
		return s.uploaded(ctx, t, c, file.Upload)
	}
	return s.receive(ctx, t, c, o, file)
}

// receive keeps a file for its sender. Nothing remains of one that is refused.
func (s *Service) receive(ctx context.Context, t store.Tenant, c *policy.Caller, o *Options, file File) (*upload, error) {
	sum := sha256.New()
	content, err := open(ctx, io.TeeReader(file.Text, sum), o)
	if err != nil {
		return nil, err
	}
	if err := s.sweep(ctx, t); err != nil {
		return nil, err
	}
	up := &upload{id: s.ids.Next(), name: shortened(file.Name), delimiter: content.delimiter, sheet: content.sheet, sheets: content.sheets}
	if up.size, err = s.keep(ctx, t, up.id, content.text); err == nil && up.delimiter == 0 {
		up.delimiter, err = delimiterOf(&kept{ctx: ctx, tenant: t, of: up.id, size: up.size}, o.Delimiter)
	}
	if err == nil {
		up.sha256 = hex.EncodeToString(sum.Sum(nil))
		err = t.Write(ctx, func(tx store.Tx) error {
			return tx.Insert(ctx, uploadTable, up.id, map[string]any{"user": int64(c.User), "file_name": store.Text(up.name), "sha256": up.sha256,
				"size": up.size, "held": up.size, "delimiter": string(up.delimiter), "sheet": store.Text(up.sheet), "sheets": listOrNil(up.sheets)}, nil)
		})
	}
	if err != nil {
		return nil, errors.Join(err, s.drop(context.WithoutCancel(ctx), t, up.id))
	}
	return up, nil
}

// delimiterOf is what is between the cells of a CSV text: what is named, or what its heading says.
func delimiterOf(text io.Reader, named string) (rune, error) {
	delimiter, err := oneDelimiter(named)
	if err != nil {
		return 0, err
	}
	rows, err := newRows(text, delimiter)
	if err != nil {
		return 0, err
	}
	return rows.csv.Comma, nil
}

// uploaded finds a file that the caller sent. Fault "import.upload_not_found" (Invalid).
func (s *Service) uploaded(ctx context.Context, t store.Tenant, c *policy.Caller, of id.ID) (*upload, error) {
	q := query.Select{Table: uploadTable, Filter: query.And(query.Is(query.ID, int64(of)), query.Is(colUser, int64(c.User)))}
	row, ok, err := store.First(ctx, t, q, uploadColumns...)
	if err != nil {
		return nil, fmt.Errorf("reading the upload: %w", err)
	}
	if !ok {
		return nil, fault.New(fault.Invalid, "import.upload_not_found").At("/upload")
	}
	return &upload{id: of, name: row.Text(colFileName), sha256: row.Text(colSHA256), size: row.Int(colSize),
		delimiter: []rune(row.Text(colDelimiter))[0], sheet: row.Text(colSheet), sheets: row.List(colSheets)}, nil
}

// take makes an upload an import's own, in the transaction that begins it, so that none is
// imported twice. Fault "import.upload_not_found" (Invalid) if another took it.
func (up *upload) take(ctx context.Context, tx store.Tx) error {
	n, err := tx.DeleteWhere(ctx, uploadTable, query.Is(query.ID, int64(up.id)))
	if err == nil && n == 0 {
		err = fault.New(fault.Invalid, "import.upload_not_found").At("/upload")
	}
	return err
}

// sweepUploads removes what was sent to be looked at and not imported.
func (s *Service) sweepUploads(ctx context.Context, t store.Tenant) error {
	q := query.Select{Table: uploadTable, Limit: 100,
		Filter: query.Compare{Ref: query.Field(query.ID), Op: query.Lt, Value: int64(id.At(s.now().Add(-uploadsKept)))}}
	var old []id.ID
	for row, err := range store.Find(ctx, t, q, query.ID) {
		if err != nil {
			return fmt.Errorf("looking for old uploads: %w", err)
		}
		old = append(old, row.ID(query.ID))
	}
	for _, of := range old {
		if err := s.drop(ctx, t, of); err != nil {
			return err
		}
	}
	return nil
}

// drop removes an upload.
func (s *Service) drop(ctx context.Context, t store.Tenant, of id.ID) error {
	return t.Write(ctx, func(tx store.Tx) error {
		if _, err := tx.DeleteWhere(ctx, chunkTable, query.Is(colImport, int64(of))); err != nil {
			return err
		}
		_, err := tx.DeleteWhere(ctx, uploadTable, query.Is(query.ID, int64(of)))
		return err
	})
}
