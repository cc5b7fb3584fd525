package background

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"formwork/engine/catalog"
	"formwork/engine/id"
	"formwork/engine/job"
	"formwork/engine/query"
	"formwork/engine/record/write"
	"formwork/engine/store"
)

// batchChildren is how many children one transaction of the job follow looks at.
const batchChildren = 500

// followed is how far the job follow came.
type followed struct {
	Way  string `json:"way"`  // that is gone along, as follower.name
	Last id.ID  `json:"last"` // child whose parent was brought up to date
}

// follow is the job catalog.JobFollow. It finds the children that lead to the changed
// records by their lookups, a batch at a time, and computes the roll-ups of their parents
// anew.
func (o Options) follow(snapshots Snapshots) job.Handler {
	return func(ctx context.Context, t store.Tenant, j *job.Progress) error {
		var work catalog.Following
		if err := j.Decode(&work); err != nil {
			return err
		}
		var reached followed
		if len(j.Cursor) > 0 {
			if err := json.Unmarshal(j.Cursor, &reached); err != nil {
				return fmt.Errorf("reading the cursor of job %s: %w", j.Kind, err)
			}
		}
		snapshot, err := snapshots.Snapshot(ctx, t)
		if err != nil {
			return fmt.Errorf("reading the configuration: %w", err)
		}
		object, ok := snapshot.Objects[work.Object]
		if !ok {
			return nil // removed meanwhile
		}
		w := o.Platform(t, snapshot)
		for _, f := range followersOf(object, work) {
			if f.name < reached.Way {
				continue
			}
			if f.name > reached.Way {
				reached = followed{Way: f.name}
			}
			if reached, err = f.run(ctx, w, j, reached); err != nil {
				return err
			}
		}
		return nil
	}
}

// follower brings one roll-up up to date along one way from the children to the changed records.
type follower struct {
	name     string // of the roll-up and the lookups
	rollup   *catalog.Rollup
	children query.Filter // those that lead to the changed records
}

// followersOf are those of some work, in the order of their names.
func followersOf(object *catalog.Object, work catalog.Following) []follower {
	records := make([]any, len(work.Records))
	for i, key := range work.Records {
		records[i] = int64(key)
	}
	var all []follower
	for _, f := range object.Followed {
		if !slices.Contains(work.Rollups, f.Rollup.Name()) {
			continue
		}
		way := []string{f.Rollup.Name()}
		for _, hop := range f.Via {
			way = append(way, hop.Lookup.Name)
		}
		last := len(f.Via) - 1
		all = append(all, follower{strings.Join(way, " "), f.Rollup,
			query.In{Ref: query.Ref{Hops: f.Via[:last], Column: f.Via[last].Lookup}, Values: records}})
	}
	slices.SortFunc(all, func(a, b follower) int { return strings.Compare(a.name, b.name) })
	return slices.CompactFunc(all, func(a, b follower) bool { return a.name == b.name })
}

// run goes through the children from where a former run came to.
func (f follower) run(ctx context.Context, w *write.SystemWriter, j *job.Progress, from followed) (followed, error) {
	for {
		n, reached := 0, from
		err := w.InTransaction(ctx, func(u *write.Unit) (err error) {
			n, reached.Last, err = f.batch(ctx, w, u, from.Last)
			if err != nil || n == 0 {
				return err
			}
			return j.SaveIn(ctx, u.Tx, j.Done+int64(n), 0, reached)
		})
		if err != nil || n == 0 {
			return from, err
		}
		from, j.Done = reached, j.Done+int64(n)
		w.Committed()
	}
}

// batch brings the parents of the next children up to date, and says how many children
// these were and which was the last.
func (f follower) batch(ctx context.Context, w *write.SystemWriter, u *write.Unit, after id.ID) (n int, last id.ID, err error) {
	var parents []id.ID
	q := query.Select{Table: f.rollup.Child.Table.Name, Columns: []query.Ref{query.Field(query.ID), query.Field(f.rollup.Lookup.Column)},
		Filter: query.And(f.children, query.Compare{Ref: query.Field(query.ID), Op: query.Gt, Value: int64(after)}),
		Sort:   []query.Order{{Ref: query.Field(query.ID)}}, Limit: batchChildren}
	for r, err := range store.Find(ctx, u.Tx, q, query.ID, f.rollup.Lookup.Column) {
		if err != nil {
			return 0, 0, fmt.Errorf("looking for children of %s: %w", f.rollup.Name(), err)
		}
		n, last = n+1, r.ID(query.ID)
		if parent := r.ID(f.rollup.Lookup.Column); parent != 0 {
			parents = append(parents, parent)
		}
	}
	slices.Sort(parents)
	m := w.Mappings.Of(f.rollup.Parent)
	for _, parent := range slices.Compact(parents) {
		old, err := u.Load(m, parent)
		if err != nil {
			return 0, 0, err
		}
		if old == nil {
			continue
		}
		if _, err := u.RecomputeRollups(m, old, []string{f.rollup.Field.Name}); err != nil {
			return 0, 0, fmt.Errorf("bringing record %s of %s up to date: %w", parent, f.rollup.Parent.Doc.Name, err)
		}
	}
	return n, last, nil
}
