package read

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"

	"formwork/engine/budget"
	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/record/session"
	"formwork/engine/record/stored"
	"formwork/engine/search"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// ListQuery asks for records.
type ListQuery struct {
	Filter string   // an expression
	Within string   // another, which must hold besides: that of a view
	Q      string   // words
	Sort   []string // paths, "-amount" descends; by id when empty
	Fields []string // paths; every field the caller may read when empty
	Limit  int      // 1 to MaxLimit; DefaultLimit when 0
	Cursor string   // Page.Next of the page before
	Skip   int      // without a Cursor: so many records of the list come before the page, at most MaxSkip
	Total  Total    // how Page.Total is wanted
	Names  bool     // whether Page.Names are wanted
	Bytes  int      // about how much a page may hold, as JSON; 8 MiB when 0
	// First are records that come first where the list has them, in their order, by object. Such a
	// list ends with its first page, and takes one query more where there are any of the object.
	First map[string][]id.ID
}

// Total says how far the records of a list are counted, which costs the more the longer
// it is.
type Total int

const (
	NoTotal    Total = iota
	UsualTotal       // up to MaxTotal
	ExactTotal       // all
)

// MaxTotal is up to where a list is counted, unless the exact number is wanted.
const MaxTotal = 10_000

// Limits of one request.
const (
	DefaultLimit = 50
	MaxLimit     = 500
	// MaxSkip is how far into a list a page can be begun without the one before. What is
	// skipped is gone through, which costs as much as counting it.
	MaxSkip = 1_000_000
)

// Page is a part of a list. It may be shorter than the limit though more follow, where
// the records are large.
type Page struct {
	Items []Record
	Next  string // cursor of the next page; "" if this is the last
	Total *int64 // of the whole list, if asked for
	More  bool   // there are more than Total, which is MaxTotal then
	Names Names  // of the records that references in Items lead to, if asked for
	Bytes int    // that Items take as JSON, about
}

// Get reads a record: the named fields (paths; all that may be read if none). Faults:
// record.not_found, also of what the caller may not read; list.unknown_field.
func (s *Reader) Get(ctx context.Context, object string, key id.ID, fields []string) (Record, error) {
	a, err := s.Object(ctx, object, policy.Read)
	if err != nil {
		return Record{}, err
	}
	sh, err := s.shape(ctx, a, fields)
	if err != nil {
		return Record{}, err
	}
	read, err := s.RecordFilter(ctx, object, policy.Read)
	if err != nil {
		return Record{}, err
	}
	q := query.Select{Table: a.Object.Table.Name, Filter: query.And(query.Is(query.ID, int64(key)), read), Limit: 1}
	if q.Columns, err = sh.query(ctx, s.Session); err != nil {
		return Record{}, err
	}
	for r, err := range s.Tenant.Select(ctx, q) {
		if err != nil {
			return Record{}, fmt.Errorf("reading a record of %s: %w", object, err)
		}
		item, err := sh.read(ctx, s.Session, r, make([]any, sh.width))
		if err != nil {
			return Record{}, err
		}
		return item, sh.roll(ctx, s.Session, []Record{item})
	}
	return Record{}, session.NotFound(object, key)
}

// roll completes records of the shape, if it has roll-ups that are computed when read.
func (sh *shape) roll(ctx context.Context, s *session.Session, items []Record) error {
	if len(sh.rolled) == 0 {
		return nil
	}
	rows := make([][]any, len(items))
	for i, item := range items {
		rows[i] = item.row
	}
	return sh.complete(ctx, s, s.Tenant, rows)
}

// read makes a record of a row; into has the shape's width. It is left to roll to complete it
// if the shape has roll-ups that are computed when read.
func (sh *shape) read(ctx context.Context, s *session.Session, r store.Row, into []any) (Record, error) {
	for i := range sh.selects {
		into[i] = stored.Hold(r[i])
	}
	if len(sh.rolled) == 0 {
		if err := sh.fill(ctx, s, into); err != nil {
			return Record{}, err
		}
	}
	return Record{shape: sh, row: into}, nil
}

// listing is a list that was asked for, ready to run.
type listing struct {
	*shape
	query  query.Select // columns: the shape's, the sort's, then those of check
	sort   []fieldtype.Storage
	mark   uint64
	total  query.Filter // of all pages
	skip   int          // records of the list that come before the page
	check  *wordCheck   // nil: the store's words are enough
	sortAt int          // columns before those of the sort
}

// pageBytes is about how much a page may hold, as JSON, if nothing else is said: one of long
// texts ends before its limit, for 500 records may have a hundred thousand characters in each
// of many fields.
const pageBytes = 8 << 20

// sortKeys bounds the keys of a sort.
const sortKeys = 8

