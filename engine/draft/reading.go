package draft

import (
	"context"
	"io"
	"iter"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// reading is a tenant that is read as if it had the tables and columns of a draft, which are
// empty, and is not written to. Each method is here, so that one that is new to the contract
// passes nothing by itself.
type reading struct {
	tenant store.Tenant
	absent catalog.Absent
}

var _ store.Tenant = (*reading)(nil)

func readOnly() error { return fault.New(fault.Forbidden, "draft.read_only") }

func (r *reading) Name() string     { return r.tenant.Name() }
func (r *reading) Identity() string { return r.tenant.Identity() }

func (r *reading) Format(ctx context.Context) (int, error)              { return r.tenant.Format(ctx) }
func (r *reading) Stamp(context.Context, int) error                     { return readOnly() }
func (r *reading) Dump(context.Context, io.Writer) error                { return readOnly() }
func (r *reading) Tables(ctx context.Context) ([]store.Table, error)    { return r.tenant.Tables(ctx) }
func (r *reading) Define(context.Context, ...store.Table) error         { return readOnly() }
func (r *reading) Index(context.Context, string, []store.Index) error   { return readOnly() }
func (r *reading) Drop(context.Context, string, ...string) error        { return readOnly() }
func (r *reading) Write(context.Context, func(tx store.Tx) error) error { return readOnly() }
func (r *reading) Check(context.Context) error                          { return readOnly() }

func (r *reading) CopyLog(context.Context, store.Table, []store.FullRow) error { return readOnly() }

func (r *reading) Indexes(ctx context.Context, table string) ([]store.Index, error) {
	return r.tenant.Indexes(ctx, table)
}

func (r *reading) ReadLog(ctx context.Context, q store.LogRead) iter.Seq2[store.Row, error] {
	return r.tenant.ReadLog(ctx, q)
}

func (r *reading) LogEnd(ctx context.Context, table string) (int64, error) {
	return r.tenant.LogEnd(ctx, table)
}

func (r *reading) CountLog(ctx context.Context, table string, after int64, limit int) (int64, error) {
	return r.tenant.CountLog(ctx, table, after, limit)
}

func (r *reading) Explain(ctx context.Context, q query.Select) (store.Plan, error) {
	return r.tenant.Explain(ctx, r.rows(q))
}

func (r *reading) Blobs() store.Blobs { return contents{r.tenant.Blobs()} }

func (r *reading) Select(ctx context.Context, q query.Select) iter.Seq2[store.Row, error] {
	return r.tenant.Select(ctx, r.rows(q))
}

func (r *reading) Aggregate(ctx context.Context, q query.Aggregate) iter.Seq2[store.Row, error] {
	there := r.of(q.Table)
	q.Table, q.Filter, q.Words = there.table(q.Filter, q.Words)
	groups := make([]query.Group, len(q.Groups))
	for i, g := range q.Groups {
		g.Ref = there.ref(g.Ref)
		groups[i] = g
	}
	measures := make([]query.Measure, len(q.Measures))
	for i, m := range q.Measures {
		if m.Ref.Column.Name != "" {
			m.Ref = there.ref(m.Ref)
		}
		m.Filter = there.filter(m.Filter)
		measures[i] = m
	}
	q.Groups, q.Measures = groups, measures
	return r.tenant.Aggregate(ctx, q)
}

func (r *reading) Count(ctx context.Context, table string, filter query.Filter, words []query.Word, most int64) (int64, error) {
	table, filter, words = r.of(table).table(filter, words)
	return r.tenant.Count(ctx, table, filter, words, most)
}

// rows is a question for rows that the store can answer.
func (r *reading) rows(q query.Select) query.Select {
	there := r.of(q.Table)
	q.Table, q.Filter, q.Words = there.table(q.Filter, q.Words)
	columns := make([]query.Ref, len(q.Columns))
	for i, ref := range q.Columns {
		columns[i] = there.ref(ref)
	}
	sort := make([]query.Order, len(q.Sort))
	for i, o := range q.Sort {
		o.Ref = there.ref(o.Ref)
		sort[i] = o
	}
	q.Columns, q.Sort = columns, sort
	return q
}

// of is what is there of a table.
func (r *reading) of(table string) presence {
	lacks, some := r.absent[table]
	return presence{r.absent, table, lacks, some && lacks == nil}
}

// presence says of a table which of its columns the store has.
type presence struct {
	absent catalog.Absent
	name   string
	lacks  map[string]bool
	gone   bool // the store has none of it
}

// stand is a table that is always there, in the place of one that is not.
const stand = draftTable

// table is the table to ask in the place of this one, and how.
func (p presence) table(filter query.Filter, words []query.Word) (string, query.Filter, []query.Word) {
	switch {
	case p.gone:
		return stand, query.Nothing, nil
	case p.lacks[catalog.NoWords] && len(words) > 0:
		return p.name, query.Nothing, nil
	}
	return p.name, p.filter(filter), words
}

func (p presence) filter(f query.Filter) query.Filter {
	if f == nil || len(p.absent) == 0 {
		return f
	}
	return query.MapRefs(f, p.ref)
}

// ref is a reference that reads the same where the store has what it reads, and else one that
// is empty: a path whose guard holds for nothing.
func (p presence) ref(r query.Ref) query.Ref {
	at := p
	hops := make([]query.Hop, len(r.Hops))
	for i, hop := range r.Hops {
		if at.gone || at.lacks[hop.Lookup.Name] {
			return p.empty(r.Column.Storage)
		}
		lacks, some := p.absent[hop.Table]
		at = presence{p.absent, hop.Table, lacks, some && lacks == nil}
		if at.gone {
			return p.empty(r.Column.Storage)
		}
		hop.Guard = at.filter(hop.Guard)
		hops[i] = hop
	}
	if at.gone || at.lacks[r.Column.Name] {
		return p.empty(r.Column.Storage)
	}
	r.Hops = hops
	return r
}

func (p presence) empty(storage fieldtype.Storage) query.Ref {
	return query.Ref{Hops: []query.Hop{{Lookup: query.ID, Table: stand, Guard: query.Nothing}}, Column: query.Column{Name: query.ID.Name, Storage: storage}}
}

// contents are blobs that are read alone.
type contents struct{ blobs store.Blobs }

func (c contents) Open(ctx context.Context, key id.ID, offset, length int64) (io.ReadCloser, error) {
	return c.blobs.Open(ctx, key, offset, length)
}

func (c contents) Stat(ctx context.Context, key id.ID) (store.Blob, error) {
	return c.blobs.Stat(ctx, key)
}

func (c contents) List(ctx context.Context, after id.ID, limit int) ([]store.Blob, error) {
	return c.blobs.List(ctx, after, limit)
}

func (c contents) Put(context.Context, id.ID, io.Reader, int64) (store.Digest, error) {
	return store.Digest{}, readOnly()
}

func (c contents) Delete(context.Context, id.ID) error { return readOnly() }

func (c contents) Tidy(context.Context, time.Time) error { return readOnly() }
