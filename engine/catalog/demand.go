package catalog

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"formwork/engine/demand"
	"formwork/engine/id"
	"formwork/engine/job"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// Indexes on demand: which shapes of lists and aggregations were used how often is kept in
// the table _index of the tenant, with those among them that an index was made for. The
// plan of a revision knows nothing of them, so snapshots are shared and revisions leave
// them alone; the job index makes what is planned and what is on demand.
const (
	// FewRows are read as fast without an index.
	FewRows = 1_000
	// MostOnDemand bounds the indexes on demand of an object.
	MostOnDemand = 8
	// Unused is how long an index on demand stays that nobody uses.
	Unused = 30 * 24 * time.Hour

	displaced   = 7 * 24 * time.Hour // unused for so long one makes place for another
	maxRows     = 256                // shapes that are known of a tenant
	largestText = 1_000              // characters of a text that an index is made on demand for
	demandTable = "_index"
	reviewEvery = 24 * time.Hour
)

var (
	colObject   = query.Column{Name: "object", Storage: fieldtype.Text}
	colShape    = query.Column{Name: "shape", Storage: fieldtype.Text}  // see demand.Shape
	colIndex    = query.Column{Name: "index", Storage: fieldtype.Text}  // the name of the index
	colUses     = query.Column{Name: "uses", Storage: fieldtype.Int}    // in all
	colUsedAt   = query.Column{Name: "used_at", Storage: fieldtype.Int} // last, this one or one that its index serves
	colDay      = query.Column{Name: "day", Storage: fieldtype.Int}     // days since 1970 in UTC
	colThatDay  = query.Column{Name: "that_day", Storage: fieldtype.Int}
	colMadeAt   = query.Column{Name: "made_at", Storage: fieldtype.Int} // empty: there is no index for it
	demandStore = store.Table{Name: demandTable, Columns: []query.Column{colObject, colShape, colIndex, colUses, colUsedAt, colDay, colThatDay, colMadeAt},
		Indexes: []store.Index{{Name: "shape", Unique: true, Columns: []column{asc(colObject), asc(colShape)}}}}
)

// wanted is a shape that was used, a row of _index.
type wanted struct {
	id      id.ID
	object  string
	text    string // of the shape
	index   string
	uses    int64
	usedAt  time.Time
	day     int64
	thatDay int64
	madeAt  time.Time // zero: not made

	fresh, changed, gone bool
}

// demanded are the rows of _index in a transaction.
type demanded struct {
	rows    []*wanted
	touched map[string]bool // objects whose indexes are to be made anew
}

func readDemanded(ctx context.Context, from store.Reader) (*demanded, error) {
	d := &demanded{touched: map[string]bool{}}
	q := query.Select{Table: demandTable, Sort: []query.Order{{Ref: query.Field(query.ID)}}}
	for row, err := range store.Find(ctx, from, q, append([]query.Column{query.ID}, demandStore.Columns...)...) {
		if err != nil {
			return nil, fmt.Errorf("reading what lists are used: %w", err)
		}
		d.rows = append(d.rows, &wanted{id: row.ID(query.ID), object: row.Text(colObject), text: row.Text(colShape), index: row.Text(colIndex),
			uses: row.Int(colUses), usedAt: row.Time(colUsedAt), day: row.Int(colDay), thatDay: row.Int(colThatDay), madeAt: row.Time(colMadeAt)})
	}
	return d, nil
}

func (d *demanded) write(ctx context.Context, tx store.Tx) error {
	for _, w := range d.rows {
		values := map[string]any{colObject.Name: w.object, colShape.Name: w.text, colIndex.Name: w.index, colUses.Name: w.uses,
			colUsedAt.Name: w.usedAt.UnixMilli(), colDay.Name: w.day, colThatDay.Name: w.thatDay, colMadeAt.Name: nil}
		if !w.madeAt.IsZero() {
			values[colMadeAt.Name] = w.madeAt.UnixMilli()
		}
		var err error
		switch {
		case w.gone && !w.fresh:
			err = tx.Delete(ctx, demandTable, w.id)
		case w.gone:
		case w.fresh:
			err = tx.Insert(ctx, demandTable, w.id, values, nil)
		case w.changed:
			err = tx.Update(ctx, demandTable, w.id, 0, values, nil)
		}
		if err != nil {
			return fmt.Errorf("noting the use of lists of %s: %w", w.object, err)
		}
	}
	return nil
}