// listing prepares a list. Limit and cursor are left to the caller.
func (s *Reader) listing(ctx context.Context, a *session.Object, q ListQuery) (*listing, error) {
	sh, err := s.shape(ctx, a, q.Fields)
	if err != nil {
		return nil, err
	}
	l := &listing{shape: sh, query: query.Select{Table: a.Object.Table.Name}}
	// Each is compiled by itself: a bracket in the one opens nothing in the other.
	wanted, err := s.where(ctx, a, q.Filter)
	if err != nil {
		return nil, err
	}
	within, err := s.where(ctx, a, q.Within)
	if err != nil {
		return nil, err
	}
	read, err := s.RecordFilter(ctx, a.Object.Doc.Name, policy.Read)
	if err != nil {
		return nil, err
	}
	l.query.Filter = query.And(read, within, wanted)
	l.total = l.query.Filter
	columns, err := sh.query(ctx, s.Session)
	if err != nil {
		return nil, err
	}
	l.query.Columns = append(make([]query.Ref, 0, len(columns)+sortKeys), columns...)
	if err := l.addSort(ctx, s.Session, a, q.Sort); err != nil {
		return nil, err
	}
	if strings.TrimSpace(q.Q) != "" {
		l.addWords(a, q.Q)
	}
	parts := []string{"list", a.Object.Doc.Name, q.Filter, q.Within, q.Q}
	for _, o := range l.query.Sort {
		parts = append(parts, fmt.Sprint(refKey(o.Ref, 0), o.Descending))
	}
	l.mark = fingerprint(parts...)
	return l, nil
}

// addSort resolves the sort, ends it with the id in the direction of the last key, as
// indexes do, and selects its values for cursors.
func (l *listing) addSort(ctx context.Context, s *session.Session, a *session.Object, keys []string) error {
	if len(keys) > sortKeys {
		return fault.New(fault.Invalid, "list.too_many_sorts", "max", sortKeys).At("/sort")
	}
	l.sortAt = len(l.query.Columns)
	last := query.ID.Name
	if len(keys) > 0 && strings.HasPrefix(keys[len(keys)-1], "-") {
		last = "-" + last
	}
	seen := map[string]bool{}
	for _, text := range append(append([]string{}, keys...), last) {
		name, descending := strings.CutPrefix(text, "-")
		if seen[name] {
			continue
		}
		seen[name] = true
		p, err := s.Path(ctx, a, name, "list.unknown_field")
		if err != nil {
			return fault.From(err).At("/sort")
		}
		column, ok := sortColumn(p.Leaf)
		if !ok {
			return fault.New(fault.Invalid, "list.not_sortable", "field", name).At("/sort")
		}
		ref, err := s.GuardRef(ctx, p.Ref(column), len(p.Via))
		if err != nil {
			return err
		}
		l.query.Sort = append(l.query.Sort, query.Order{Ref: ref, Descending: descending})
		l.query.Columns = append(l.query.Columns, ref)
		l.sort = append(l.sort, column.Storage)
		if name == query.ID.Name {
			break // nothing can come after it
		}
	}
	return nil
}

// sortColumn is the column that a field is sorted by: texts by their folded form.
func sortColumn(f *catalog.Field) (query.Column, bool) {
	if f.Key.Name != "" {
		return f.Key, true
	}
	return f.Column, f.Column.Storage != fieldtype.None && fieldtype.Ordered(f.Value)
}

// addWords restricts the list to records with words. Where a searched field may not
// be read by the caller, what the store finds is checked against those that may.
func (l *listing) addWords(a *session.Object, text string) {
	l.query.Words = search.Query(text)
	if len(l.query.Words) == 0 || !a.Searchable {
		l.query.Filter, l.total, l.query.Words = query.Nothing, query.Nothing, nil
		return
	}
	l.check = newWordCheck(a, l.query.Words, len(l.query.Columns))
	if l.check != nil {
		l.query.Columns = append(l.query.Columns, l.check.refs...)
	}
}

// pageSize checks a limit.
func pageSize(limit int) (int, error) {
	if limit == 0 {
		return DefaultLimit, nil
	}
	if limit < 0 || limit > MaxLimit {
		return 0, fault.New(fault.Invalid, "list.bad_limit", "max", MaxLimit).At("/limit")
	}
	return limit, nil
}

// List reads a page of the records that the caller may read. Faults: those of
// package expression for the filter, list.unknown_field, list.not_sortable,
// list.too_costly, list.bad_cursor, list.bad_limit.
func (s *Reader) List(ctx context.Context, object string, q ListQuery) (*Page, error) {
	a, err := s.Object(ctx, object, policy.Read)
	if err != nil {
		return nil, err
	}
	return s.list(ctx, a, q, nil)
}

