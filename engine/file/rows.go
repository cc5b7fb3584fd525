package file

import (
	"context"
	"encoding/hex"
	"fmt"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

const (
	fileTable  = "_file"
	partTable  = "_file_part"  // the id of a row is the key of its blob
	usageTable = "_file_usage" // one row
)

var (
	colName     = query.Column{Name: "name", Storage: fieldtype.Text}
	colClaimed  = query.Column{Name: "claimed", Storage: fieldtype.Text}
	colType     = query.Column{Name: "type", Storage: fieldtype.Text}
	colSize     = query.Column{Name: "size", Storage: fieldtype.Int}
	colReceived = query.Column{Name: "received", Storage: fieldtype.Int}
	colComplete = query.Column{Name: "complete", Storage: fieldtype.Bool}
	colSHA256   = query.Column{Name: "sha256", Storage: fieldtype.Text}
	colBy       = query.Column{Name: "by", Storage: fieldtype.Int}
	colWidth    = query.Column{Name: "width", Storage: fieldtype.Int}
	colHeight   = query.Column{Name: "height", Storage: fieldtype.Int}
	colObject   = query.Column{Name: "object", Storage: fieldtype.Text}
	colRecord   = query.Column{Name: "record", Storage: fieldtype.Int}
	colField    = query.Column{Name: "field", Storage: fieldtype.Text}
	colExpected = query.Column{Name: "expected", Storage: fieldtype.Text}
	colHash     = query.Column{Name: "hash", Storage: fieldtype.Text} // in hex
	colParts    = query.Column{Name: "parts", Storage: fieldtype.Int}
	colTouched  = query.Column{Name: "touched", Storage: fieldtype.Int}
	colDetached = query.Column{Name: "detached", Storage: fieldtype.Int}

	colFile    = query.Column{Name: "file", Storage: fieldtype.Int}
	colVariant = query.Column{Name: "variant", Storage: fieldtype.Int} // 0: the contents; else a size of thumbnails
	colOffset  = query.Column{Name: "offset", Storage: fieldtype.Int}

	colBytes = query.Column{Name: "bytes", Storage: fieldtype.Int}
)

var fileColumns = []query.Column{query.Version, colName, colClaimed, colType, colSize, colReceived, colComplete, colSHA256, colBy, colWidth, colHeight,
	colObject, colRecord, colField, colExpected, colHash, colParts, colTouched, colDetached}

// Tables are the tables this room keeps in every tenant.
func Tables() []store.Table {
	index := func(name string, columns ...query.Column) store.Index {
		i := store.Index{Name: name}
		for _, c := range columns {
			i.Columns = append(i.Columns, store.IndexColumn{Column: c})
		}
		return i
	}
	variant := index("_file_part_offset", colFile, colVariant, colOffset)
	variant.Unique = true
	return []store.Table{
		{Name: fileTable, Columns: fileColumns, Indexes: []store.Index{index("_file_by", colBy, colObject), index("_file_record", colObject, colRecord)}},
		{Name: partTable, Columns: []query.Column{colFile, colVariant, colOffset, colSize}, Indexes: []store.Index{variant}},
		{Name: usageTable, Columns: []query.Column{colBytes}},
	}
}

// find reads a file. Fault "file.not_found" (NotFound).
func find(ctx context.Context, from store.Reader, key id.ID) (*File, error) {
	found, err := selectFiles(ctx, from, query.Is(query.ID, int64(key)), 1)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, notFound()
	}
	return found[0], nil
}

