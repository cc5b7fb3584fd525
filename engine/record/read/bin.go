package read

import (
	"context"
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
	q := query.Select{Table: stored.BinTable, Filter: filter, Sort: sort, Limit: binScan}
	page, scanned := &BinPage{}, 0
	for r, err := range store.Find(ctx, s.Tenant, q, stored.BinColumns...) {
		if err != nil {
			return nil, fmt.Errorf("reading the bin: %w", err)
		}
		if scanned++; len(page.Items) == limit || scanned == binScan {
			break
		}
		// The cursor is of the last one looked at.
		page.Next = encodeCursor(mark, []any{r.Int(stored.ColDeletedAt), r.Int(query.ID)})
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
func (s *Reader) binned(ctx context.Context, a *session.Object, read query.Filter, r store.Found) (item Binned, ok bool, err error) {
	values, err := stored.DecodeRow(a.Mapping, r.ID(query.ID), r.JSON(stored.ColDoc))
	if err != nil {
		return Binned{}, false, err
	}
	e := session.NewEnv(ctx, s.Session, s.Tenant, a.Mapping, values, nil)
	if !e.Matches(read, values) || e.Failed() != nil {
		return Binned{}, false, e.Failed()
	}
	item = Binned{ID: r.ID(query.ID), DeletedAt: r.Time(stored.ColDeletedAt), DeletedBy: r.ID(stored.ColDeletedBy), Batch: r.ID(stored.ColBatch)}
	if f := a.Object.NameField; a.ShowsText(f) {
		item.Name = a.ShownText(f, r.Text(stored.ColName))
	}
	return item, true, nil
}