// ListAmong is List with a condition on the records that the caller has not written, whose
// paths are guarded.
func (s *Reader) ListAmong(ctx context.Context, object string, q ListQuery, only query.Filter) (*Page, error) {
	a, err := s.Object(ctx, object, policy.Read)
	if err != nil {
		return nil, err
	}
	return s.list(ctx, a, q, only)
}

// list is List with a condition that the caller has not written.
func (s *Reader) list(ctx context.Context, a *session.Object, q ListQuery, only query.Filter) (*Page, error) {
	limit, err := pageSize(q.Limit)
	if err != nil {
		return nil, err
	}
	l, err := s.listing(ctx, a, q)
	if err != nil {
		return nil, err
	}
	if q.First != nil && q.Cursor != "" {
		return nil, fault.New(fault.Malformed, "list.bad_cursor")
	}
	if q.Skip < 0 || q.Skip > MaxSkip || q.Skip > 0 && (q.Cursor != "" || q.First != nil) {
		return nil, fault.New(fault.Invalid, "list.bad_skip", "max", MaxSkip).At("/skip")
	}
	l.skip = q.Skip
	l.total = query.And(l.total, only)
	l.query.Filter = l.total
	s.Uses.List(s.Tenant, l.query)
	if q.Cursor != "" {
		values, err := decodeCursor(q.Cursor, l.mark, l.sort)
		if err != nil {
			return nil, err
		}
		l.query.Filter = query.And(l.total, query.After(l.query.Sort, values))
	}
	page := &Page{}
	if err := l.fill(ctx, s.Session, page, limit, cmp.Or(q.Bytes, pageBytes)); err != nil {
		return nil, fmt.Errorf("listing %s: %w", a.Object.Doc.Name, err)
	}
	whole := page.Next == ""
	if q.First != nil {
		if err := l.putFirst(ctx, s.Session, page, q.First[a.Object.Doc.Name], limit); err != nil {
			return nil, fmt.Errorf("listing %s: %w", a.Object.Doc.Name, err)
		}
	}
	if q.Names {
		if page.Names, err = s.Names(ctx, page.Items...); err != nil {
			return nil, err
		}
	}
	if q.Total == NoTotal {
		return page, nil
	}
	if q.Cursor == "" && q.Skip == 0 && whole {
		all := int64(len(page.Items))
		page.Total = &all
		return page, nil
	}
	most := int64(0)
	if q.Total == UsualTotal {
		most = MaxTotal + 1
	}
	total, err := l.count(ctx, s.Session, most)
	if err != nil {
		return nil, fmt.Errorf("counting %s: %w", a.Object.Doc.Name, err)
	}
	if page.More = most > 0 && total == most; page.More {
		total = MaxTotal
	}
	page.Total = &total
	return page, nil
}

// fill reads a page of at most about some bytes, and whether more follow.
func (l *listing) fill(ctx context.Context, s *session.Session, page *Page, limit, most int) error {
	q, skip := l.query, l.skip
	if l.check == nil {
		q.Limit, q.Skip, skip = limit+1, skip, 0
	}
	page.Items = make([]Record, 0, min(limit, 64))
	var block []any
	share := budget.From(ctx)
	size := pageSizer{names: l.nameBytes()}
	last := make([]any, len(l.sort))
	for r, err := range s.Tenant.Select(ctx, q) {
		if err != nil {
			return err
		}
		if l.check != nil && !l.check.holds(r) {
			continue
		}
		if skip > 0 {
			skip--
			continue
		}
		if len(page.Items) == limit || size.encoded > most {
			page.Next = encodeCursor(l.mark, last)
			break
		}
		if len(block) < l.width {
			block = make([]any, l.width*min(limit-len(page.Items), 50))
		}
		item, err := l.read(ctx, s, r, block[:l.width:l.width])
		if err != nil {
			return err
		}
		block = block[l.width:]
		// The row, and its JSON in the answer.
		if err := share.Hold(ctx, size.add(item.row)); err != nil {
			return err
		}
		page.Items = append(page.Items, item)
		copy(last, r[l.sortAt:l.sortAt+len(l.sort)])
	}
	page.Bytes = size.encoded
	return l.roll(ctx, s, page.Items)
}

// putFirst begins a page with those of some records that its list has, in their order.
func (l *listing) putFirst(ctx context.Context, s *session.Session, page *Page, keys []id.ID, limit int) error {
	page.Next = ""
	if len(keys) == 0 {
		return nil
	}
	values := make([]any, len(keys))
	for i, key := range keys {
		values[i] = int64(key)
	}
	some, found := *l, &Page{}
	some.query.Filter = query.And(l.total, query.In{Ref: query.Field(query.ID), Values: values})
	if err := some.fill(ctx, s, found, len(keys), pageBytes); err != nil {
		return err
	}
	slices.SortFunc(found.Items, func(a, b Record) int { return slices.Index(keys, a.ID()) - slices.Index(keys, b.ID()) })
	for _, item := range page.Items {
		if !slices.Contains(keys, item.ID()) {
			found.Items = append(found.Items, item)
		}
	}
	page.Items, page.Bytes = found.Items[:min(len(found.Items), limit)], page.Bytes+found.Bytes
	return nil
}