// selectFiles reads files in the order of their ids.
func selectFiles(ctx context.Context, from store.Reader, filter query.Filter, limit int) ([]*File, error) {
	var files []*File
	q := query.Select{Table: fileTable, Filter: filter, Sort: []query.Order{{Ref: query.Field(query.ID)}}, Limit: limit}
	for row, err := range store.Find(ctx, from, q, append([]query.Column{query.ID}, fileColumns...)...) {
		if err != nil {
			return nil, fmt.Errorf("reading files: %w", err)
		}
		f, err := fileOf(row)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

func fileOf(row store.Found) (*File, error) {
	hash, err := hex.DecodeString(row.Text(colHash))
	if err != nil {
		return nil, fmt.Errorf("reading the sum of file %v: %w", row.ID(query.ID), err)
	}
	return &File{ID: row.ID(query.ID), Name: row.Text(colName), Claimed: row.Text(colClaimed), Type: row.Text(colType), Size: row.Int(colSize),
		Received: row.Int(colReceived), Complete: row.Bool(colComplete), SHA256: row.Text(colSHA256), By: row.ID(colBy),
		Width: row.Int(colWidth), Height: row.Int(colHeight), Object: row.Text(colObject), Record: row.ID(colRecord), Field: row.Text(colField),
		expected: row.Text(colExpected), hash: hash, parts: row.Int(colParts), version: row.Int(query.Version), touched: row.Int(colTouched), detached: row.Int(colDetached)}, nil
}

// change sets columns of a file that is as it was read. Fault "store.stale" if it is not.
func (f *File) change(ctx context.Context, tx store.Tx, values map[string]any) error {
	values[query.Version.Name] = f.version + 1
	return tx.Update(ctx, fileTable, f.ID, f.version, values, nil)
}

// part is a piece of a file's contents.
type part struct {
	blob         id.ID
	offset, size int64
}

// anyVariant are the parts of the contents and of every thumbnail.
const anyVariant = -1

// parts lists the parts of a file in order.
func parts(ctx context.Context, from store.Reader, file id.ID, variant int64) ([]part, error) {
	filter := query.Is(colFile, int64(file))
	if variant != anyVariant {
		filter = query.And(filter, query.Is(colVariant, variant))
	}
	var all []part
	q := query.Select{Table: partTable, Filter: filter,
		Sort: []query.Order{{Ref: query.Field(colOffset)}, {Ref: query.Field(query.ID)}}, Limit: maxParts + len(thumbnailSizes)}
	for row, err := range store.Find(ctx, from, q, query.ID, colOffset, colSize) {
		if err != nil {
			return nil, fmt.Errorf("reading the parts of a file: %w", err)
		}
		all = append(all, part{blob: row.ID(query.ID), offset: row.Int(colOffset), size: row.Int(colSize)})
	}
	return all, nil
}

// insertPart notes a part that was put.
func insertPart(ctx context.Context, tx store.Tx, file id.ID, variant int64, p part) error {
	err := tx.Insert(ctx, partTable, p.blob, map[string]any{"file": int64(file), "variant": variant, "offset": p.offset, "size": p.size}, nil)
	if err != nil {
		return fmt.Errorf("noting a part of a file: %w", err)
	}
	return nil
}

// usage is the id of the one row of _file_usage.
const usage = 1

// count changes how many bytes the files of a tenant have, in the transaction that
// changes those. Fault "file.quota" (TooLarge) if they would be too many.
func (s *Service) count(ctx context.Context, tx store.Tx, by int64) error {
	bytes, known, err := used(ctx, tx)
	if err != nil {
		return err
	}
	if by > 0 && bytes+by > s.limits.Quota {
		return fault.New(fault.TooLarge, "file.quota", "limit", s.limits.Quota, "used", bytes)
	}
	values := map[string]any{"bytes": bytes + by}
	if known {
		err = tx.Update(ctx, usageTable, usage, 0, values, nil)
	} else {
		err = tx.Insert(ctx, usageTable, usage, values, nil)
	}
	if err != nil {
		return fmt.Errorf("counting the bytes of files: %w", err)
	}
	return nil
}

// used reads the count; known is false where nothing was ever counted.
func used(ctx context.Context, from store.Reader) (bytes int64, known bool, err error) {
	row, known, err := store.First(ctx, from, query.Select{Table: usageTable}, colBytes)
	if err != nil {
		return 0, false, fmt.Errorf("reading how much files take: %w", err)
	}
	if known {
		bytes = row.Int(colBytes)
	}
	return bytes, known, nil
}

// Used is how many bytes the files of a tenant have, open uploads in full.
func (s *Service) Used(ctx context.Context, t store.Tenant) (int64, error) {
	bytes, _, err := used(ctx, t)
	return bytes, err
}
