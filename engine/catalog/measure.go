package catalog

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"time"

	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/store"
)

// Limits of the counting of one plan: after the time the numbers that are left are
// partial, and so are those of keys that more records have than the set may hold.
const (
	measureTime = 5 * time.Second
	measureKeys = 2_000_000
)

// measure counts what each effect concerns, for a reader of the plan who may read all of it
// themselves: by the numbers of conditions that they write, others would learn what they may
// not read.
func (c *Catalog) measure(ctx context.Context, t store.Tenant, d *draft) error {
	timed, cancel := context.WithTimeout(ctx, measureTime)
	defer cancel()
	d.vacant = nil
	var warnings []*fault.Fault
	for i := range d.effects {
		e := &d.effects[i]
		if e.silent || e.Table == "" {
			continue
		}
		told, err := d.tells(ctx, e)
		if err != nil {
			return err
		}
		if told {
			n, partial, err := e.count(timed, t)
			if err != nil && ctx.Err() == nil && timed.Err() != nil {
				partial, err = true, nil
			}
			if err != nil {
				return fmt.Errorf("counting for %s: %w", e.Path, err)
			}
			e.Records, e.Partial = &n, partial
			if warning := e.warning(); warning != nil {
				warnings = append(warnings, warning)
			}
			e.none = e.counted && n == 0 && !partial
			if e.mild && n == 0 && !partial {
				e.Class, e.Notice = Free, fault.New(fault.Invalid, "catalog.changes_settings", "path", e.Path)
			}
		}
		if !e.removes || told && (*e.Records > 0 || e.Partial) {
			continue
		}
		vacant, err := c.vacant(ctx, t, e.Table)
		if err != nil {
			return err
		}
		if vacant {
			e.Class, e.Notice, e.Allowed = Free, fault.New(fault.Invalid, "catalog.removes_empty", "object", e.Table), false
			d.vacant = append(d.vacant, e.Table)
		}
	}
	d.plan.Impact = impacts(d.effects)
	if len(warnings) > 0 {
		d.plan.Warnings = bounded(append(d.plan.Warnings, warnings...))
	}
	return nil
}

// tells reports whether the reader of a plan may read all records that an effect counts, and
// all fields that it looks at.
func (d *draft) tells(ctx context.Context, e *Effect) (bool, error) {
	if d.reader == nil || d.reader.System {
		return true, nil
	}
	before := d.base.snapshot
	rights, err := before.Policies.Rights(ctx, d.reader)
	if err != nil {
		return false, err
	}
	if rights.System[policy.ManagePermissions] { // may give themselves the right to read it
		return true, nil
	}
	looked := slices.Clone(e.read)
	query.MapRefs(e.Where, func(r query.Ref) query.Ref {
		looked = append(looked, r)
		return r
	})
	whole := map[string]bool{e.Table: true} // tables of which all records must be readable
	for _, ref := range looked {
		table := e.Table
		for _, hop := range ref.Hops {
			if !readable(before.Objects[table], rights, hop.Lookup) {
				return false, nil
			}
			table = hop.Table
			whole[table] = true
		}
		if !readable(before.Objects[table], rights, ref.Column) {
			return false, nil
		}
	}
	for table := range whole {
		if all, err := before.Policies.Opens(ctx, d.reader, table, false); err != nil || !all {
			return false, err
		}
	}
	return true, nil
}

// readable reports whether a column holds the values of a field that may be read. One of a
// field that is new may hold those of one that was removed.
func readable(o *Object, rights *policy.Rights, column query.Column) bool {
	return o != nil && slices.ContainsFunc(o.Fields, func(f *Field) bool {
		return f.Column == column && rights.Objects[o.Doc.Name].Fields[f.Name] != ""
	})
}

// vacant reports whether an object has no records, in the bin neither.
func (c *Catalog) vacant(ctx context.Context, from store.Reader, object string) (bool, error) {
	_, found, err := store.First(ctx, from, query.Select{Table: object}, query.ID)
	if err == nil && !found && c.o.Binned != nil {
		found, err = c.o.Binned(ctx, from, object)
	}
	if err != nil {
		return false, fmt.Errorf("looking for records of %s: %w", object, err)
	}
	return !found, nil
}