// pageSizer finds out how long a page is as JSON, without writing it.
type pageSizer struct {
	names   int // bytes of a record's names, with about as many for values of fixed length
	raw     int // of the values
	encoded int // about
}

// exactFrom is how much a page holds before its texts are looked at for what JSON writes
// longer: until then six times as much is bearable.
const exactFrom = 256 << 10

// add counts a record, and says how many bytes it takes in memory and as JSON together.
func (z *pageSizer) add(row []any) int64 {
	n := bytesOf(row)
	longer := 0
	if z.raw += n; z.raw > exactFrom {
		longer = escapes(row)
	}
	z.encoded += z.names + n + longer
	return int64(z.names + 2*n + longer + rowBytes*len(row))
}

// rowBytes is what a value takes in a row, besides its text.
const rowBytes = 16

// nameBytes is what a record takes as JSON besides its texts: names, numbers, commas.
func (sh *shape) nameBytes() (n int) {
	const number = 20
	for _, e := range sh.entries {
		n += len(e.key) + number
	}
	return n
}

// escapes is by how much the texts of a row are longer as JSON.
func escapes(row []any) (n int) {
	for _, v := range row {
		switch v := v.(type) {
		case string:
			n += escaped(v)
		case []string:
			for _, text := range v {
				n += escaped(text)
			}
		}
	}
	return n
}

func escaped(text string) (n int) {
	for i := range len(text) {
		switch c := text[i]; {
		case c == '"' || c == '\\' || c == '\n' || c == '\r' || c == '\t':
			n++
		case c < ' ':
			n += len(`\u0000`) - 1
		}
	}
	return n
}

// bytesOf is how many bytes the values of variable length take.
func bytesOf(row []any) (n int) {
	for _, v := range row {
		switch v := v.(type) {
		case string:
			n += len(v)
		case json.RawMessage:
			n += len(v)
		case []string:
			for _, text := range v {
				n += len(text)
			}
		}
	}
	return n
}

// count is the number of records on all pages, but no greater than most (0: any).
func (l *listing) count(ctx context.Context, s *session.Session, most int64) (int64, error) {
	if l.check == nil {
		return s.Tenant.Count(ctx, l.query.Table, l.total, l.query.Words, most)
	}
	q := query.Select{Table: l.query.Table, Columns: l.check.refs, Filter: l.total, Words: l.query.Words}
	check, n := l.check.at(0), int64(0)
	for r, err := range s.Tenant.Select(ctx, q) {
		if err != nil {
			return 0, err
		}
		if check.holds(r) {
			n++
		}
		if n == most {
			break
		}
	}
	return n, nil
}

// streamBytes is how much a stream holds, about, of records that are completed together.
const streamBytes = 1 << 20

// Each streams all records that List would page through, from one state of the data but for
// roll-ups that are computed when read. Limit (0: none) bounds their number; Cursor, Total,
// Names and Bytes are not used.
func (s *Reader) Each(ctx context.Context, object string, q ListQuery) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		a, err := s.Object(ctx, object, policy.Read)
		if err != nil {
			yield(Record{}, err)
			return
		}
		l, err := s.listing(ctx, a, q)
		if err != nil {
			yield(Record{}, err)
			return
		}
		if l.check == nil {
			l.query.Limit = q.Limit
		}
		atOnce := l.atOnce()
		var items []Record
		n, held := 0, 0
		for r, err := range s.Tenant.Select(ctx, l.query) {
			if err != nil {
				yield(Record{}, fmt.Errorf("reading records of %s: %w", object, err))
				return
			}
			if l.check != nil && !l.check.holds(r) {
				continue
			}
			item, err := l.read(ctx, s.Session, r, make([]any, l.width))
			if err != nil {
				yield(item, err)
				return
			}
			items, held = append(items, item), held+bytesOf(item.row)
			if len(items) == atOnce || held >= streamBytes {
				if !l.pass(ctx, s.Session, items, yield) {
					return
				}
				clear(items) // what was passed is held no longer
				items, held = items[:0], 0
			}
			if n++; n == q.Limit {
				break
			}
		}
		l.pass(ctx, s.Session, items, yield)
	}
}

// pass completes records and yields them. It reports whether more are wanted.
func (sh *shape) pass(ctx context.Context, s *session.Session, items []Record, yield func(Record, error) bool) bool {
	if err := sh.roll(ctx, s, items); err != nil {
		yield(Record{}, err)
		return false
	}
	for _, item := range items {
		if !yield(item, nil) {
			return false
		}
	}
	return true
}
