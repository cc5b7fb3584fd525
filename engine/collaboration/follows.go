package collaboration

import (
	"context"
	"fmt"
	"slices"
	"time"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
)

// Bounds of follows.
const (
	maxFollows   = 2000 // of a user
	maxFollowers = 1000 // of a record
)

// Follow is a record that a user follows, as they may see it.
type Follow struct {
	Object string
	Record id.ID
	Name   string // "" where the record has none or the user may not read it
	At     time.Time
}

// Follow has the caller notified of changes of a record that they may read, and of comments on
// it. Faults: "record.not_found", "collaboration.follows", "collaboration.followers" (Conflict).
func (s *Session) Follow(ctx context.Context, object string, key id.ID) error {
	if err := s.records.DemandReadable(ctx, object, key); err != nil {
		return err
	}
	mine := query.Is(colUser, int64(s.caller.User))
	err := s.write(ctx, func(tx store.Tx) error {
		_, follows, err := store.First(ctx, tx, query.Select{Table: followTable, Filter: append(of(object, key), mine)}, query.ID)
		if err != nil || follows {
			return err
		}
		if err := roomIn(ctx, tx, mine, maxFollows, "collaboration.follows"); err != nil {
			return err
		}
		if err := roomIn(ctx, tx, of(object, key), maxFollowers, "collaboration.followers"); err != nil {
			return err
		}
		values := map[string]any{"user": int64(s.caller.User), "object": object, "record": int64(key), "at": s.service.now().UnixMilli()}
		return tx.Insert(ctx, followTable, s.service.ids.Next(), values, nil)
	})
	if fault.Is(err, "store.not_unique") { // another request of the caller's was faster
		return nil
	}
	return err
}

// roomIn refuses a follow where there are as many as may be.
func roomIn(ctx context.Context, tx store.Tx, filter query.Filter, most int64, code string) error {
	has, err := tx.Count(ctx, followTable, filter, nil, most)
	if err != nil {
		return fmt.Errorf("counting follows: %w", err)
	}
	if has >= most {
		return fault.New(fault.Conflict, code, "max", most)
	}
	return nil
}

// Unfollow ends that the caller follows a record, whether they may read it or not. No error if they
// don't follow it.
func (s *Session) Unfollow(ctx context.Context, object string, key id.ID) error {
	return s.write(ctx, func(tx store.Tx) error {
		_, err := tx.DeleteWhere(ctx, followTable, append(of(object, key), query.Is(colUser, int64(s.caller.User))))
		return err
	})
}

// Following reports whether the caller follows a record.
func (s *Session) Following(ctx context.Context, object string, key id.ID) (bool, error) {
	_, follows, err := store.First(ctx, s.tenant, query.Select{Table: followTable, Filter: append(of(object, key), query.Is(colUser, int64(s.caller.User)))}, query.ID)
	return follows, err
}

// Follows lists the records that the caller follows and may read, those followed last first. next is
// the place behind which others are.
func (s *Session) Follows(ctx context.Context, after id.ID, limit int) (follows []Follow, next id.ID, err error) {
	type row struct {
		id id.ID
		Follow
	}
	var all []row
	records := map[string][]id.ID{}
	q := query.Select{Table: followTable, Filter: query.Is(colUser, int64(s.caller.User)), Sort: []query.Order{{Ref: query.Field(query.ID), Descending: true}}, Limit: maxFollows}
	if after != 0 {
		q.Filter = query.And(q.Filter, query.Compare{Ref: query.Field(query.ID), Op: query.Lt, Value: int64(after)})
	}
	for r, err := range store.Find(ctx, s.tenant, q, query.ID, colObject, colRecord, colAt) {
		if err != nil {
			return nil, 0, fmt.Errorf("reading follows: %w", err)
		}
		one := row{r.ID(query.ID), Follow{Object: r.Text(colObject), Record: r.ID(colRecord), At: r.Time(colAt)}}
		all = append(all, one)
		records[one.Object] = append(records[one.Object], one.Record)
	}
	names, err := s.records.NamesOf(ctx, records)
	if err != nil {
		return nil, 0, err
	}
	all = slices.DeleteFunc(all, func(r row) bool { _, ok := names[r.Object][r.Record]; return !ok })
	if len(all) > limit {
		all = all[:limit]
		next = all[limit-1].id
	}
	for _, r := range all {
		r.Name = names[r.Object][r.Record]
		follows = append(follows, r.Follow)
	}
	return follows, next, nil
}