// count is how many records an effect concerns; partial if there may be more.
func (e *Effect) count(ctx context.Context, t store.Tenant) (n int64, partial bool, err error) {
	switch {
	case e.unique:
		return e.countShared(ctx, t)
	case e.check == nil:
		n, err = t.Count(ctx, e.Table, e.Where, nil, 0)
		return n, false, err
	}
	for row, err := range t.Select(ctx, e.selection()) {
		if err != nil {
			return n, errors.Is(ctx.Err(), context.DeadlineExceeded), err
		}
		concerned, err := e.check(row)
		if err != nil {
			return n, false, err
		}
		if concerned {
			n++
		}
	}
	return n, false, nil
}

func (e *Effect) selection() query.Select {
	return query.Select{Table: e.Table, Columns: e.read, Filter: e.Where, Sort: []query.Order{{Ref: query.Field(query.ID)}}}
}

// countShared counts the records whose values, all filled, another record has too.
// It keeps a hash of each: two different values may, very rarely, count as one.
func (e *Effect) countShared(ctx context.Context, t store.Tenant) (n int64, partial bool, err error) {
	seed := maphash.MakeSeed()
	seen := map[uint64]bool{} // true once it was counted itself
	for row, err := range t.Select(ctx, e.selection()) {
		if err != nil {
			return n, false, err
		}
		sum, whole := e.hash(seed, row)
		if !whole {
			continue
		}
		counted, shared := seen[sum]
		switch {
		case shared && counted:
			n++
		case shared:
			n += 2
			seen[sum] = true
		case len(seen) == measureKeys:
			return n, true, nil
		default:
			seen[sum] = false
		}
	}
	return n, false, nil
}

// hash is of a key's values as they are compared; whole is false if one is empty.
func (e *Effect) hash(seed maphash.Seed, row store.Row) (sum uint64, whole bool) {
	var h maphash.Hash
	h.SetSeed(seed)
	for i, v := range row {
		if v == nil {
			return 0, false
		}
		if e.fold[i] != nil {
			v = e.fold[i](v)
		}
		// A scalar in stored form: what it is called is not part of another's text.
		fmt.Fprintf(&h, "%T:%v\x00", v, v)
	}
	return h.Sum64(), true
}

// evaluated makes a check of a condition that can't run in the database, and the
// columns it reads; none if it reads what no column holds. Paths that are missing
// are empty.
func evaluated(p *expression.Program, wanted bool, missing map[string]bool, now time.Time) ([]query.Ref, func([]any) (bool, error)) {
	refs := []query.Ref{query.Field(query.ID)}
	place := map[string]int{}
	var read func(p *expression.Program) bool
	read = func(p *expression.Program) bool {
		for _, path := range p.Paths() {
			if path.Leaf.Formula != nil {
				if len(path.Via) > 0 || !read(path.Leaf.Formula) {
					return false
				}
				continue
			}
			if name := pathName(path); place[name] == 0 && !missing[name] {
				place[name] = len(refs)
				refs = append(refs, path.Ref())
			}
		}
		return true
	}
	if !read(p) {
		return nil, nil
	}
	return refs, func(values []any) (bool, error) {
		holds, err := p.Holds(measured{now: now, values: values, place: place})
		return err == nil && holds == wanted, err
	}
}

func pathName(p expression.Path) string {
	name := ""
	for _, s := range p.Via {
		name += s.Name + "."
	}
	return name + p.Leaf.Name
}

// measured answers an expression from the values that were read for it.
type measured struct {
	now    time.Time
	values []any
	place  map[string]int
}

func (m measured) Now() time.Time           { return m.now }
func (m measured) Location() *time.Location { return time.UTC }

func (m measured) Get(p expression.Path) any {
	if p.Leaf.Formula != nil {
		v, err := p.Leaf.Formula.Eval(m)
		if err != nil {
			return nil
		}
		return v
	}
	at, ok := m.place[pathName(p)]
	if !ok {
		return nil
	}
	return m.values[at]
}
