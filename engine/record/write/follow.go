package write

import (
	"fmt"
	"slices"

	"formwork/engine/catalog"
	"formwork/engine/id"
	"formwork/engine/job"
	"formwork/engine/record/stored"
)

// maxFollowed bounds the records of one job that follows them.
const maxFollowed = 500

// followRead notes the roll-ups whose filters read, through lookups, what was changed of a
// record: r is nil for one that is gone, old for one that is back. What referred to a record
// that is gone was changed itself, but where a lookup dangles; nothing refers to a new one.
func (u *Unit) followRead(m *stored.Mapping, old, r stored.Row) {
	for _, f := range m.Object.Followed {
		there := old != nil && r != nil
		if !there && !f.Dangles || there && stored.Same(m.Value(old, f.Column), m.Value(r, f.Column)) {
			continue
		}
		row := r
		if row == nil {
			row = old
		}
		u.following = noted(u.following, m.Object.Doc.Name, row.ID(), f.Rollup.Name())
	}
}

// noted adds a record and a roll-up to the work on an object.
func noted(all []*catalog.Following, object string, key id.ID, rollup string) []*catalog.Following {
	var last *catalog.Following
	for _, w := range all {
		if w.Object == object {
			last = w
		}
	}
	if last == nil || len(last.Records) == maxFollowed && last.Records[maxFollowed-1] != key {
		last = &catalog.Following{Object: object}
		all = append(all, last)
	}
	if n := len(last.Records); n == 0 || last.Records[n-1] != key {
		last.Records = append(last.Records, key)
	}
	if !slices.Contains(last.Rollups, rollup) {
		last.Rollups = append(last.Rollups, rollup)
	}
	return all
}

// enqueueFollowing adds the jobs that recompute what followRead noted. A transaction that runs
// beside this one may count a child by what this one has changed: where there are such, it
// is done once more when they have ended.
func (u *Unit) enqueueFollowing() error {
	for _, w := range u.following {
		once := job.New{Kind: catalog.JobFollow, Args: w, Lane: catalog.LaneFollow, By: u.session.Caller.User}
		all := []job.New{once}
		if u.options.Transactions > 0 {
			again := once
			again.At = u.session.Clock.Add(u.options.Transactions)
			all = append(all, again)
		}
		for _, n := range all {
			if _, err := job.Enqueue(u.ctx, u.Tx, u.options.IDs, u.session.Clock, n); err != nil {
				return fmt.Errorf("following changed records of %s: %w", w.Object, err)
			}
		}
	}
	return nil
}
