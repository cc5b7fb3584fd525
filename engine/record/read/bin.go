package read

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/record/session"
	"formwork/engine/record/stored"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// Binned is a record in the recycle bin.
type Binned struct {
	ID        id.ID
	Name      string // "" if the caller may not read the name
	DeletedAt time.Time
	DeletedBy id.ID
	Batch     id.ID // the same for what was deleted together
}

// BinPage is a part of the recycle bin, newest first.
type BinPage struct {
	Items []Binned
	Next  string
}

// binScan bounds the records in the bin that one page looks at: those the caller may
// not read are passed by.
const binScan = 2000

// Bin lists deleted records of an object that the caller could read; a page may be
// shorter than limit (50 when 0) though more follow.
func (s *Reader) Bin(ctx context.Context, object, cursor string, limit int) (*BinPage, error) {
	a, err := s.Object(ctx, object, policy.Read)
	if err != nil {
		return nil, err
	}
	if limit, err = pageSize(limit); err != nil {
		return nil, err
	}
	sort := []query.Order{{Ref: query.Field(stored.ColDeletedAt), Descending: true}, {Ref: query.Field(query.ID), Descending: true}}
	filter := query.Is(stored.ColObject, object)
	mark := fingerprint("bin", object)
	if cursor != "" {
		values, err := decodeCursor(cursor, mark, []fieldtype.Storage{fieldtype.Int, fieldtype.Int})
		if err != nil {
			return nil, err
		}
		filter = query.And(filter, query.After(sort, values))
	}
	read, err := s.RecordFilter(ctx, object, policy.Read)
	if err != nil {
		return nil, err
	}
	q := query.Select{Table: stored.BinTable, Columns: stored.BinRefs, Filter: filter, Sort: sort, Limit: binScan}
	page, scanned := &BinPage{}, 0
	for r, err := range s.Tenant.Select(ctx, q) {
		if err != nil {
			return nil, fmt.Errorf("reading the bin: %w", err)
		}
		if scanned++; len(page.Items) == limit || scanned == binScan {
			break
		}
		// The cursor is of the last one looked at.
		page.Next = encodeCursor(mark, []any{r[3], r[0]})
		item, ok, err := s.binned(ctx, a, read, r)
		if err != nil {
			return nil, err
		}
		if ok {
			page.Items = append(page.Items, item)
		}
	}
	if scanned < binScan && len(page.Items) < limit || scanned == 0 {
		page.Next = ""
	}
	return page, nil
}

// binned reads a row of the bin; ok is false if the caller may not read the record.
func (s *Reader) binned(ctx context.Context, a *session.Object, read query.Filter, r store.Row) (item Binned, ok bool, err error) {
	doc, _ := r[6].(json.RawMessage)
	values, err := stored.DecodeRow(a.Mapping, id.ID(r[0].(int64)), doc)
	if err != nil {
		return Binned{}, false, err
	}
	e := session.NewEnv(ctx, s.Session, s.Tenant, a.Mapping, values, nil)
	if !e.Matches(read, values) || e.Failed() != nil {
		return Binned{}, false, e.Failed()
	}
	at, _ := r[3].(int64)
	by, _ := r[4].(int64)
	batch, _ := r[5].(int64)
	item = Binned{ID: id.ID(r[0].(int64)), DeletedAt: time.UnixMilli(at).UTC(), DeletedBy: id.ID(by), Batch: id.ID(batch)}
	if f := a.Object.NameField; f != nil && a.Reads(f) {
		item.Name, _ = r[2].(string)
	}
	return item, true, nil
}