// made are the rows of an object that have an index.
func (d *demanded) made(object string) (made []*wanted) {
	for _, w := range d.rows {
		if w.object == object && !w.gone && !w.madeAt.IsZero() {
			made = append(made, w)
		}
	}
	return made
}

// unmake has the index of a row dropped.
func (d *demanded) unmake(w *wanted) {
	w.madeAt, w.changed = time.Time{}, true
	d.touched[w.object] = true
}

// shape is what a row is about; ok is false where the object lacks a column of it by now, or
// none of an index should be on it.
func (o *Object) shape(w *wanted) (s demand.Shape, ok bool) {
	return demand.Read(w.text, func(name string) (query.Column, bool) {
		if name == query.ID.Name {
			return query.ID, true
		}
		i := slices.IndexFunc(o.Table.Columns, func(c query.Column) bool { return c.Name == name })
		if i < 0 {
			return query.Column{}, false
		}
		c := o.Table.Columns[i]
		return c, c.Storage != fieldtype.List && c.Storage != fieldtype.JSON && !o.holdsLongTexts(c)
	})
}

// holdsLongTexts reports whether a column holds texts that are too long for an index.
func (o *Object) holdsLongTexts(c query.Column) bool {
	return c.Storage == fieldtype.Text && slices.ContainsFunc(o.Fields, func(f *Field) bool {
		longest, bounded := f.Value.Schema()["maxLength"].(int)
		return f.Column == c && bounded && longest > largestText
	})
}

// indexOf is the index of a row.
func (w *wanted) indexOf(s demand.Shape) store.Index {
	return store.Index{Name: w.index, Columns: s.Columns()}
}

// served reports whether one of the indexes does what a shape wants.
func served(s demand.Shape, by []store.Index) bool { return slices.ContainsFunc(by, s.ServedBy) }

// onDemand are the indexes on demand of an object, but for what is planned anyway.
func (d *demanded) onDemand(o *Object, planned []store.Index) (indexes []store.Index) {
	for _, w := range d.made(o.Doc.Name) {
		s, ok := o.shape(w)
		if i := w.indexOf(s); ok && !served(s, planned) && !slices.ContainsFunc(planned, named(i.Name)) {
			indexes = append(indexes, i)
		}
	}
	return indexes
}

// count adds uses.
func (d *demanded) count(s *Snapshot, uses []demand.Use, ids *id.Source, now time.Time) {
	for _, use := range uses {
		o := s.Objects[use.Table]
		if o == nil {
			continue
		}
		w := d.row(o, use, ids)
		if w == nil {
			continue
		}
		if today := dayOf(now); w.day != today {
			w.day, w.thatDay = today, 0
		}
		w.uses, w.thatDay, w.usedAt, w.changed = w.uses+use.Times, w.thatDay+use.Times, now, true
		shape, ok := o.shape(w)
		for _, other := range d.made(use.Table) {
			if s, known := o.shape(other); ok && known && shape.ServedBy(other.indexOf(s)) {
				other.usedAt, other.changed = now, true
			}
		}
	}
}

// row is that of a use, a new one if there is none; nil where no index would be made for it,
// or all rows are of indexes that there are.
func (d *demanded) row(o *Object, use demand.Use, ids *id.Source) *wanted {
	i := slices.IndexFunc(d.rows, func(w *wanted) bool { return w.object == use.Table && w.text == use.Shape })
	if i >= 0 {
		d.rows[i].gone = false
		return d.rows[i]
	}
	w := &wanted{id: ids.Next(), object: use.Table, text: use.Shape, fresh: true}
	shape, ok := o.shape(w)
	if !ok || !d.room() {
		return nil
	}
	w.index = indexName("i", shape.Columns())
	d.rows = append(d.rows, w)
	return w
}

