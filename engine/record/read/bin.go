package read

import (
	"context"
	"fmt"
	"slices"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/record/session"
	"formwork/engine/record/stored"
	"formwork/engine/search"
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

// BinQuery asks for a part of the recycle bin.
type BinQuery struct {
	Words  string // that the records have, in their names or in the fields that lists are searched by; "": any
	Cursor string
	Limit  int // 50 when 0
	Names  bool
}

// BinPage is a part of the recycle bin, newest first.
type BinPage struct {
	Items []Binned
	Next  string
	Names Names // of who deleted them, if they were asked for
}

// binScan bounds the records in the bin that one page looks at: those the caller may
// not read, and those without the words, are passed by.
const binScan = 2000

// Bin lists deleted records of an object that the caller could read; a page may be
// shorter than the limit though more follow.
func (s *Reader) Bin(ctx context.Context, object string, ask BinQuery) (*BinPage, error) {
	b, err := s.openBin(ctx, object, ask.Words)
	if err != nil {
		return nil, err
	}
	limit, err := pageSize(ask.Limit)
	if err != nil {
		return nil, err
	}
	sort := []query.Order{{Ref: query.Field(stored.ColDeletedAt), Descending: true}, {Ref: query.Field(query.ID), Descending: true}}
	filter := query.Is(stored.ColObject, object)
	mark := fingerprint("bin", object, ask.Words)
	if ask.Cursor != "" {
		values, err := decodeCursor(ask.Cursor, mark, []fieldtype.Storage{fieldtype.Int, fieldtype.Int})
		if err != nil {
			return nil, err
		}
		filter = query.And(filter, query.After(sort, values))
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
		item, ok, err := b.read(ctx, r)
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
	if ask.Names {
		page.Names, err = s.deleters(ctx, page.Items)
	}
	return page, err
}

// BinnedRecord is a record in the recycle bin. Fault "record.not_in_bin" (NotFound), also where the
// caller could not read it.
func (s *Reader) BinnedRecord(ctx context.Context, object string, key id.ID) (*Binned, error) {
	b, err := s.openBin(ctx, object, "")
	if err != nil {
		return nil, err
	}
	q := query.Select{Table: stored.BinTable, Filter: query.And(query.Is(query.ID, int64(key)), query.Is(stored.ColObject, object))}
	r, found, err := store.First(ctx, s.Tenant, q, stored.BinColumns...)
	if err != nil {
		return nil, fmt.Errorf("reading the bin: %w", err)
	}
	if found {
		item, ok, err := b.read(ctx, r)
		if ok || err != nil {
			return &item, err
		}
	}
	return nil, session.NotInBin(object, key)
}

// deleters tells what those are called who deleted some records.
func (s *Reader) deleters(ctx context.Context, items []Binned) (Names, error) {
	var users []id.ID
	for _, one := range items {
		if one.DeletedBy != 0 {
			users = append(users, one.DeletedBy)
		}
	}
	slices.Sort(users)
	return s.NamesOf(ctx, map[string][]id.ID{session.UserObject: slices.Compact(users)})
}

// bin is the recycle bin of an object as a caller reads it.
type bin struct {
	reader   *Reader
	object   *session.Object
	readable query.Filter
	searches bool
	words    []query.Word    // that are looked for
	searched []*stored.Field // that they are looked for in
}

// openBin opens the recycle bin of an object; of its records those with some words, "" for any.
func (s *Reader) openBin(ctx context.Context, object, words string) (*bin, error) {
	a, err := s.Object(ctx, object, policy.Read)
	if err != nil {
		return nil, err
	}
	readable, err := s.RecordFilter(ctx, object, policy.Read)
	if err != nil {
		return nil, err
	}
	b := &bin{reader: s, object: a, readable: readable, searches: words != "", words: search.Query(words)}
	for _, f := range a.Object.Search {
		b.searchIn(f)
	}
	if f := a.Object.NameField; f != nil && !slices.Contains(a.Object.Search, f) {
		b.searchIn(f)
	}
	return b, nil
}

// searchIn has the words looked for in a field, unless the caller may not read it.
func (b *bin) searchIn(f *catalog.Field) {
	if at, ok := b.object.Mapping.ByName[f.Name]; ok && b.object.Reads(f) {
		b.searched = append(b.searched, at)
	}
}

// hasWords reports whether a record has the words, in what the caller may read of it.
func (b *bin) hasWords(values stored.Row) bool {
	if !b.searches {
		return true
	}
	var texts []string
	for _, f := range b.searched {
		texts = stored.AppendTexts(texts, f.Value, values[f.Slot])
	}
	return len(b.words) > 0 && search.Match(search.Words(texts...), b.words)
}

// read reads a row of the bin; ok is false if the caller may not read the record, or it lacks the
// words.
func (b *bin) read(ctx context.Context, r store.Found) (item Binned, ok bool, err error) {
	a, s := b.object, b.reader
	values, err := stored.DecodeRow(a.Mapping, r.ID(query.ID), r.JSON(stored.ColDoc))
	if err != nil {
		return Binned{}, false, err
	}
	e := session.NewEnv(ctx, s.Session, s.Tenant, a.Mapping, values, nil)
	if !b.hasWords(values) || !e.Matches(b.readable, values) || e.Failed() != nil {
		return Binned{}, false, e.Failed()
	}
	item = Binned{ID: r.ID(query.ID), DeletedAt: r.Time(stored.ColDeletedAt), DeletedBy: r.ID(stored.ColDeletedBy), Batch: r.ID(stored.ColBatch)}
	if f := a.Object.NameField; a.ShowsText(f) {
		item.Name = a.ShownText(f, r.Text(stored.ColName))
	}
	return item, true, nil
}