// room makes room for a row, in place of the one without an index that was not used for longest.
func (d *demanded) room() bool {
	var oldest *wanted
	n := 0
	for _, w := range d.rows {
		if w.gone {
			continue
		}
		n++
		if w.madeAt.IsZero() && !w.fresh && (oldest == nil || w.usedAt.Before(oldest.usedAt)) {
			oldest = w
		}
	}
	if n < maxRows {
		return true
	}
	if oldest == nil {
		return false
	}
	oldest.gone = true
	return true
}

func dayOf(t time.Time) int64 { return t.Unix() / int64(24*time.Hour/time.Second) }

// decide makes indexes for the shapes that are used often today, the most used first.
func (d *demanded) decide(ctx context.Context, tx store.Reader, s *Snapshot, now time.Time) error {
	often := slices.DeleteFunc(slices.Clone(d.rows), func(w *wanted) bool {
		return w.gone || !w.madeAt.IsZero() || w.day != dayOf(now) || w.thatDay < demand.Often
	})
	slices.SortStableFunc(often, func(a, b *wanted) int { return cmp.Compare(b.thatDay, a.thatDay) })
	large := largeTables{from: tx}
	for _, w := range often {
		o := s.Objects[w.object]
		if o == nil {
			continue // it was removed since
		}
		shape, ok := o.shape(w)
		planned := s.Indexes[w.object]
		if !ok || served(shape, planned) || served(shape, d.onDemand(o, planned)) {
			continue
		}
		if large, err := large.is(ctx, o); err != nil || !large {
			if err != nil {
				return err
			}
			continue
		}
		for _, other := range d.made(w.object) { // the new one does what these did
			if s, ok := o.shape(other); ok && s.ServedBy(w.indexOf(shape)) {
				d.unmake(other)
			}
		}
		if !d.place(o, planned, now) {
			continue
		}
		w.madeAt, w.changed = now, true
		d.touched[w.object] = true
	}
	return nil
}

// largeTables knows which objects have more than FewRows records.
type largeTables struct {
	from  store.Reader
	known map[*Object]bool
}

func (l *largeTables) is(ctx context.Context, o *Object) (bool, error) {
	if large, known := l.known[o]; known {
		return large, nil
	}
	n, err := l.from.Count(ctx, o.Table.Name, nil, nil, FewRows+1)
	if err != nil {
		return false, fmt.Errorf("counting the records of %s: %w", o.Doc.Name, err)
	}
	if l.known == nil {
		l.known = map[*Object]bool{}
	}
	l.known[o] = n > FewRows
	return n > FewRows, nil
}

// place reports whether an object may have one more index on demand. One that has not been
// used for long makes place.
func (d *demanded) place(o *Object, planned []store.Index, now time.Time) bool {
	if !d.full(o, planned) {
		return true
	}
	made := d.made(o.Doc.Name)
	if len(made) == 0 {
		return false
	}
	last := slices.MinFunc(made, func(a, b *wanted) int { return a.usedAt.Compare(b.usedAt) })
	if now.Sub(last.usedAt) < displaced {
		return false
	}
	d.unmake(last)
	return true
}

// full reports whether an object has as many indexes on demand as it may.
func (d *demanded) full(o *Object, planned []store.Index) bool {
	return len(d.made(o.Doc.Name)) >= min(MostOnDemand, mostIndexes-len(planned))
}

// expire forgets what was not used for a month, and has its indexes dropped.
func (d *demanded) expire(s *Snapshot, now time.Time) {
	for _, w := range d.rows {
		if now.Sub(w.usedAt) >= Unused {
			if !w.madeAt.IsZero() {
				d.unmake(w)
			}
			w.gone = true
			continue
		}
		o := s.Objects[w.object]
		if o == nil || w.madeAt.IsZero() {
			continue
		}
		if shape, ok := o.shape(w); !ok || served(shape, s.Indexes[w.object]) {
			d.unmake(w) // what it was for is gone, or is planned by now
		}
	}
}

// adopt takes indexes that an earlier version of the program planned as made on demand, and
// used now. What differs then from what there is is made so by the job index.
func (d *demanded) adopt(o *Object, have, planned []store.Index, ids *id.Source, now time.Time) {
	for _, i := range have {
		if i.Unique || slices.ContainsFunc(planned, named(i.Name)) || slices.ContainsFunc(d.made(o.Doc.Name), func(w *wanted) bool { return w.index == i.Name }) {
			continue
		}
		w := &wanted{id: ids.Next(), object: o.Doc.Name, text: demand.Shape{Then: i.Columns}.String(), index: i.Name, day: dayOf(now), usedAt: now, madeAt: now, fresh: true}
		if shape, ok := o.shape(w); !ok || served(shape, planned) || len(d.made(o.Doc.Name)) >= MostOnDemand || !d.room() {
			d.touched[o.Doc.Name] = true
			continue
		}
		d.rows = append(d.rows, w)
	}
	for _, i := range planned {
		if !slices.ContainsFunc(have, named(i.Name)) {
			d.touched[o.Doc.Name] = true
		}
	}
}

// KeepUses adds what was counted of the use of lists to what is known of a tenant, and has
// indexes made for what is used often.
func (c *Catalog) KeepUses(ctx context.Context, t store.Tenant, uses []demand.Use) error {
	s, err := c.newest(ctx, t)
	if err != nil {
		return err
	}
	return c.changeDemanded(ctx, t, func(tx store.Tx, d *demanded, now time.Time) error {
		d.count(s.snapshot, uses, c.o.IDs, now)
		return d.decide(ctx, tx, s.snapshot, now)
	})
}

// changeDemanded changes the rows of _index, and enqueues the jobs that follow.
func (c *Catalog) changeDemanded(ctx context.Context, t store.Tenant, change func(tx store.Tx, d *demanded, now time.Time) error) error {
	var touched []string
	err := t.Write(ctx, func(tx store.Tx) error {
		now := c.o.Now()
		d, err := readDemanded(ctx, tx)
		if err != nil {
			return err
		}
		if err := change(tx, d, now); err != nil {
			return err
		}
		if err := d.write(ctx, tx); err != nil {
			return err
		}
		touched = byName(d.touched)
		var jobs []Job
		for _, object := range touched {
			jobs = append(jobs, Job{JobIndex, Work{Object: object}})
		}
		if err := c.enqueue(ctx, tx, jobs, now, 0); err != nil {
			return err
		}
		if !slices.ContainsFunc(d.rows, func(w *wanted) bool { return !w.gone }) {
			return nil // nothing is left to be looked at every day
		}
		return c.reviewLater(ctx, tx, now)
	})
	if len(touched) > 0 && err == nil {
		c.o.Wake(t.Name())
	}
	return err
}

// JobReview drops the indexes on demand that nobody used for a month, and runs again a day
// later as long as there is one. Its argument is Reviewing.
const JobReview = "review_indexes"

// Reviewing are the arguments of JobReview.
type Reviewing struct {
	// Adopt: indexes that are not planned any more count as made on demand.
	Adopt bool `json:"adopt,omitempty"`
}

// reviewLater enqueues the next run of JobReview, unless one waits. It is in no lane, so
// that nothing waits for it.
func (c *Catalog) reviewLater(ctx context.Context, tx store.Tx, now time.Time) error {
	waiting, err := job.List(ctx, tx, job.Listing{Kind: JobReview, State: job.Waiting, Limit: 1})
	if err != nil || len(waiting) > 0 {
		return err
	}
	_, err = job.Enqueue(ctx, tx, c.o.IDs, now, job.New{Kind: JobReview, At: now.Add(reviewEvery)})
	return err
}

func (c *Catalog) runReview(ctx context.Context, t store.Tenant, j *job.Progress) error {
	var args Reviewing
	if len(j.Args) > 0 {
		if err := j.Decode(&args); err != nil {
			return err
		}
	}
	s, err := c.newest(ctx, t)
	if err != nil {
		return err
	}
	have := map[string][]store.Index{}
	if args.Adopt {
		for _, name := range byName(s.snapshot.Objects) {
			if have[name], err = t.Indexes(ctx, s.snapshot.Objects[name].Table.Name); err != nil {
				return fmt.Errorf("looking at the indexes of %s: %w", name, err)
			}
		}
	}
	return c.changeDemanded(ctx, t, func(_ store.Tx, d *demanded, now time.Time) error {
		for _, name := range byName(have) {
			d.adopt(s.snapshot.Objects[name], have[name], s.snapshot.Indexes[name], c.o.IDs, now)
		}
		d.expire(s.snapshot, now)
		return nil
	})
}
